"""Refusals of this service, besides the kit's."""

from services.kit.errors import Conflict, Text, Unprocessable


class Deleted(Conflict):
    code = "customer_deleted"
    title = Text("削除済みの顧客は変更できません", "A deleted customer can't be changed")


class NotDeleted(Conflict):
    code = "customer_not_deleted"
    title = Text("削除されていない顧客です", "The customer is not deleted")


class RecycleBinExpired(Conflict):
    code = "recycle_bin_expired"
    title = Text("復元できる期間を過ぎています", "The period for a restore has passed")


class NotInState(Conflict):
    """A step of a process met a customer that the process does not hold."""

    code = "not_held_by_process"
    title = Text("この処理の対象ではありません", "The process does not hold this record")


class SuccessorRequired(Unprocessable):
    code = "successor_required"
    title = Text("引き継ぐ担当者を指定してください", "Name a successor for the customers")


def not_assignable(pointer: str) -> Unprocessable:
    message = Text("有効な営業担当または管理職を指定してください", "Name an active rep or manager")
    return Unprocessable.field(pointer, "not_assignable", message)
