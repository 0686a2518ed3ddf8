"""Refusals of this service, besides the kit's."""

from services.kit.errors import Conflict, Forbidden, Text, Unprocessable


class CustomerDeleted(Conflict):
    code = "customer_deleted"
    title = Text("この顧客は削除されています", "This customer is deleted")


class MeetingTransitionRefused(Conflict):
    """`state` is where the meeting stands."""

    code = "transition_refused"
    title = Text("この状態には変更できません", "The meeting can't go to this state")


class TaskTransitionRefused(Conflict):
    """`state` is where the task stands."""

    code = "transition_refused"
    title = Text("この状態には変更できません", "The task can't go to this state")


class TaskEnded(Conflict):
    code = "task_ended"
    title = Text("完了または取消済みのタスクは変更できません", "The task has ended; reopen it first")


class SuccessorRefused(Unprocessable):
    code = "successor_refused"
    title = Text("後任者を選び直してください", "Choose another successor")


def ends_before_start() -> Unprocessable:
    message = Text("終了は開始より後にしてください", "A meeting ends after it starts")
    return Unprocessable.field("/endsAt", "period_order", message)


def held_before_start() -> Unprocessable:
    message = Text("開始前の商談は実施済みにできません", "A meeting can't be held before it began")
    return Unprocessable.field("/state", "held_before_start", message)


def unknown_user(pointer: str) -> Unprocessable:
    message = Text("このユーザーは選べません", "There is no such user to choose")
    return Unprocessable.field(pointer, "unknown_user", message)


def unknown_customer() -> Unprocessable:
    message = Text("この顧客は選べません", "There is no such customer to choose")
    return Unprocessable.field("/customerId", "unknown_customer", message)


def not_in_your_team() -> Forbidden:
    return Forbidden(Text("担当できるのは自分または部下だけです", "You may assign only to yourself or to your reports"))
