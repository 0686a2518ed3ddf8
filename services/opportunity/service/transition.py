"""One transition of one request: row, votes, inbox, history, event, audit, ledger and signal in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from services.contracts import money
from services.contracts.events.approval import ApprovalActed, ApprovalReassigned, OpinionActed, StandInSnapshot
from services.contracts.processes import SIGNAL_ROW_CHANGED, ApprovalOutcome, RowChanged, approval_id
from services.contracts.states import TERMINAL_APPROVAL_STATES, ApprovalAction, Verdict
from services.kit.db.database import Reader, UnitOfWork
from services.kit.events import audit, outbox
from services.kit.processes import intents
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.opportunity import actions, chain, events, exchange, opinions, stage_clock
from services.opportunity.circulating import Shown
from services.opportunity.progress import SUPERIOR, Opinion, Progress
from services.opportunity.record import Approval, stages_to_json
from services.opportunity.repository import approvals, attachments, history, people
from services.opportunity.service import firm_calendar, ledger, shortage, showing
from services.opportunity.service.standing import stand_ins
from services.opportunity.suitability import Noted

ROW_CHANGED_DELAY: Final = timedelta(seconds=5)
"""Longer than the workflow takes to end after its own decision, shorter than anybody waits after a crash."""

_ASKS: Final = frozenset({ApprovalAction.SUBMIT, ApprovalAction.RESUBMIT})
"""What is kept with them is what its author asks for; with decisions it is what was looked at before."""


@dataclass(frozen=True, slots=True)
class Transition:
    """What was done, by whom, and what they said."""

    action: ApprovalAction
    role: str
    """In which capacity: REQUESTER, APPROVER, PROXY, SUPERIOR, ESCALATION, ADVISER, VIEWER, REVIEWER, CONSULTED, ADMIN,
    AUDITOR, PROCESS or SYSTEM."""
    actor_id: UUID | None
    on_behalf_of: UUID | None = None
    comment: str | None = None
    comment_ref: UUID | None = None
    process_id: UUID | None = None
    from_id: UUID | None = None
    to_id: UUID | None = None
    opinion: Opinion | None = None
    """The question that it is about."""
    verdict: Verdict | None = None
    line: list[UUID] | None = None
    """Of who stepped in: the superiors of the approver whose place they took, from the nearest to themselves."""
    purge: dict[str, Any] | None = None
    """Which files were deleted, and by which rule."""
    acknowledged_flags: list[str] | None = None
    """Of a decision among many: what its approver said to have noted; None for one that was made for itself."""

    @property
    def stepped_in(self) -> bool:
        return self.role == SUPERIOR


def event_for(
    transition: Transition, before: Approval, after: Approval, begun: Shown, standing: Sequence[StandInSnapshot] = ()
) -> ApprovalActed:
    """The event of a transition; one about a place or a question names both people. ``begun``: whom the request is
    shown to from now on. ``standing``: who stands in for those whom it waits for."""
    event = actions.BY_NAME[transition.action].event_for(before.progress, after.progress)
    named: dict[str, Any] = {}
    if issubclass(event, ApprovalReassigned):
        named = {"from_id": transition.from_id, "to_id": transition.to_id}
    elif issubclass(event, OpinionActed):
        assert transition.opinion is not None, "it is about one"
        named = events.of_opinion(transition.opinion)
    return events.acted(
        event,
        after,
        acted_by=transition.actor_id,
        on_behalf_of=transition.on_behalf_of,
        stepped_in=transition.stepped_in,
        comment=transition.comment,
        to_read=sorted(begun.readers),
        to_review=sorted(begun.reviewers),
        stand_ins=list(standing),
        **named,
    )


async def moved(reader: Reader, before: Approval, progress: Progress, transition: Transition) -> Approval:
    """The request after the transition, without its history entry."""
    now = clock.now()
    progress = opinions.settled(before.progress, progress)
    calendar = await firm_calendar.counting(reader, (*before.progress.stages, *progress.stages))
    ticking = stage_clock.after_transition(before, progress, now, calendar)
    after = replace(
        before,
        progress=progress,
        deadline_at=ticking.deadline_at,
        clock_left_seconds=ticking.clock_left_seconds,
        reminded_at=ticking.reminded_at,
        escalated_at=ticking.escalated_at,
        updated_at=now,
    )
    if progress.state in TERMINAL_APPROVAL_STATES:
        return replace(after, decided_at=now, decided_by=transition.actor_id)
    if transition.action is ApprovalAction.SUBMIT:
        return replace(after, submitted_at=now)
    return replace(after, decided_at=None, decided_by=None)


def flagged(noted: Noted) -> dict[str, Any]:
    """The members of a request that say what it is flagged with."""
    return {"flags": [flag.value for flag in noted.flags], "flag_grounds": noted.grounds}


async def commit(
    uow: UnitOfWork, before: Approval, after: Approval, transition: Transition, *, workflow_knows: bool = True
) -> ApprovalOutcome:
    """Writes all that the transition changes; ``before`` was locked by this transaction.

    ``workflow_knows``: the workflow asked for it itself, so the signal is only for the case that it never got
    the answer. Sent at once it would meet the workflow's own end, and make Temporal repeat that.
    """
    entry_id = new_id()
    if transition.comment_ref is not None:
        transition = replace(
            transition, comment=await history.take_comment(uow, transition.comment_ref, before.id, entry_id)
        )
    after = await shortage.noted(uow, await write_history(uow, before, after, transition, entry_id))
    await approvals.update(uow, after)
    await approvals.set_waiting(uow, after, after.updated_at)
    followed = await showing.follow(uow, after)
    if followed.changed or _parts(before.progress) != _parts(after.progress):
        await approvals.set_participants(uow, after)
    version = await outbox.record_change(
        uow,
        table="approvals",
        aggregate_id=after.id,
        event=event_for(transition, before, after, followed.begun, await stand_ins(uow, after)),
        process_id=transition.process_id or after.process_id,
    )
    await record_audit(uow, before, after, transition)
    await ledger.follow(uow, before, after)
    if after.process_id is not None:
        await intents.signal_workflow(
            uow,
            workflow_id=approval_id(after.id, after.progress.generation),
            signal=SIGNAL_ROW_CHANGED,
            argument=RowChanged(version=version),
            not_before=after.updated_at + ROW_CHANGED_DELAY if workflow_knows else None,
        )
    return outcome(replace(after, event_version=version))


def _parts(progress: Progress) -> tuple[object, ...]:
    """What decides who has a part in the request."""
    return progress.stages, progress.owner_id, progress.opinions


async def write_history(
    uow: UnitOfWork, before: Approval, after: Approval, transition: Transition, entry_id: UUID
) -> Approval:
    """Appends the entry to the chain; the row keeps the chain's head and length.

    Stage and revision are those that the actor saw, state is what came of it.
    """
    personal: dict[str, Any] = {"comment": transition.comment}
    if actions.keeps_evidence(transition.action):
        personal["snapshot"] = await seen(uow, after if transition.action in _ASKS else before)
    if transition.verdict is not None:
        personal["verdict"] = transition.verdict.value
    if transition.purge is not None:
        personal["purge"] = transition.purge
    if transition.acknowledged_flags is not None:
        personal["acknowledgedFlags"] = transition.acknowledged_flags
    if transition.line is not None:
        personal["line"] = [str(superior) for superior in transition.line]
    if transition.opinion is not None:
        personal["opinion"] = {
            "askedId": str(transition.opinion.asked_id),
            "askerId": str(transition.opinion.asker_id),
            "blocks": transition.opinion.blocks,
        }
    if transition.from_id is not None or transition.to_id is not None:
        personal |= {"fromId": _text(transition.from_id), "toId": _text(transition.to_id)}
    salt = chain.new_salt()
    facts: dict[str, Any] = {
        "approvalId": str(after.id),
        "sequence": before.history_length + 1,
        "at": after.updated_at,
        "action": transition.action.value,
        "actorId": None if transition.actor_id is None else str(transition.actor_id),
        "onBehalfOfId": None if transition.on_behalf_of is None else str(transition.on_behalf_of),
        "role": transition.role,
        "generation": after.progress.generation,
        "stage": before.progress.stage,
        "revision": after.progress.revision
        if transition.action is ApprovalAction.RESUBMIT
        else before.progress.revision,
        "state": after.state.value,
        "processId": None if transition.process_id is None else str(transition.process_id),
        "commitment": chain.commitment(salt, personal),
    }
    new_head = chain.entry_hash(before.history_head, facts)
    await history.append(
        uow,
        {
            "id": entry_id,
            "approval_id": after.id,
            "sequence": facts["sequence"],
            "at": facts["at"],
            "action": transition.action,
            "actor_id": transition.actor_id,
            "on_behalf_of": transition.on_behalf_of,
            "role": transition.role,
            "generation": facts["generation"],
            "stage": facts["stage"],
            "revision": facts["revision"],
            "state": after.state,
            "process_id": transition.process_id,
            "commitment": facts["commitment"],
            "previous_hash": before.history_head,
            "hash": new_head,
        },
        salt=salt,
        content=personal,
    )
    return replace(after, history_length=before.history_length + 1, history_head=new_head)


def _text(who: UUID | None) -> str | None:
    return None if who is None else str(who)


async def seen(reader: Reader, approval: Approval) -> dict[str, Any]:
    """What somebody who looks at the request now is shown of it: kept with an entry as evidence."""
    customer = None if approval.customer_id is None else await people.customer(reader, approval.customer_id)
    if customer is not None:
        customer = {name: customer[name] for name in customer if name not in ("blocked_by_process", "id")}
        customer["birth_date"] = None if customer["birth_date"] is None else customer["birth_date"].isoformat()
    return {
        "title": approval.title,
        "description": approval.description,
        "kind": approval.kind.value,
        "amount": money.to_json(approval.amount),
        "currency": approval.currency,
        "rates": exchange.to_json(approval.rates),
        "yenAmount": exchange.shown_in_yen(approval.amount, approval.currency, approval.rates),
        "fields": approval.fields,
        "customerId": None if approval.customer_id is None else str(approval.customer_id),
        "flags": approval.flags,
        "flagGrounds": approval.flag_grounds,
        "revision": approval.progress.revision,
        "stages": stages_to_json(approval.progress.stages),
        "customer": customer,
        "attachments": await attachments.evidence(reader, approval.id),
        "opinions": await history.evidence_of_opinions(reader, approval.progress.asked_here),
    }


async def record_audit(uow: UnitOfWork, before: Approval, after: Approval, transition: Transition) -> None:
    await audit.record_audit(
        uow,
        action=f"approval.{transition.action.value.lower()}",
        resource_type="approval",
        resource_id=after.id,
        detail={
            "number": after.number,
            "from": before.state.value,
            "to": after.state.value,
            "stage": before.progress.stage,
            "revision": before.progress.revision,
            "onBehalfOf": None if transition.on_behalf_of is None else str(transition.on_behalf_of),
            "role": transition.role,
        },
    )


def outcome(approval: Approval) -> ApprovalOutcome:
    """What the workflow needs to go on."""
    return ApprovalOutcome(
        approval_id=approval.id,
        state=approval.state,
        stage=approval.progress.stage,
        revision=approval.progress.revision,
        event_version=approval.event_version,
        deadline_at=stage_clock.escalate_at(approval),
        remind_at=stage_clock.remind_at(approval),
        escalated=approval.escalated_at is not None,
    )
