"""What the approval workflow commits: each command is one transition on the locked row.

`check` is asked twice with the same command: by whoever takes it from a user, so that Temporal is spared what can't
succeed, and by the transaction that commits it, on the locked row. Only the second answer counts.
"""

from dataclasses import asdict, dataclass, replace
from uuid import UUID

from services.contracts.processes import (
    AddApproverCommand,
    ApprovalCommand,
    ApprovalInput,
    ApprovalOutcome,
    DecideCommand,
    ReassignCommand,
    WithdrawOpinionCommand,
)
from services.contracts.states import ApprovalAction, ApprovalState
from services.kit.db.database import Database, Reader, UnitOfWork
from services.kit.errors import NotFound
from services.kit.events import outbox
from services.kit.processes import fences
from services.kit.processes.steps import run_once
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.ids import new_id
from services.opportunity import actions, events, machine, opinions, places, stage_clock, suitability
from services.opportunity.actions import Action, CommentRule
from services.opportunity.errors import (
    BulkItemCancelled,
    FlagsNotAcknowledged,
    OpinionAwaited,
    WrongState,
    comment_required,
)
from services.opportunity.progress import Actor, Opinion, Progress, places_of
from services.opportunity.record import Approval
from services.opportunity.repository import approvals, bulk_decisions, handover, people
from services.opportunity.schemas.bulk import BulkItemStatus
from services.opportunity.service import routing
from services.opportunity.service.actors import actor_of, capacity, lost_race
from services.opportunity.service.attachments import require_clean
from services.opportunity.service.standing import stand_ins
from services.opportunity.service.succession import with_successors
from services.opportunity.service.transition import (
    Transition,
    commit,
    flagged,
    moved,
    outcome,
    record_audit,
    write_history,
)
from services.opportunity.terms import require_complete

_DECIDED = frozenset({ApprovalState.APPROVED, ApprovalState.REJECTED})


async def once(db: Database, update: str, command: ApprovalCommand) -> ApprovalOutcome:
    """The command in one transaction, under its key: a repeat is answered with what the first one committed."""
    context = ActorContext(
        actor_id=command.actor_id,
        roles=frozenset(command.actor_roles),
        ip=command.ip,
        request_id=command.request_id,
        traceparent=command.traceparent,
        process_id=getattr(command, "process_id", None),
    )
    action = actions.commanded(update, command)
    async with db.transaction(context) as uow:
        return await run_once(
            uow,
            key=f"approval:{command.command_key}",
            result_type=ApprovalOutcome,
            work=lambda: carry_out(uow, action, command),
        )


async def recorded(reader: Reader, command_key: str) -> bool:
    """Whether a command has committed, whatever became of its answer."""
    return await reader.scalar("SELECT 1 FROM step_results WHERE key = %s", [f"approval:{command_key}"]) is not None


async def locked(uow: UnitOfWork, approval_id: UUID) -> Approval:
    approval = await approvals.lock(uow, approval_id)
    if approval is None:
        raise NotFound()
    return approval


async def actor_in(reader: Reader, command: ApprovalCommand) -> Actor:
    """Who acts: the process that the command names, or a user with the rights that they have at this moment."""
    process_id = getattr(command, "process_id", None)
    if process_id is not None or command.actor_id is None:
        return Actor(user_id=command.actor_id, process_id=process_id)
    instead_of = command.instead_of if isinstance(command, DecideCommand) else None
    return await actor_of(reader, command.actor_id, frozenset(command.actor_roles), command.approval_id, instead_of)


async def check(reader: Reader, action: Action, row: Approval, actor: Actor, command: ApprovalCommand) -> Progress:
    """Where the command takes the request. Raises AlreadyDecided with the winner, Blocked, or the rule's refusal."""
    by_person = actor.process_id is None
    reasoned = action.comment is CommentRule.REQUIRED or actor.instead_of is not None
    if by_person and reasoned and command.comment_ref is None:
        raise comment_required()
    if isinstance(command, DecideCommand):
        await _refuse_lost_race(reader, row, command)
    try:
        progress = action.rule(row.progress, actor, **action.terms_of(command))
    except WrongState:
        if by_person and row.state in _DECIDED:
            raise await lost_race(reader, row.id, row.state) from None
        raise
    except OpinionAwaited as awaited:
        names = await people.names(reader, awaited.user_ids)
        raise OpinionAwaited(awaited.user_ids, [names.get(who) or "—" for who in awaited.user_ids]) from None
    if action is actions.APPROVE:
        _require_noted(row, _noted(command))
    if action is actions.RESUBMIT:
        require_complete(row)
        await require_clean(reader, row.id)
    named = _named(action, command)
    if by_person and named is not None:
        await _require_able(reader, named, action)
    enters = progress.stage != row.progress.stage or row.state is ApprovalState.RETURNED
    gives_work = named is not None or (enters and progress.state is ApprovalState.PENDING)
    if by_person and gives_work and row.customer_id is not None:
        # Nobody is given work for a customer whom a process is about to take away.
        await fences.check_unblocked(reader, "customer_copies", row.customer_id)
    return progress


async def _refuse_lost_race(reader: Reader, approval: Approval, command: DecideCommand) -> None:
    """Raises AlreadyDecided where the request moved on since the caller looked at it."""
    progress = approval.progress
    moved_on = (command.stage is not None and command.stage != progress.stage) or (
        command.revision is not None and command.revision != progress.revision
    )
    ended = progress.state in _DECIDED or progress.state is ApprovalState.RETURNED
    if ended or (moved_on and progress.state is ApprovalState.PENDING):
        raise await lost_race(reader, approval.id, progress.state)


def _noted(command: ApprovalCommand) -> list[str] | None:
    """What was noted in a decision on many; None for one that was made for itself."""
    return command.acknowledged_flags if isinstance(command, DecideCommand) else None


def _require_noted(row: Approval, noted: list[str] | None) -> None:
    unnoted = [] if noted is None else [flag for flag in row.flags if flag not in noted]
    if unnoted:
        raise FlagsNotAcknowledged(unnoted)


async def _require_able(reader: Reader, user_id: UUID, action: Action) -> None:
    await fences.check_unblocked(reader, "user_copies", user_id)
    known = await people.user(reader, user_id)
    able = people.can_decide if action.gives_place else people.can_advise
    if known is None or not able(known):
        raise action.unable()


async def carry_out(uow: UnitOfWork, action: Action, command: ApprovalCommand) -> ApprovalOutcome:
    """The command on the locked row; where nothing is left to do, the row as it is."""
    before = await locked(uow, command.approval_id)
    actor = await actor_in(uow, command)
    item = await _item_of_batch(uow, command)
    if action.moot(before.progress, actor) or (item is not None and item.decided):
        return outcome(before)
    progress = await check(uow, action, before, actor, command)
    if progress.stage < before.progress.stage:
        # Its earlier stages begin again: whoever left since then is replaced.
        progress = await with_successors(uow, progress)
    role, on_behalf_of = capacity(action, before.progress, actor, command)
    process_id = actor.process_id if item is None else item.process_id
    uow.context = replace(uow.context, on_behalf_of=on_behalf_of, process_id=process_id)
    transition = Transition(
        action.name,
        role,
        command.actor_id,
        on_behalf_of,
        comment_ref=command.comment_ref,
        process_id=process_id,
        acknowledged_flags=_noted(command),
        from_id=command.from_id if isinstance(command, ReassignCommand) else None,
        to_id=_named(action, command) if action.gives_place else None,
        opinion=_question(action, before.progress, progress, actor, command),
        line=await _line(uow, actor),
    )
    await _change_beside(uow, action, before, actor, command)
    if item is not None:
        await bulk_decisions.end_decided(uow, item.batch_id, before.id, clock.now())
    after = await moved(uow, before, progress, transition)
    if action is actions.RESUBMIT:
        after = await _flagged_anew(uow, after)
    return await commit(uow, before, after, transition)


async def _line(reader: Reader, actor: Actor) -> list[UUID] | None:
    """By which superiors somebody who steps in is above the approver whose place they take."""
    if actor.instead_of is None or actor.user_id is None:
        return None
    return await people.line(reader, actor.instead_of, actor.user_id)


async def _flagged_anew(reader: Reader, resubmitted: Approval) -> Approval:
    """The customer, and what was approved for them, may have changed since the last submission; its route stays."""
    customer = None if resubmitted.customer_id is None else await people.customer(reader, resubmitted.customer_id)
    if customer is None:
        return resubmitted
    now = resubmitted.updated_at
    before = await routing.approved_before(reader, resubmitted, customer, now)
    facts = routing.customer_facts(customer)
    return replace(resubmitted, **flagged(suitability.noted(routing.proposal(resubmitted), facts, before, now)))


@dataclass(frozen=True, slots=True)
class _Item:
    """Of a batch of decisions. ``decided``: by another sending of it, so that there is nothing left to do."""

    batch_id: UUID
    process_id: UUID
    decided: bool


async def _item_of_batch(uow: UnitOfWork, command: ApprovalCommand) -> _Item | None:
    """Locked: it ends with the decision, in one transaction. Raises BulkItemCancelled for one that was called off."""
    if not isinstance(command, DecideCommand) or command.batch_id is None:
        return None
    item = await bulk_decisions.lock_item(uow, command.batch_id, command.approval_id)
    if item is None or item["status"] == BulkItemStatus.CANCELLED:
        raise BulkItemCancelled()
    return _Item(command.batch_id, item["process_id"], item["status"] == BulkItemStatus.DECIDED)


def _named(action: Action, command: ApprovalCommand) -> UUID | None:
    """Whom the command names for a place, or for an opinion."""
    who: UUID | None = None if action.names is None else action.terms_of(command)[action.names]
    return who


def _question(
    action: Action, before: Progress, after: Progress, actor: Actor, command: ApprovalCommand
) -> Opinion | None:
    """The question that the action puts, answers or withdraws."""
    if action is actions.ASK_OPINION:
        return opinions.put_to(after, _named(action, command))
    if action in (actions.GIVE_OPINION, actions.DECLINE_OPINION):
        return opinions.put_to(before, actor.user_id)
    return opinions.put_to(before, command.user_id) if isinstance(command, WithdrawOpinionCommand) else None


async def _change_beside(
    uow: UnitOfWork, action: Action, before: Approval, actor: Actor, command: ApprovalCommand
) -> None:
    """Votes, parts and places that the action gives or takes, in rows of their own."""
    if action.decision is not None:
        await _record_vote(uow, before, actor, action.name)
    if action is actions.TAKE_BACK:
        taken = machine.given_last(before.progress)
        assert taken is not None, "the rule has found it"
        await approvals.delete_vote(uow, before.id, taken)
    if isinstance(command, AddApproverCommand):
        # Places that a leaver may come back to keep their stage.
        await handover.shift_places(uow, before.id, places.added_at(before.progress, before=command.before))
    if action in (actions.GIVE_OPINION, actions.DECLINE_OPINION):
        assert actor.user_id is not None
        await approvals.add_participants(uow, before.id, [actor.user_id], "ADVISED")
    if isinstance(command, ReassignCommand) and command.process_id is not None:
        await _record_places(uow, before, command, command.process_id)
    elif isinstance(command, ReassignCommand) and actor.user_id is not None:
        await approvals.add_participants(uow, before.id, [actor.user_id], "HANDED_ON")


async def _record_vote(uow: UnitOfWork, before: Approval, actor: Actor, decision: ApprovalAction) -> None:
    assert actor.user_id is not None
    approver_id = machine.votes_as(before.progress, actor)
    await approvals.insert_vote(
        uow,
        before,
        approver_id=approver_id,
        voter_id=actor.user_id,
        decision=decision,
        at=clock.now(),
        stepped_in=actor.instead_of is not None,
    )
    await approvals.add_participants(uow, before.id, [actor.user_id], "DECIDED")


async def _record_places(uow: UnitOfWork, before: Approval, command: ReassignCommand, process_id: UUID) -> None:
    left = places_of(before.progress, command.from_id, command.to_id)
    await handover.record_move(
        uow,
        process_id=process_id,
        kind="APPROVER",
        resource_id=before.id,
        from_id=command.from_id,
        to_id=command.to_id,
        detail={"places": [asdict(place) for place in left]},
        at=clock.now(),
    )


async def load(reader: Reader, request: ApprovalInput) -> ApprovalOutcome:
    approval = await approvals.read(reader, request.approval_id)
    if approval is None:
        raise NotFound()
    return _of_generation(approval, request) or outcome(approval)


def _of_generation(approval: Approval, request: ApprovalInput) -> ApprovalOutcome | None:
    """A request that lives on in a later generation has ended for the workflow of the earlier one."""
    if approval.progress.generation == request.generation:
        return None
    ended = outcome(approval)
    return ended.model_copy(update={"state": ApprovalState.CANCELLED, "deadline_at": None, "remind_at": None})


async def remind(uow: UnitOfWork, request: ApprovalInput) -> ApprovalOutcome:
    """A fact, no change of state: `approval.due` and an entry, once per stage, revision and deadline."""
    before = await locked(uow, request.approval_id)
    if (ended := _of_generation(before, request)) is not None:
        return ended
    due = stage_clock.remind_at(before)
    now = clock.now()
    if due is None or due > now:
        return outcome(before)
    transition = Transition(ApprovalAction.REMIND, "SYSTEM", None)
    after = await write_history(uow, before, replace(before, reminded_at=now, updated_at=now), transition, new_id())
    await approvals.update(uow, after)
    due_soon = events.due(after, await stand_ins(uow, after))
    await outbox.record_fact(uow, aggregate_id=after.id, event=due_soon, process_id=after.process_id)
    await record_audit(uow, before, after, transition)
    return outcome(after)


async def escalate(uow: UnitOfWork, request: ApprovalInput) -> ApprovalOutcome:
    """Whom the stage names joins its voters, once per stage; nothing is ever decided by time."""
    before = await locked(uow, request.approval_id)
    if (ended := _of_generation(before, request)) is not None:
        return ended
    due = stage_clock.escalate_at(before)
    now = clock.now()
    if due is None or due > now:
        return outcome(before)
    progress = machine.escalate(before.progress, Actor(None))
    transition = Transition(ApprovalAction.ESCALATE, "SYSTEM", None, to_id=progress.current.escalated_to)
    after = replace(await moved(uow, before, progress, transition), escalated_at=now)
    return await commit(uow, before, after, transition)
