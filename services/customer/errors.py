"""Refusals of this service, besides the kit's."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.kit.errors import Conflict, ProblemError, Text, Unprocessable
from services.kit.running import zone


class CustomerGone(ProblemError):
    """To whoever could see the customer: who deleted them and when, and until when they can be asked back."""

    status = 410
    code = "customer_gone"
    title = Text("この顧客は削除されました", "This customer was deleted")

    def __init__(
        self, *, deleted_at: datetime, deleted_by: UUID | None, deleted_by_name: str | None, restorable_until: datetime
    ) -> None:
        on, until = zone.local(deleted_at), zone.local(restorable_until)
        by = Text(f"{deleted_by_name}さんが", f" by {deleted_by_name}") if deleted_by_name else Text("", "")
        extra: dict[str, Any] = {
            "deletedAt": _utc(deleted_at),
            "deletedById": deleted_by,
            "deletedByName": deleted_by_name,
            "restorableUntil": _utc(restorable_until),
        }
        super().__init__(
            Text(
                f"{by.ja}{on:%Y-%m-%d %H:%M} に削除しました。{until:%Y-%m-%d} までは管理者に復元を依頼できます。",
                f"Deleted{by.en} on {on:%Y-%m-%d %H:%M}. An administrator can restore them until {until:%Y-%m-%d}.",
            ),
            **extra,
        )


def _utc(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


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
