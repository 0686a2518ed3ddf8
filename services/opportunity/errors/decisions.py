"""Refusals of what people do with a request, and of who does it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contracts.states import ApprovalState
from services.kit.errors import Conflict, FieldError, Forbidden, Text, Unprocessable

DECIDED_WORDS: dict[ApprovalState, Text] = {
    ApprovalState.APPROVED: Text("承認", "approved"),
    ApprovalState.REJECTED: Text("却下", "rejected"),
    ApprovalState.RETURNED: Text("差し戻し", "returned"),
    ApprovalState.RECALLED: Text("取り下げ", "recalled"),
    ApprovalState.CANCELLED: Text("取り消し", "cancelled"),
    ApprovalState.PENDING: Text("承認", "approved"),
}


class WrongState(Conflict):
    """The request's state does not know this action; ``state`` is the present one."""

    code = "wrong_state"
    title = Text("現在の状態では実行できません", "Not possible in the request's present state")

    def __init__(self, state: ApprovalState, **extra: Any) -> None:
        super().__init__(state=state.value, **extra)


class AlreadyDecided(Conflict):
    """Somebody else was faster: ``decidedBy`` (their name) and ``decidedAt`` tell who and when.

    ``takenBack``: they took an approval back, so the request waits at an earlier stage, or for one vote more.
    """

    code = "already_decided"
    title = Text("すでに決裁されています", "Somebody else decided first")

    def __init__(
        self,
        state: ApprovalState,
        *,
        decided_by: str | None = None,
        decided_by_id: UUID | None = None,
        decided_at: datetime | None = None,
        stage: int | None = None,
        revision: int | None = None,
        taken_back: bool = False,
    ) -> None:
        detail = None
        word = DECIDED_WORDS.get(state)
        at = None if decided_at is None else decided_at.isoformat().replace("+00:00", "Z")
        if word is not None and decided_by is not None and at is not None:
            detail = Text(f"{decided_by}さんが {at} に{word.ja}済みです", f"already {word.en} by {decided_by} at {at}")
            if taken_back:
                detail = Text(
                    f"{decided_by}さんが {at} に承認を取り戻しました", f"{decided_by} took their approval back at {at}"
                )
        super().__init__(
            detail,
            takenBack=taken_back,
            state=state.value,
            decidedBy=decided_by,
            decidedById=None if decided_by_id is None else str(decided_by_id),
            decidedAt=at,
            stage=stage,
            revision=revision,
        )


class AlreadyVoted(Conflict):
    code = "already_voted"
    title = Text("この段階ではすでに承認済みです", "Your approval of this stage already counts")


class NotAnApprover(Forbidden):
    code = "not_an_approver"
    title = Text("この段階の承認者ではありません", "You are not an approver of the current stage")


class CannotStepIn(Conflict):
    """Superiors may not decide in this stage (yet), the place is filled, or the caller is an approver of the stage."""

    code = "cannot_step_in"
    title = Text("引上げ承認はできません", "Nobody can step in here now")


class OwnRequest(Forbidden):
    code = "own_request"
    title = Text("自分の申請は決裁できません", "Nobody decides their own request, by proxy neither")


class NothingToTakeBack(Conflict):
    """Somebody has acted since, or the last approval was not the caller's."""

    code = "nothing_to_take_back"
    title = Text("取り戻せる承認がありません", "There is no approval of yours that can be taken back")


class CannotBeAdded(Conflict):
    """It is their own request, they have a place in the present stage, somebody has voted in it already (for a place
    before it), or the route is as long as it may be."""

    code = "cannot_be_added"
    title = Text("この人は追加できません", "This person can't be added here")


class ReassignmentConflict(Conflict):
    """The successor can't take this place: it is their own request, or they are an approver of the stage already."""

    code = "reassignment_conflict"
    title = Text("この担当者には振り替えられません", "This person can't take over")


class FlagsNotAcknowledged(Conflict):
    """One of many requests has points to note that its approver has not taken note of; ``flags`` names them."""

    code = "flags_not_acknowledged"
    title = Text("注意事項の確認が必要です", "The request has points to note first")

    def __init__(self, flags: Sequence[str]) -> None:
        super().__init__(flags=list(flags))


class NudgedLately(Conflict):
    """Those whom the request waits for have been asked or reminded within a day; ``nudgeableAt`` is when they can be
    asked again (RFC 3339, UTC)."""

    code = "nudged_lately"
    title = Text("催促は1日1回までです", "They have been asked within a day already")

    def __init__(self, again_at: datetime) -> None:
        super().__init__(nudgeableAt=again_at.isoformat().replace("+00:00", "Z"))


class AskedAgainAlready(Conflict):
    """``approvalId`` and ``number`` name the request that asks again."""

    code = "asked_again_already"
    title = Text("この申請はすでに再度申請されています", "This request is being asked again already")


def fields_missing(names: Sequence[str]) -> Unprocessable:
    """What the kind asks for was left open; drafts may, what is submitted may not."""
    message = Text("申請するには入力が必要です", "Needed to submit the request")
    return Unprocessable(errors=[FieldError(f"/fields/{name}", "field_missing", message) for name in names])


def comment_required() -> Unprocessable:
    message = Text("理由を入力してください", "Give a reason")
    return Unprocessable.field("/comment", "comment_required", message)
