"""The steps of the contract as the opportunity worker runs them.

Those of the approval workflow are one short transaction each, under the key of their command: a repeat is answered
with what the first one committed.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

from temporalio import activity
from temporalio.client import Client

from services.contracts.processes import (
    UPDATE_CANCEL,
    UPDATE_DECIDE,
    UPDATE_HOLD,
    UPDATE_REASSIGN,
    UPDATE_RECALL,
    UPDATE_RELEASE,
    UPDATE_RESUBMIT,
    ApprovalCommand,
    ApprovalInput,
    ApprovalOutcome,
    DecideCommand,
    ProcessCommand,
    ReassignCommand,
    RecallCommand,
    ResubmitCommand,
)
from services.contracts.states import ApprovalState
from services.contracts.steps import (
    Acknowledged,
    ProcessStep,
    ReassignStep,
    RestoreStep,
    ReturnStep,
    SliceResult,
    SweepResult,
)
from services.kit.db.database import Database, Reader
from services.kit.processes import fences
from services.kit.processes.activity_edge import business_errors
from services.kit.running import crashpoints
from services.kit.running.context import ActorContext
from services.opportunity import actions
from services.opportunity.references import References
from services.opportunity.service import cascade, commands, leavers
from services.opportunity.service.fan_out import FanOut, system_context
from services.opportunity.service.reconcile import reconcile

DECIDED: Final = "approval.decided"
"""Crash point: the decision has committed, Temporal does not know it yet."""

ACTIVITY_DEFINITION: Final = "__temporal_activity_definition"
"""The mark that ``activity.defn`` leaves on a method."""

RowWork = Callable[..., Awaitable[None]]


class OpportunityActivities:
    def __init__(self, db: Database, references: References, temporal: Client) -> None:
        self._db = db
        self._references = references
        self._temporal = temporal
        self._fan = FanOut(db, temporal, activity.heartbeat)

    def all(self) -> list[Callable[..., Any]]:
        """Every step, as a worker takes them."""
        found = (getattr(self, name) for name in dir(self))
        return [method for method in found if hasattr(method, ACTIVITY_DEFINITION)]

    # Approval ---------------------------------------------------------------------------------------

    @activity.defn(name="opportunity.load_approval")
    @business_errors
    async def load_approval(self, request: ApprovalInput) -> ApprovalOutcome:
        async with self._db.reader() as reader:
            return await commands.load(reader, request)

    @activity.defn(name="opportunity.decide")
    @business_errors
    async def decide(self, command: DecideCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_DECIDE, command)

    @activity.defn(name="opportunity.recall")
    @business_errors
    async def recall(self, command: RecallCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_RECALL, command)

    @activity.defn(name="opportunity.resubmit")
    @business_errors
    async def resubmit(self, command: ResubmitCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_RESUBMIT, command)

    @activity.defn(name="opportunity.reassign")
    @business_errors
    async def reassign(self, command: ReassignCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_REASSIGN, command)

    @activity.defn(name="opportunity.hold")
    @business_errors
    async def hold(self, command: ProcessCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_HOLD, command)

    @activity.defn(name="opportunity.release")
    @business_errors
    async def release(self, command: ProcessCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_RELEASE, command)

    @activity.defn(name="opportunity.cancel")
    @business_errors
    async def cancel(self, command: ProcessCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_CANCEL, command)

    @activity.defn(name="opportunity.remind")
    @business_errors
    async def remind(self, request: ApprovalInput) -> ApprovalOutcome:
        async with self._db.transaction(ActorContext.system()) as uow:
            return await commands.remind(uow, request)

    @activity.defn(name="opportunity.escalate")
    @business_errors
    async def escalate(self, request: ApprovalInput) -> ApprovalOutcome:
        async with self._db.transaction(ActorContext.system()) as uow:
            return await commands.escalate(uow, request)

    @activity.defn(name="opportunity.reconcile_approvals")
    @business_errors
    async def reconcile_approvals(self) -> SweepResult:
        return SweepResult(found=await reconcile(self._db, self._temporal, activity.heartbeat))

    # Customer deletion and restoration --------------------------------------------------------------

    @activity.defn(name="opportunity.fence_customer")
    @business_errors
    async def fence_customer(self, step: ProcessStep) -> SliceResult:
        async with self._db.transaction(system_context(step)) as uow:
            await self._references.customer(uow, step.resource_id)
            await fences.block(uow, "customer_copies", step.resource_id, step.process_id)
            return SliceResult(done=0, remaining=await cascade.count_to_hold(uow, step.resource_id))

    @activity.defn(name="opportunity.hold_approvals")
    @business_errors
    async def hold_approvals(self, step: ProcessStep) -> SliceResult:
        ids = await self._fan.planned(
            step, "hold_approvals", lambda reader, limit: cascade.to_hold(reader, step.resource_id, limit)
        )
        done = await self._fan.commanded(step, ids, actions.HOLD, effective=_is(ApprovalState.ON_HOLD))
        return await self._slice(done, lambda reader: cascade.count_to_hold(reader, step.resource_id))

    @activity.defn(name="opportunity.release_approvals")
    @business_errors
    async def release_approvals(self, step: ProcessStep) -> SliceResult:
        ids = await self._fan.planned(
            step, "release_approvals", lambda reader, limit: cascade.held(reader, step.process_id, limit)
        )
        done = await self._fan.commanded(step, ids, actions.RELEASE, effective=lambda _outcome: True)
        return await self._slice(done, lambda reader: cascade.count_held(reader, step.process_id))

    @activity.defn(name="opportunity.unfence_customer")
    @business_errors
    async def unfence_customer(self, step: ProcessStep) -> Acknowledged:
        async with self._db.transaction(system_context(step)) as uow:
            await fences.unblock(uow, "customer_copies", step.resource_id, step.process_id)
        return Acknowledged()

    @activity.defn(name="opportunity.sweep_customer")
    @business_errors
    async def sweep_customer(self, step: ProcessStep) -> SweepResult:
        async with self._db.reader() as reader:
            return SweepResult(found=await cascade.count_not_held_by(reader, step.resource_id, step.process_id))

    @activity.defn(name="opportunity.cancel_approvals")
    @business_errors
    async def cancel_approvals(self, step: ProcessStep) -> SliceResult:
        ids = await self._fan.planned(
            step, "cancel_approvals", lambda reader, limit: cascade.held(reader, step.process_id, limit)
        )
        done = await self._fan.commanded(step, ids, actions.CANCEL, effective=_is(ApprovalState.CANCELLED))
        return await self._slice(done, lambda reader: cascade.count_held(reader, step.process_id))

    @activity.defn(name="opportunity.restore_approvals")
    @business_errors
    async def restore_approvals(self, step: RestoreStep) -> SliceResult:
        deletion_id = step.deletion_process_id
        ids = await self._fan.planned(
            step, "restore_approvals", lambda reader, limit: cascade.cancelled(reader, deletion_id, limit)
        )
        done = await self._fan.each(ids, lambda item: self._row(step, item, cascade.restore))
        return await self._slice(done, lambda reader: cascade.count_cancelled(reader, deletion_id))

    @activity.defn(name="opportunity.recancel_approvals")
    @business_errors
    async def recancel_approvals(self, step: RestoreStep) -> SliceResult:
        ids = await self._fan.planned(
            step, "recancel_approvals", lambda reader, limit: cascade.restored(reader, step.process_id, limit)
        )
        done = await self._fan.each(ids, lambda item: self._row(step, item, cascade.recancel))
        return await self._slice(done, lambda reader: cascade.count_restored(reader, step.process_id))

    # User deletion and restoration ------------------------------------------------------------------

    @activity.defn(name="opportunity.fence_user")
    @business_errors
    async def fence_user(self, step: ProcessStep) -> Acknowledged:
        async with self._db.transaction(system_context(step)) as uow:
            await self._references.user(uow, step.resource_id)
            await fences.block(uow, "user_copies", step.resource_id, step.process_id)
        return Acknowledged()

    @activity.defn(name="opportunity.unfence_user")
    @business_errors
    async def unfence_user(self, step: ProcessStep) -> Acknowledged:
        async with self._db.transaction(system_context(step)) as uow:
            await fences.unblock(uow, "user_copies", step.resource_id, step.process_id)
        return Acknowledged()

    @activity.defn(name="opportunity.reassign_approvals")
    @business_errors
    async def reassign_approvals(self, step: ReassignStep) -> SliceResult:
        """Own requests first: whoever owns one can't take a place in it."""
        user_id = step.resource_id
        async with self._db.transaction(system_context(step)) as uow:
            successor = await leavers.choose_successor(uow, step, self._references)
            if successor is None:
                return SliceResult(done=0, remaining=0)
            done = await leavers.move_rules(uow, step, successor)
        owned = await self._fan.planned(step, "move_owner", lambda reader, limit: leavers.owned(reader, user_id, limit))
        done += await self._fan.each(owned, lambda item: self._move_owner(step, item, successor))
        named = await self._fan.planned(
            step, "reassign_approvals", lambda reader, limit: leavers.naming(reader, user_id, limit)
        )
        substitutes = await self._substitutes(named, user_id, successor)
        done += await self._fan.commanded(
            step,
            named,
            actions.REASSIGN,
            terms={item: {"from_id": user_id, "to_id": substitute} for item, substitute in substitutes.items()},
            effective=lambda _outcome: True,
        )
        return await self._slice(done, lambda reader: leavers.remaining(reader, user_id))

    @activity.defn(name="opportunity.return_approvals")
    @business_errors
    async def return_approvals(self, step: ReturnStep) -> SliceResult:
        deletion_id = step.deletion_process_id
        async with self._db.transaction(system_context(step)) as uow:
            await leavers.forget_succession(uow, deletion_id)
        moves = await self._fan.planned(
            step, "return_approvals", lambda reader, limit: leavers.moves_to_return(reader, deletion_id, limit)
        )
        done = 0
        for move in moves:
            async with self._db.transaction(system_context(step)) as uow:
                done += await leavers.give_back(uow, move, step)
            activity.heartbeat(done)
        return await self._slice(done, lambda reader: leavers.count_moves_to_return(reader, deletion_id))

    @activity.defn(name="opportunity.sweep_user")
    @business_errors
    async def sweep_user(self, step: ProcessStep) -> SweepResult:
        async with self._db.reader() as reader:
            return SweepResult(found=await leavers.remaining(reader, step.resource_id))

    # One call ---------------------------------------------------------------------------------------

    async def _carry_out(self, update: str, command: ApprovalCommand) -> ApprovalOutcome:
        outcome = await commands.once(self._db, update, command)
        crashpoints.reach(DECIDED)
        return outcome

    async def _row(self, step: RestoreStep, approval_id: UUID, work: RowWork) -> bool:
        async with self._db.transaction(system_context(step)) as uow:
            await work(
                uow,
                approval_id,
                deletion_id=step.deletion_process_id,
                process_id=step.process_id,
                actor_id=step.actor_id,
            )
        return True

    async def _move_owner(self, step: ReassignStep, approval_id: UUID, successor: UUID) -> bool:
        async with self._db.transaction(system_context(step)) as uow:
            return await leavers.move_owner(uow, approval_id, step, successor)

    async def _substitutes(self, ids: Sequence[UUID], leaver: UUID, successor: UUID) -> dict[UUID, UUID]:
        async with self._db.reader() as reader:
            return {item: await leavers.replacement(reader, item, leaver, successor) for item in ids}

    async def _slice(self, done: int, remaining: Callable[[Reader], Awaitable[int]]) -> SliceResult:
        async with self._db.reader() as reader:
            return SliceResult(done=done, remaining=await remaining(reader))


def _is(state: ApprovalState) -> Callable[[ApprovalOutcome], bool]:
    return lambda outcome: outcome.state is state
