"""One transition of one request: row, votes, inbox, history, event, audit, ledger and signal in one transaction."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from services.contracts.events import approval as event_types
from services.contracts.events.approval import ApprovalActed
from services.contracts.processes import SIGNAL_ROW_CHANGED, ApprovalOutcome, RowChanged, approval_id
from services.contracts.states import TERMINAL_APPROVAL_STATES, ApprovalAction, ApprovalState
from services.kit.db.database import UnitOfWork
from services.kit.events import audit, outbox
from services.kit.processes import intents
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.opportunity import chain, events, stage_clock
from services.opportunity.machine import Standing
from services.opportunity.record import Approval, stages_to_json
from services.opportunity.repository import approvals, history, people
from services.opportunity.service import ledger

EVIDENCE_ACTIONS = frozenset(
    {
        ApprovalAction.SUBMIT,
        ApprovalAction.RESUBMIT,
        ApprovalAction.APPROVE,
        ApprovalAction.REJECT,
        ApprovalAction.RETURN,
    }
)
"""Entries that keep what the actor saw: the request and the customer's profile at that moment."""

ROW_CHANGED_DELAY: Final = timedelta(seconds=5)
"""Longer than the workflow takes to end after its own decision, shorter than anybody waits after a crash."""

_EVENTS: dict[ApprovalAction, type[ApprovalActed]] = {
    ApprovalAction.DRAFT: event_types.ApprovalDrafted,
    ApprovalAction.SUBMIT: event_types.ApprovalRequested,
    ApprovalAction.REJECT: event_types.ApprovalRejected,
    ApprovalAction.RETURN: event_types.ApprovalReturned,
    ApprovalAction.RESUBMIT: event_types.ApprovalResubmitted,
    ApprovalAction.RECALL: event_types.ApprovalRecalled,
    ApprovalAction.REASSIGN: event_types.ApprovalReassigned,
    ApprovalAction.ESCALATE: event_types.ApprovalEscalated,
    ApprovalAction.HOLD: event_types.ApprovalHeld,
    ApprovalAction.RELEASE: event_types.ApprovalReleased,
    ApprovalAction.CANCEL: event_types.ApprovalCancelled,
    ApprovalAction.RESTORE: event_types.ApprovalRestored,
}


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done, by whom, and what they said."""

    action: ApprovalAction
    role: str
    """In which capacity: REQUESTER, APPROVER, PROXY, ESCALATION, ADMIN, PROCESS or SYSTEM."""
    actor_id: UUID | None
    on_behalf_of: UUID | None = None
    comment: str | None = None
    comment_ref: UUID | None = None
    process_id: UUID | None = None
    from_id: UUID | None = None
    to_id: UUID | None = None


def event_for(deed: Deed, before: Approval, after: Approval) -> ApprovalActed:
    """The event of a deed. Reassigning names both people; an approval is told by how far it carried."""
    common: dict[str, Any] = {
        "acted_by": deed.actor_id,
        "on_behalf_of": deed.on_behalf_of,
        "comment": deed.comment,
    }
    if deed.action is ApprovalAction.REASSIGN:
        if before.standing.owner_id != after.standing.owner_id:
            return events.acted(event_types.ApprovalUpdated, after, **common)
        return events.acted(event_types.ApprovalReassigned, after, **common, from_id=deed.from_id, to_id=deed.to_id)
    if deed.action is not ApprovalAction.APPROVE:
        return events.acted(_EVENTS[deed.action], after, **common)
    if after.state is ApprovalState.APPROVED:
        return events.acted(event_types.ApprovalApproved, after, **common)
    if after.standing.stage != before.standing.stage:
        return events.acted(event_types.ApprovalStageCompleted, after, **common)
    return events.acted(event_types.ApprovalUpdated, after, **common)


def moved(before: Approval, standing: Standing, deed: Deed) -> Approval:
    """The request after the deed, without its history entry."""
    now = clock.now()
    ticking = stage_clock.after_transition(before, standing, now)
    after = replace(
        before,
        standing=standing,
        deadline_at=ticking.deadline_at,
        clock_left_seconds=ticking.clock_left_seconds,
        reminded_at=ticking.reminded_at,
        escalated_at=ticking.escalated_at,
        updated_at=now,
    )
    if standing.state in TERMINAL_APPROVAL_STATES:
        return replace(after, decided_at=now, decided_by=deed.actor_id)
    if deed.action is ApprovalAction.SUBMIT:
        return replace(after, submitted_at=now)
    return replace(after, decided_at=None, decided_by=None)


async def commit(
    uow: UnitOfWork, before: Approval, after: Approval, deed: Deed, *, workflow_knows: bool = True
) -> ApprovalOutcome:
    """Writes all that the deed changes; ``before`` was locked by this transaction.

    ``workflow_knows``: the workflow asked for the deed itself, so the signal is only for the case that it never got
    the answer. Sent at once it would meet the workflow's own end, and make Temporal repeat that.
    """
    entry_id = new_id()
    if deed.comment_ref is not None:
        deed = replace(deed, comment=await history.take_comment(uow, deed.comment_ref, before.id, entry_id))
    after = await write_history(uow, before, after, deed, entry_id)
    await approvals.update(uow, after)
    await approvals.set_waiting(uow, after, after.updated_at)
    if before.standing.stages != after.standing.stages or before.standing.owner_id != after.standing.owner_id:
        await approvals.set_participants(uow, after)
    version = await outbox.record_change(
        uow,
        table="approvals",
        aggregate_id=after.id,
        event=event_for(deed, before, after),
        process_id=deed.process_id or after.process_id,
    )
    await record_audit(uow, before, after, deed)
    await ledger.follow(uow, before, after)
    if after.process_id is not None:
        await intents.signal_workflow(
            uow,
            workflow_id=approval_id(after.id, after.standing.generation),
            signal=SIGNAL_ROW_CHANGED,
            argument=RowChanged(version=version),
            not_before=after.updated_at + ROW_CHANGED_DELAY if workflow_knows else None,
        )
    return outcome(replace(after, event_version=version))


async def write_history(uow: UnitOfWork, before: Approval, after: Approval, deed: Deed, entry_id: UUID) -> Approval:
    """Appends the entry to the chain; the row keeps the chain's head and length.

    Stage and revision are those that the actor saw, state is what came of it.
    """
    personal: dict[str, Any] = {"comment": deed.comment}
    if deed.action in EVIDENCE_ACTIONS:
        personal["snapshot"] = await _seen(uow, before if deed.action is not ApprovalAction.SUBMIT else after)
    if deed.from_id is not None:
        personal |= {"fromId": str(deed.from_id), "toId": None if deed.to_id is None else str(deed.to_id)}
    salt = chain.new_salt()
    facts: dict[str, Any] = {
        "approvalId": str(after.id),
        "sequence": before.history_length + 1,
        "at": after.updated_at,
        "action": deed.action.value,
        "actorId": None if deed.actor_id is None else str(deed.actor_id),
        "onBehalfOfId": None if deed.on_behalf_of is None else str(deed.on_behalf_of),
        "role": deed.role,
        "generation": after.standing.generation,
        "stage": before.standing.stage,
        "revision": after.standing.revision if deed.action is ApprovalAction.RESUBMIT else before.standing.revision,
        "state": after.state.value,
        "processId": None if deed.process_id is None else str(deed.process_id),
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
            "action": deed.action,
            "actor_id": deed.actor_id,
            "on_behalf_of": deed.on_behalf_of,
            "role": deed.role,
            "generation": facts["generation"],
            "stage": facts["stage"],
            "revision": facts["revision"],
            "state": after.state,
            "process_id": deed.process_id,
            "commitment": facts["commitment"],
            "previous_hash": before.history_head,
            "hash": new_head,
        },
        salt=salt,
        content=personal,
    )
    return replace(after, history_length=before.history_length + 1, history_head=new_head)


async def _seen(uow: UnitOfWork, approval: Approval) -> dict[str, Any]:
    customer = None if approval.customer_id is None else await people.customer(uow, approval.customer_id)
    if customer is not None:
        customer = {name: customer[name] for name in customer if name not in ("blocked_by_process", "id")}
        customer["birth_date"] = None if customer["birth_date"] is None else customer["birth_date"].isoformat()
    return {
        "title": approval.title,
        "description": approval.description,
        "kind": approval.kind.value,
        "amount": approval.amount,
        "currency": approval.currency,
        "customerId": None if approval.customer_id is None else str(approval.customer_id),
        "flags": approval.flags,
        "revision": approval.standing.revision,
        "stages": stages_to_json(approval.standing.stages),
        "customer": customer,
    }


async def record_audit(uow: UnitOfWork, before: Approval, after: Approval, deed: Deed) -> None:
    await audit.record_audit(
        uow,
        action=f"approval.{deed.action.value.lower()}",
        resource_type="approval",
        resource_id=after.id,
        detail={
            "number": after.number,
            "from": before.state.value,
            "to": after.state.value,
            "stage": before.standing.stage,
            "revision": before.standing.revision,
            "onBehalfOf": None if deed.on_behalf_of is None else str(deed.on_behalf_of),
        },
    )


def outcome(approval: Approval) -> ApprovalOutcome:
    """What the workflow needs to go on."""
    return ApprovalOutcome(
        approval_id=approval.id,
        state=approval.state,
        stage=approval.standing.stage,
        revision=approval.standing.revision,
        event_version=approval.event_version,
        deadline_at=stage_clock.escalate_at(approval),
        remind_at=stage_clock.remind_at(approval),
        escalated=approval.escalated_at is not None,
    )
