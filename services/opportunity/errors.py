"""Refusals that only approval requests know."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contracts.states import ApprovalState
from services.kit.errors import Conflict, FieldError, Forbidden, ProblemError, Text, Unprocessable

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


class ProxyOver(Conflict):
    code = "proxy_over"
    title = Text("この不在はすでに終了しています", "This absence is over already")


class NotAnApprover(Forbidden):
    code = "not_an_approver"
    title = Text("この段階の承認者ではありません", "You are not an approver of the current stage")


class NothingToTakeBack(Conflict):
    """Somebody has acted since, or the last approval was not the caller's."""

    code = "nothing_to_take_back"
    title = Text("取り戻せる承認がありません", "There is no approval of yours that can be taken back")


class CannotBeAdded(Conflict):
    """It is their own request, they have a place in the present stage, somebody has voted in it already (for a place
    before it), or the route is as long as it may be."""

    code = "cannot_be_added"
    title = Text("この人は追加できません", "This person can't be added here")


class CannotBeAsked(Conflict):
    """It is their own request, they decide in the present stage, they have been asked already, they may not comment on
    requests, or as many opinions are awaited as may be."""

    code = "cannot_be_asked"
    title = Text("この人には意見を求められません", "This person can't be asked for an opinion here")


class OpinionNotAsked(Forbidden):
    """Nobody asked, or the question is over: withdrawn, answered, or the stage has been decided."""

    code = "opinion_not_asked"
    title = Text("この申請について意見は求められていません", "Nobody awaits your opinion on this request")


class NothingToWithdraw(Conflict):
    code = "nothing_to_withdraw"
    title = Text("取り下げる意見照会がありません", "This person's opinion is not awaited any more")


class OpinionAwaited(Conflict):
    """The stage is decided once these opinions are there, or the questions are withdrawn. ``awaited`` names people."""

    code = "opinion_awaited"
    title = Text("意見の回答を待っています", "The decision waits for an opinion")

    def __init__(self, user_ids: Sequence[UUID], names: Sequence[str] = ()) -> None:
        self.user_ids = tuple(user_ids)
        detail = None
        if names:
            detail = Text(
                f"{'、'.join(f'{name}さん' for name in names)}の回答を待っています。意見照会を取り下げると決裁できます",
                f"{', '.join(names)} has not answered yet. It can be decided once the question is withdrawn",
            )
        super().__init__(detail, awaited=[str(who) for who in user_ids])


class Advises(Forbidden):
    """Whoever is asked for an opinion in a stage, or gave one, does not decide it in somebody else's place as well."""

    code = "advises"
    title = Text(
        "意見を求められた段階では、代理で決裁できません", "Nobody decides by proxy where they are asked for an opinion"
    )


class NudgedLately(Conflict):
    """Those whom the request waits for have been asked or reminded within a day; ``nudgeableAt`` is when they can be
    asked again (RFC 3339, UTC)."""

    code = "nudged_lately"
    title = Text("催促は1日1回までです", "They have been asked within a day already")

    def __init__(self, again_at: datetime) -> None:
        super().__init__(nudgeableAt=again_at.isoformat().replace("+00:00", "Z"))


class NotShown(Forbidden):
    """The caller sees the request, but nobody asked them to read, review or discuss it."""

    code = "not_shown"
    title = Text(
        "この申請の回覧・後閲・相談の対象者ではありません", "Nobody asked you to read, review or discuss this request"
    )


class NotAskedAnyMore(Conflict):
    """It was called off, submitted or withdrawn meanwhile, or somebody else was named."""

    code = "not_asked_any_more"
    title = Text("この依頼はすでに終了しています", "This is not asked of you any more")


class AnsweredAlready(Conflict):
    code = "answered_already"
    title = Text("すでに後閲済みです", "You have reviewed it already")


class RevisedMeanwhile(Conflict):
    """``revision`` is the one that is asked about."""

    code = "revised_meanwhile"
    title = Text("申請が改訂されています。内容を確認し直してください", "The request was revised. Look at it again")

    def __init__(self, revision: int) -> None:
        super().__init__(revision=revision)


class TooManyAnswers(Conflict):
    code = "too_many_answers"
    title = Text("この申請へのご意見は上限に達しました", "You have said as much about this request as can be kept")

    def __init__(self, most: int) -> None:
        super().__init__(max=most)


class FlagsNotAcknowledged(Conflict):
    """One of many requests has points to note that its approver has not taken note of; ``flags`` names them."""

    code = "flags_not_acknowledged"
    title = Text("注意事項の確認が必要です", "The request has points to note first")

    def __init__(self, flags: Sequence[str]) -> None:
        super().__init__(flags=list(flags))


class BulkItemCancelled(Conflict):
    """The rest of the batch was called off before this item had its turn."""

    code = "bulk_item_cancelled"
    title = Text("一括決裁の残りは中止されました", "The rest of the bulk decision was called off")


class BulkDecisionRuns(Conflict):
    code = "bulk_decision_runs"
    title = Text("一括決裁はまだ実行中です", "The bulk decision is still running")


class NothingToRetry(Conflict):
    code = "nothing_to_retry"
    title = Text("再試行できる申請はありません", "There is no request that could be tried again")


class TooManyBulkDecisions(Conflict):
    """``max`` batches of one person run at once."""

    code = "too_many_bulk_decisions"
    title = Text("実行中の一括決裁が終わるまでお待ちください", "Wait until your bulk decisions have finished")

    def __init__(self, most: int) -> None:
        detail = Text(
            f"同時に実行できる一括決裁は {most} 件までです", f"At most {most} bulk decisions of yours run at once"
        )
        super().__init__(detail, max=most)


class DeadlineNear(Conflict):
    code = "deadline_near"
    title = Text("期限まで24時間を切っているため、後回しにできません", "Its deadline is too near to set it aside")


class TooManyViews(Conflict):
    """``max`` views of one person."""

    code = "too_many_views"
    title = Text("保存できるビューの数が上限です", "No more views can be saved")

    def __init__(self, most: int) -> None:
        super().__init__(Text(f"ビューは {most} 件まで保存できます", f"At most {most} views are kept"), max=most)


class OwnRequest(Forbidden):
    code = "own_request"
    title = Text("自分の申請は決裁できません", "Nobody decides their own request, by proxy neither")


class ReassignmentConflict(Conflict):
    """The successor can't take this place: it is their own request, or they are an approver of the stage already."""

    code = "reassignment_conflict"
    title = Text("この担当者には振り替えられません", "This person can't take over")


class AskedAgainAlready(Conflict):
    """``approvalId`` and ``number`` name the request that asks again."""

    code = "asked_again_already"
    title = Text("この申請はすでに再度申請されています", "This request is being asked again already")


class AttachmentsNotClean(Conflict):
    """``attachments`` names the files that hold the request up."""

    code = "attachments_not_clean"
    title = Text("添付ファイルの確認が済んでいません", "The attachments are not cleared")

    def __init__(self, waiting: list[str], infected: list[str]) -> None:
        if infected:
            detail = Text(
                f"ウイルスが見つかったファイルを削除してください：{'、'.join(infected)}",
                f"Remove what a virus was found in: {', '.join(infected)}",
            )
        else:
            detail = Text(
                f"ウイルス検査が済むまでお待ちください：{'、'.join(waiting)}",
                f"Wait until these have been scanned: {', '.join(waiting)}",
            )
        super().__init__(detail, attachments=[*infected, *waiting])


class AttachmentQuarantined(Conflict):
    code = "attachment_quarantined"
    title = Text("ウイルス検査が済むまでダウンロードできません", "It can't be downloaded before it has been scanned")


class AttachmentInfected(ProblemError):
    """The row stays to say what it was; ``found`` is the scanner's name for it."""

    status, code = 410, "attachment_infected"
    title = Text(
        "ウイルスが見つかったため、ファイルは削除されました", "A virus was found in the file, which was deleted"
    )

    def __init__(self, found: str | None) -> None:
        super().__init__(found=found)


class TooManyAttachments(Conflict):
    code = "too_many_attachments"
    title = Text("添付ファイルの数が上限です", "No more files can be attached")

    def __init__(self, most: int) -> None:
        message = Text(f"添付できるのは {most} 件までです", f"A request takes at most {most} files")
        super().__init__(message, max=most)


class TooManyTemplates(Conflict):
    code = "too_many_templates"
    title = Text("テンプレートの数が上限です", "No more templates can be kept")

    def __init__(self, most: int) -> None:
        message = Text(f"保存できるテンプレートは {most} 件までです", f"At most {most} templates can be kept")
        super().__init__(message, max=most)


class NoRoute(Unprocessable):
    code = "no_route"
    title = Text("承認者が見つかりません", "No approver could be found for this request")


class TooFewApprovers(Unprocessable):
    """Fewer people can decide at a stage of the route than it asks for; an administrator changes the route."""

    code = "too_few_approvers"
    title = Text("承認できる人が足りません", "Too few people can decide")

    def __init__(self, stage: str, *, needed: int, available: int) -> None:
        detail = Text(
            f"「{stage}」には {needed} 人の承認が必要ですが、承認できる人は {available} 人です。"
            "承認ルートの変更を管理者に依頼してください",
            f'"{stage}" asks for {needed} approvals and {available} can give one.'
            " Ask an administrator to change the route",
        )
        super().__init__(detail, stage=stage, needed=needed, available=available)


class SampleTooLarge(Unprocessable):
    """More requests match than one sample holds; ``limit`` says how many it does."""

    code = "sample_too_large"
    title = Text("対象の申請が多すぎます", "Too many requests for one sample")

    def __init__(self, limit: int) -> None:
        detail = Text(
            f"一度に取得できるのは {limit} 件までです。期間や状態で絞り込んでください",
            f"One sample holds at most {limit} requests. Choose a shorter period or a state",
        )
        super().__init__(detail, limit=limit)


class PopulationTooLarge(Unprocessable):
    """``limit`` says how many requests one sample can be drawn from."""

    code = "population_too_large"
    title = Text("母集団が大きすぎます", "The population is too large")

    def __init__(self, limit: int) -> None:
        detail = Text(
            f"母集団は {limit:,} 件までです。期間や条件で絞り込んでください",
            f"A sample is drawn from at most {limit:,} requests. Choose a shorter period or other conditions",
        )
        super().__init__(detail, limit=limit)


class SampleClosed(Conflict):
    """What is closed stays as it is; another sample may follow it up."""

    code = "sample_closed"
    title = Text("この監査サンプルは完了しています", "This audit sample is closed")


class SampleNotWorkedThrough(Conflict):
    """``open`` requests of the sample have no assessment."""

    code = "sample_not_worked_through"
    title = Text("未確認の申請があります", "Some requests have not been assessed")

    def __init__(self, left: int) -> None:
        detail = Text(
            f"{left} 件が未確認です。すべて確認してから完了してください",
            f"{left} of them have not been assessed. Assess all of them before you close the sample",
        )
        super().__init__(detail, open=left)


class VersionPlannedAlready(Conflict):
    """``version`` is the one that takes over at the same instant: it can be changed, or withdrawn."""

    code = "version_planned_already"
    title = Text("この日時に切り替わる版がすでにあります", "Another version takes over at this very time already")

    def __init__(self, version: int) -> None:
        super().__init__(version=version)


class VersionSettled(Conflict):
    """Only what is still to come can be changed; ``state`` is the version's own."""

    code = "version_settled"
    title = Text("この版はもう予定ではありません", "This version is not a plan any more")

    def __init__(self, state: str) -> None:
        super().__init__(
            Text("予定の版だけを変更または取り下げできます", "Only planned versions can be changed or withdrawn"),
            state=state,
        )


class SuccessorRefused(Unprocessable):
    code = "successor_refused"
    title = Text("後任者を選び直してください", "Choose another successor")


def fields_missing(names: Sequence[str]) -> Unprocessable:
    """What the kind asks for was left open; drafts may, what is submitted may not."""
    message = Text("申請するには入力が必要です", "Needed to submit the request")
    return Unprocessable(errors=[FieldError(f"/fields/{name}", "field_missing", message) for name in names])


def comment_required() -> Unprocessable:
    message = Text("理由を入力してください", "Give a reason")
    return Unprocessable.field("/comment", "comment_required", message)
