"""Circulation 回覧, 後閲 and 根回し: who is shown a request, and what they say without deciding it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contracts.events import approval as contract
from services.contracts.states import ApprovalAction, Verdict
from services.kit.db.database import Reader, UnitOfWork
from services.kit.errors import FieldError, Text, Unprocessable
from services.kit.events import outbox
from services.kit.http.paging import Cursors, page
from services.kit.processes import fences
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal
from services.opportunity import events, machine
from services.opportunity.access import view_of
from services.opportunity.circulating import Purpose
from services.opportunity.errors import AnsweredAlready, NotAskedAnyMore, NotShown, RevisedMeanwhile, TooManyAnswers
from services.opportunity.progress import Actor
from services.opportunity.record import Approval
from services.opportunity.references import References
from services.opportunity.repository import approvals, circulation, history, lists, people
from services.opportunity.schemas.circulation import MOST_CONSULTED, Advice, CirculatedQuery, Consultation, Review
from services.opportunity.service.commands import locked
from services.opportunity.service.transition import Transition, record_audit, write_history
from services.opportunity.service.views import present, require_visible

MOST_ANSWERS = 20
"""Opinions that one person gives on one request: its history is shown whole."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """How an answer is told."""

    purpose: Purpose
    action: ApprovalAction
    role: str
    event: type[contract.ApprovalActed]


_READING = _Answer(Purpose.READ, ApprovalAction.READ, "VIEWER", contract.ApprovalRead)
_REVIEW = _Answer(Purpose.REVIEW, ApprovalAction.POST_REVIEW, "REVIEWER", contract.ApprovalReviewed)
_ADVICE = _Answer(Purpose.CONSULT, ApprovalAction.ADVISE, "CONSULTED", contract.ApprovalAdvised)


async def of(reader: Reader, principal: Principal, approval_id: UUID) -> dict[str, Any]:
    """Everybody who is or was asked, with what they answered. Raises NotFound for what the caller may not see."""
    await require_visible(reader, principal, approval_id)
    parts = await circulation.of(reader, approval_id)
    mine = [part["purpose"] for part in parts if part["userId"] == principal.user_id and part["endedAt"] is None]
    return {"items": parts, "asked": list(dict.fromkeys(mine))}


async def listed(reader: Reader, principal: Principal, cursors: Cursors, query: CirculatedQuery) -> dict[str, Any]:
    """What was shown to the caller; the newest first."""
    scope = f"circulated:{query.purpose}:{query.answered}"
    key = cursors.decode(scope, query.cursor, [datetime, UUID])
    rows = await lists.circulated(
        reader,
        user_id=principal.user_id,
        purpose=query.purpose,
        answered=query.answered,
        after=None if key is None else (key[0], key[1]),
        limit=query.limit + 1,
    )
    answer = page(rows, query.limit, lambda row: cursors.encode(scope, [row["shownSince"], row["id"]]))
    answer["items"] = await present(reader, answer["items"], await view_of(reader, principal), principal)
    return answer


async def confirm_reading(uow: UnitOfWork, principal: Principal, approval_id: UUID, revision: int | None) -> None:
    """Once for a revision; again, it changes nothing. Raises NotShown, NotAskedAnyMore, RevisedMeanwhile."""
    await _answered(uow, principal, approval_id, _READING, revision)


async def review(uow: UnitOfWork, principal: Principal, approval_id: UUID, said: Review) -> None:
    """The decision stands. Raises like ``confirm_reading``, and AnsweredAlready."""
    verdict = Verdict.FINDING if said.finding else Verdict.CLEAR
    await _answered(uow, principal, approval_id, _REVIEW, said.revision, verdict=verdict, comment=said.comment)


async def advise(uow: UnitOfWork, principal: Principal, approval_id: UUID, said: Advice) -> None:
    """As often as there is something to say, while the draft is shown to them. Raises TooManyAnswers too."""
    await _answered(uow, principal, approval_id, _ADVICE, said.revision, verdict=said.verdict, comment=said.comment)


async def _answered(
    uow: UnitOfWork,
    principal: Principal,
    approval_id: UUID,
    kind: _Answer,
    revision: int | None,
    *,
    verdict: Verdict | None = None,
    comment: str | None = None,
) -> None:
    before = await locked(uow, approval_id)
    part = await circulation.newest(uow, approval_id, principal.user_id, kind.purpose)
    if part is None:
        raise NotShown()
    if revision is not None and revision != part["revision"]:
        raise RevisedMeanwhile(part["revision"])
    if part["answered_at"] is not None and kind is _READING:
        return
    if part["ended_at"] is not None:
        raise NotAskedAnyMore() if part["answered_at"] is None or kind is _ADVICE else AnsweredAlready()
    if kind is _ADVICE:
        machine.require_state(before.progress, ApprovalAction.CONSULT)
        if await history.count_by(uow, approval_id, principal.user_id, kind.action) >= MOST_ANSWERS:
            raise TooManyAnswers(MOST_ANSWERS)
    transition = Transition(kind.action, kind.role, principal.user_id, comment=comment, verdict=verdict)
    extra: dict[str, Any] = {} if kind is _READING else {"verdict": verdict}
    entry_id = await _record(uow, before, transition, kind.event, **extra)
    await circulation.answer(
        uow, part["id"], at=clock.now(), history_id=entry_id, verdict=verdict, ends=kind is not _ADVICE
    )


async def consult(
    uow: UnitOfWork, principal: Principal, approval_id: UUID, asked: Consultation, references: References
) -> None:
    """Shows an own draft, or one that was returned, to these people too. Whoever sees it so already stays asked."""
    before = await locked(uow, approval_id)
    machine.consult(before.progress, Actor(principal.user_id))
    users = list(dict.fromkeys(asked.user_ids))
    await _require_consultable(uow, before, users, references)
    open_already = {
        part["userId"]
        for part in await circulation.of(uow, approval_id)
        if part["purpose"] == Purpose.CONSULT and part["endedAt"] is None
    }
    for user_id in users:
        if user_id in open_already:
            continue
        await fences.check_unblocked(uow, "user_copies", user_id)
        transition = Transition(
            ApprovalAction.CONSULT, "REQUESTER", principal.user_id, comment=asked.comment, to_id=user_id
        )
        await _record(uow, before, transition, contract.ApprovalConsulted, consulted_id=user_id)
        before = await locked(uow, approval_id)
        if not await circulation.begin(uow, before, Purpose.CONSULT, [user_id], since=before.updated_at):
            await circulation.ask_again(uow, before, user_id, before.updated_at)
        await approvals.add_participants(uow, approval_id, [user_id], "CONSULTED")


async def _require_consultable(
    uow: UnitOfWork, approval: Approval, users: Sequence[UUID], references: References
) -> None:
    known = await references.users(uow, users)
    faults = []
    for position, user_id in enumerate(users):
        if approval.progress.is_own(user_id):
            message = Text(
                "自分の申請について自分に相談することはできません", "Nobody is consulted on their own request"
            )
            faults.append(FieldError(f"/userIds/{position}", "own_request", message))
        elif user_id not in known or not people.is_active_reader(known[user_id]):
            message = Text("このユーザーは選べません", "There is no such user to choose")
            faults.append(FieldError(f"/userIds/{position}", "unknown_user", message))
    if faults:
        raise Unprocessable(errors=faults)
    if await circulation.count_consulted(uow, approval.id, users) + len(users) > MOST_CONSULTED:
        message = Text(
            f"相談できるのは {MOST_CONSULTED} 人までです", f"At most {MOST_CONSULTED} people can be consulted"
        )
        raise Unprocessable.field("/userIds", "too_many_consulted", message)


async def end_consultation(uow: UnitOfWork, principal: Principal, approval_id: UUID, user_id: UUID) -> None:
    """The owner shows it to them no longer; what they said stays. Nothing happens where it is not shown to them."""
    before = await locked(uow, approval_id)
    machine.consult(before.progress, Actor(principal.user_id))
    part = await circulation.newest(uow, approval_id, user_id, Purpose.CONSULT)
    if part is None or part["ended_at"] is not None:
        return
    transition = Transition(ApprovalAction.END_CONSULTATION, "REQUESTER", principal.user_id, to_id=user_id)
    await _record(uow, before, transition, contract.ApprovalConsultationEnded, consulted_id=user_id)
    await circulation.end(uow, part["id"], clock.now())
    await approvals.set_participants(uow, before)


async def _record(
    uow: UnitOfWork, before: Approval, transition: Transition, event: type[contract.ApprovalActed], **extra: Any
) -> UUID:
    """A fact and an entry, no change of state; the id of the entry."""
    entry_id = new_id()
    after = await write_history(uow, before, replace(before, updated_at=clock.now()), transition, entry_id)
    await approvals.update(uow, after)
    fact = events.acted(event, after, acted_by=transition.actor_id, comment=transition.comment, **extra)
    await outbox.record_fact(uow, aggregate_id=after.id, event=fact, process_id=after.process_id)
    await record_audit(uow, before, after, transition)
    return entry_id
