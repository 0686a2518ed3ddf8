"""What the approval workflow commits: each function is one transition on the locked row.

Rights, state, stage and revision are checked here again, whatever the endpoint or the workflow checked before.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import TypeVar
from uuid import UUID

from services.contracts.processes import (
    ApprovalCommand,
    ApprovalInput,
    ApprovalOutcome,
    DecideCommand,
    Decision,
    ProcessCommand,
    ReassignCommand,
    RecallCommand,
    ResubmitCommand,
)
from services.contracts.states import TERMINAL_APPROVAL_STATES, ApprovalAction, ApprovalState
from services.kit.db.database import Database, Reader, UnitOfWork
from services.kit.errors import NotFound
from services.kit.events import outbox
from services.kit.processes import fences
from services.kit.processes.steps import run_once
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.ids import new_id
from services.opportunity import events, machine, stage_clock
from services.opportunity.errors import ReassignmentConflict, WrongState
from services.opportunity.machine import Actor, Progress
from services.opportunity.record import Approval
from services.opportunity.repository import approvals, handover, people
from services.opportunity.service.actors import actor_of, capacity, lost_race
from services.opportunity.service.transition import Transition, commit, moved, outcome, record_audit, write_history

_RULES = {
    Decision.APPROVE: (ApprovalAction.APPROVE, machine.approve),
    Decision.REJECT: (ApprovalAction.REJECT, machine.reject),
    Decision.RETURN: (ApprovalAction.RETURN, machine.return_),
}
_DECIDED = frozenset({ApprovalState.APPROVED, ApprovalState.REJECTED, ApprovalState.RETURNED})


CommandT = TypeVar("CommandT", bound=ApprovalCommand)


async def once(
    db: Database, command: CommandT, work: Callable[[UnitOfWork, CommandT], Awaitable[ApprovalOutcome]]
) -> ApprovalOutcome:
    """The command in one transaction, under its key: a repeat is answered with what the first one committed."""
    context = ActorContext(
        actor_id=command.actor_id,
        roles=frozenset(command.actor_roles),
        ip=command.ip,
        request_id=command.request_id,
        traceparent=command.traceparent,
        process_id=getattr(command, "process_id", None),
    )
    async with db.transaction(context) as uow:
        return await run_once(
            uow,
            key=f"approval:{command.command_key}",
            result_type=ApprovalOutcome,
            work=lambda: work(uow, command),
        )


async def recorded(reader: Reader, command_key: str) -> bool:
    """Whether a command has committed, whatever became of its answer."""
    return await reader.scalar("SELECT 1 FROM step_results WHERE key = %s", [f"approval:{command_key}"]) is not None


async def locked(uow: UnitOfWork, approval_id: UUID) -> Approval:
    approval = await approvals.lock(uow, approval_id)
    if approval is None:
        raise NotFound()
    return approval


async def refuse_lost_race(reader: Reader, approval: Approval, stage: int | None, revision: int | None) -> None:
    """Raises AlreadyDecided where the request moved on since the caller looked at it."""
    progress = approval.progress
    moved_on = (stage is not None and stage != progress.stage) or (
        revision is not None and revision != progress.revision
    )
    if progress.state in _DECIDED or (moved_on and progress.state is ApprovalState.PENDING):
        raise await lost_race(reader, approval.id, progress.state)


async def _actor(uow: UnitOfWork, command: ApprovalCommand, process_id: UUID | None = None) -> Actor:
    if process_id is not None or command.actor_id is None:
        return Actor(user_id=command.actor_id, process_id=process_id)
    return await actor_of(uow, command.actor_id, frozenset(command.actor_roles))


async def decide(uow: UnitOfWork, command: DecideCommand) -> ApprovalOutcome:
    """Approve, reject or return. Raises AlreadyDecided with the winner, Blocked, or the machine's refusals."""
    before = await locked(uow, command.approval_id)
    await refuse_lost_race(uow, before, command.stage, command.revision)
    actor = await _actor(uow, command)
    voter = machine.votes_as(before.progress, actor)
    action, rule = _RULES[command.decision]
    progress = rule(before.progress, actor)
    if progress.state is ApprovalState.PENDING and progress.stage != before.progress.stage:
        await _enter_stage(uow, before)
    role, on_behalf_of = capacity(before.progress, actor, voter)
    uow.context = replace(uow.context, on_behalf_of=on_behalf_of)
    transition = Transition(action, role, actor.user_id, on_behalf_of, comment_ref=command.comment_ref)
    assert actor.user_id is not None
    await approvals.insert_vote(uow, before, approver_id=voter, voter_id=actor.user_id, decision=action, at=clock.now())
    await approvals.add_participants(uow, before.id, [actor.user_id], "DECIDED")
    return await commit(uow, before, moved(before, progress, transition), transition)


async def _enter_stage(uow: UnitOfWork, approval: Approval) -> None:
    """A stage is not entered for a customer whom a process is about to take away."""
    if approval.customer_id is not None:
        await fences.check_unblocked(uow, "customer_copies", approval.customer_id)


async def recall(uow: UnitOfWork, command: RecallCommand) -> ApprovalOutcome:
    before = await locked(uow, command.approval_id)
    actor = await _actor(uow, command)
    if before.state in (ApprovalState.APPROVED, ApprovalState.REJECTED):
        raise await lost_race(uow, before.id, before.state)
    progress = machine.recall(before.progress, actor)
    transition = Transition(ApprovalAction.RECALL, "REQUESTER", actor.user_id, comment_ref=command.comment_ref)
    return await commit(uow, before, moved(before, progress, transition), transition)


async def resubmit(uow: UnitOfWork, command: ResubmitCommand) -> ApprovalOutcome:
    before = await locked(uow, command.approval_id)
    progress = machine.resubmit(before.progress, await _actor(uow, command))
    await _enter_stage(uow, before)
    transition = Transition(ApprovalAction.RESUBMIT, "REQUESTER", command.actor_id, comment_ref=command.comment_ref)
    return await commit(uow, before, moved(before, progress, transition), transition)


async def reassign(uow: UnitOfWork, command: ReassignCommand) -> ApprovalOutcome:
    """By the approver, an administrator or a process, for the current and later stages."""
    before = await locked(uow, command.approval_id)
    by_process = command.process_id is not None
    if by_process and before.state in TERMINAL_APPROVAL_STATES:
        return outcome(before)
    actor = await _actor(uow, command, command.process_id)
    progress = machine.reassign(before.progress, actor, from_id=command.from_id, to_id=command.to_id)
    if not by_process:
        await _may_take_over(uow, command.to_id)
    if before.customer_id is not None and not by_process:
        await fences.check_unblocked(uow, "customer_copies", before.customer_id)
    role = "PROCESS" if by_process else "ADMIN" if actor.is_admin else "APPROVER"
    on_behalf_of = command.from_id if role == "APPROVER" and actor.user_id != command.from_id else None
    transition = Transition(
        ApprovalAction.REASSIGN,
        role,
        command.actor_id,
        on_behalf_of,
        comment_ref=command.comment_ref,
        process_id=command.process_id,
        from_id=command.from_id,
        to_id=command.to_id,
    )
    if command.process_id is not None:
        places = machine.places_of(before.progress, command.from_id, command.to_id)
        await handover.record_move(
            uow,
            process_id=command.process_id,
            kind="APPROVER",
            resource_id=before.id,
            from_id=command.from_id,
            to_id=command.to_id,
            detail={"places": [asdict(place) for place in places]},
            at=clock.now(),
        )
    return await commit(uow, before, moved(before, progress, transition), transition)


async def _may_take_over(uow: UnitOfWork, user_id: UUID) -> None:
    await fences.check_unblocked(uow, "user_copies", user_id)
    known = await people.user(uow, user_id)
    if known is None or not people.can_decide(known):
        raise ReassignmentConflict()


async def hold(uow: UnitOfWork, command: ProcessCommand) -> ApprovalOutcome:
    """What has ended stays as it is: it was decided before the hold."""
    before = await locked(uow, command.approval_id)
    if before.state in TERMINAL_APPROVAL_STATES or before.progress.held_by == command.process_id:
        return outcome(before)
    return await _by_process(uow, before, command, ApprovalAction.HOLD, machine.hold(before.progress, _as(command)))


async def release(uow: UnitOfWork, command: ProcessCommand) -> ApprovalOutcome:
    """Does nothing where this process holds nothing."""
    before = await locked(uow, command.approval_id)
    if before.progress.held_by != command.process_id:
        return outcome(before)
    progress = machine.release(before.progress, _as(command))
    return await _by_process(uow, before, command, ApprovalAction.RELEASE, progress)


async def cancel(uow: UnitOfWork, command: ProcessCommand) -> ApprovalOutcome:
    """By the process that holds the request (a repeat does nothing), or by an administrator with a reason."""
    before = await locked(uow, command.approval_id)
    if command.process_id is None:
        actor = await _actor(uow, command)
        if before.state in (ApprovalState.APPROVED, ApprovalState.REJECTED):
            raise await lost_race(uow, before.id, before.state)
        transition = Transition(ApprovalAction.CANCEL, "ADMIN", actor.user_id, comment_ref=command.comment_ref)
        return await commit(uow, before, moved(before, machine.cancel(before.progress, actor), transition), transition)
    if before.state in TERMINAL_APPROVAL_STATES:
        return outcome(before)
    if before.progress.held_by != command.process_id:
        raise WrongState(before.state)
    progress = machine.cancel(before.progress, _as(command))
    return await _by_process(uow, before, command, ApprovalAction.CANCEL, progress)


def _as(command: ProcessCommand) -> Actor:
    return Actor(user_id=command.actor_id, process_id=command.process_id)


async def _by_process(
    uow: UnitOfWork, before: Approval, command: ProcessCommand, action: ApprovalAction, progress: Progress
) -> ApprovalOutcome:
    transition = Transition(action, "PROCESS", command.actor_id, process_id=command.process_id)
    return await commit(uow, before, moved(before, progress, transition), transition)


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
    await outbox.record_fact(uow, aggregate_id=after.id, event=events.due(after), process_id=after.process_id)
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
    progress = machine.escalate(before.progress)
    transition = Transition(ApprovalAction.ESCALATE, "SYSTEM", None, to_id=progress.current.escalated_to)
    return await commit(uow, before, replace(moved(before, progress, transition), escalated_at=now), transition)
