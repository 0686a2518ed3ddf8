"""The steps of the contract as the opportunity worker runs them.

Those of the approval workflow are one short transaction each, under the key of their command: a repeat is answered
with what the first one committed.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from uuid import UUID

from temporalio import activity
from temporalio.client import Client

from activities.steps import Activities, step
from services.contracts.processes import (
    UPDATE_ADD_APPROVER,
    UPDATE_ASK_OPINION,
    UPDATE_CANCEL,
    UPDATE_DECIDE,
    UPDATE_DECLINE_OPINION,
    UPDATE_GIVE_OPINION,
    UPDATE_HOLD,
    UPDATE_REASSIGN,
    UPDATE_RECALL,
    UPDATE_RELEASE,
    UPDATE_RESUBMIT,
    UPDATE_TAKE_BACK,
    UPDATE_WITHDRAW_OPINION,
    AddApproverCommand,
    ApprovalCommand,
    ApprovalInput,
    ApprovalOutcome,
    AskOpinionCommand,
    DecideCommand,
    DeclineOpinionCommand,
    GiveOpinionCommand,
    ProcessCommand,
    ReassignCommand,
    RecallCommand,
    ResubmitCommand,
    TakeBackCommand,
    WithdrawOpinionCommand,
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
from services.kit.running import crashpoints
from services.kit.running.context import ActorContext
from services.opportunity import actions
from services.opportunity.references import References
from services.opportunity.service import bulk_items, cascade, commands, handover, handover_shown
from services.opportunity.service.fan_out import FanOut

DECIDED: Final = "approval.decided"
"""Crash point: the decision has committed, Temporal does not know it yet."""

RowWork = Callable[..., Awaitable[None]]


class OpportunityActivities(Activities):
    def __init__(self, db: Database, references: References, temporal: Client) -> None:
        super().__init__(db)
        self._references = references
        self._fan = FanOut(db, temporal, activity.heartbeat)
        self._bulk = bulk_items.BulkItems(db, temporal)

    # Approval ---------------------------------------------------------------------------------------

    @step("opportunity.load_approval")
    async def load_approval(self, request: ApprovalInput) -> ApprovalOutcome:
        async with self._db.reader() as reader:
            return await commands.load(reader, request)

    @step("opportunity.decide")
    async def decide(self, command: DecideCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_DECIDE, command)

    @step("opportunity.recall")
    async def recall(self, command: RecallCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_RECALL, command)

    @step("opportunity.take_back")
    async def take_back(self, command: TakeBackCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_TAKE_BACK, command)

    @step("opportunity.add_approver")
    async def add_approver(self, command: AddApproverCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_ADD_APPROVER, command)

    @step("opportunity.ask_opinion")
    async def ask_opinion(self, command: AskOpinionCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_ASK_OPINION, command)

    @step("opportunity.give_opinion")
    async def give_opinion(self, command: GiveOpinionCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_GIVE_OPINION, command)

    @step("opportunity.decline_opinion")
    async def decline_opinion(self, command: DeclineOpinionCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_DECLINE_OPINION, command)

    @step("opportunity.withdraw_opinion")
    async def withdraw_opinion(self, command: WithdrawOpinionCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_WITHDRAW_OPINION, command)

    @step("opportunity.resubmit")
    async def resubmit(self, command: ResubmitCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_RESUBMIT, command)

    @step("opportunity.reassign")
    async def reassign(self, command: ReassignCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_REASSIGN, command)

    @step("opportunity.hold")
    async def hold(self, command: ProcessCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_HOLD, command)

    @step("opportunity.release")
    async def release(self, command: ProcessCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_RELEASE, command)

    @step("opportunity.cancel")
    async def cancel(self, command: ProcessCommand) -> ApprovalOutcome:
        return await self._carry_out(UPDATE_CANCEL, command)

    @step("opportunity.remind")
    async def remind(self, request: ApprovalInput) -> ApprovalOutcome:
        async with self._db.transaction(ActorContext.system()) as uow:
            return await commands.remind(uow, request)

    @step("opportunity.escalate")
    async def escalate(self, request: ApprovalInput) -> ApprovalOutcome:
        async with self._db.transaction(ActorContext.system()) as uow:
            return await commands.escalate(uow, request)

    # Bulk decision ----------------------------------------------------------------------------------

    @step("opportunity.decide_items")
    async def decide_items(self, call: ProcessStep) -> SliceResult:
        batch_id = call.resource_id
        ids = await self._fan.planned(
            call, "decide_items", lambda reader, _limit: bulk_items.waiting(reader, batch_id, bulk_items.SLICE)
        )
        done = await self._fan.each(ids, lambda item: self._bulk.decide(batch_id, item))
        return await self._answer(done, lambda reader: bulk_items.count_waiting(reader, batch_id))

    # Customer deletion and restoration --------------------------------------------------------------

    @step("opportunity.fence_customer")
    async def fence_customer(self, call: ProcessStep) -> SliceResult:
        async with self._transaction(call) as uow:
            await self._references.customer(uow, call.resource_id)
            await fences.block(uow, "customer_copies", call.resource_id, call.process_id)
            return SliceResult(done=0, remaining=await cascade.count_to_hold(uow, call.resource_id))

    @step("opportunity.hold_approvals")
    async def hold_approvals(self, call: ProcessStep) -> SliceResult:
        ids = await self._fan.planned(
            call, "hold_approvals", lambda reader, limit: cascade.to_hold(reader, call.resource_id, limit)
        )
        done = await self._fan.commanded(call, ids, actions.HOLD, effective=_is(ApprovalState.ON_HOLD))
        return await self._answer(done, lambda reader: cascade.count_to_hold(reader, call.resource_id))

    @step("opportunity.release_approvals")
    async def release_approvals(self, call: ProcessStep) -> SliceResult:
        ids = await self._fan.planned(
            call, "release_approvals", lambda reader, limit: cascade.held(reader, call.process_id, limit)
        )
        done = await self._fan.commanded(call, ids, actions.RELEASE, effective=lambda _outcome: True)
        return await self._answer(done, lambda reader: cascade.count_held(reader, call.process_id))

    @step("opportunity.unfence_customer")
    async def unfence_customer(self, call: ProcessStep) -> Acknowledged:
        async with self._transaction(call) as uow:
            await fences.unblock(uow, "customer_copies", call.resource_id, call.process_id)
        return Acknowledged()

    @step("opportunity.sweep_customer")
    async def sweep_customer(self, call: ProcessStep) -> SweepResult:
        async with self._db.reader() as reader:
            return SweepResult(found=await cascade.count_not_held_by(reader, call.resource_id, call.process_id))

    @step("opportunity.cancel_approvals")
    async def cancel_approvals(self, call: ProcessStep) -> SliceResult:
        ids = await self._fan.planned(
            call, "cancel_approvals", lambda reader, limit: cascade.held(reader, call.process_id, limit)
        )
        done = await self._fan.commanded(call, ids, actions.CANCEL, effective=_is(ApprovalState.CANCELLED))
        return await self._answer(done, lambda reader: cascade.count_held(reader, call.process_id))

    @step("opportunity.restore_approvals")
    async def restore_approvals(self, call: RestoreStep) -> SliceResult:
        deletion_id = call.deletion_process_id
        ids = await self._fan.planned(
            call, "restore_approvals", lambda reader, limit: cascade.cancelled(reader, deletion_id, limit)
        )
        done = await self._fan.each(ids, lambda item: self._row(call, item, cascade.restore))
        return await self._answer(done, lambda reader: cascade.count_cancelled(reader, deletion_id))

    @step("opportunity.recancel_approvals")
    async def recancel_approvals(self, call: RestoreStep) -> SliceResult:
        ids = await self._fan.planned(
            call, "recancel_approvals", lambda reader, limit: cascade.restored(reader, call.process_id, limit)
        )
        done = await self._fan.each(ids, lambda item: self._row(call, item, cascade.recancel))
        return await self._answer(done, lambda reader: cascade.count_restored(reader, call.process_id))

    # User deletion and restoration ------------------------------------------------------------------

    @step("opportunity.fence_user")
    async def fence_user(self, call: ProcessStep) -> Acknowledged:
        async with self._transaction(call) as uow:
            await self._references.user(uow, call.resource_id)
            await fences.block(uow, "user_copies", call.resource_id, call.process_id)
        return Acknowledged()

    @step("opportunity.unfence_user")
    async def unfence_user(self, call: ProcessStep) -> Acknowledged:
        async with self._transaction(call) as uow:
            await fences.unblock(uow, "user_copies", call.resource_id, call.process_id)
        return Acknowledged()

    @step("opportunity.reassign_approvals")
    async def reassign_approvals(self, call: ReassignStep) -> SliceResult:
        """Own requests first: whoever owns one can't take a place in it. Nobody answers in the leaver's place."""
        user_id = call.resource_id
        asked = await self._fan.planned(
            call, "withdraw_opinions", lambda reader, limit: handover.asked(reader, user_id, limit)
        )
        withdrawn = await self._fan.commanded(
            call,
            asked,
            actions.WITHDRAW_OPINION,
            terms={item: {"user_id": user_id} for item in asked},
            effective=lambda _outcome: True,
        )
        async with self._transaction(call) as uow:
            successor = await handover.choose_successor(uow, call, self._references)
            if successor is None:
                remaining = await handover.remaining(uow, user_id)
                return SliceResult(done=withdrawn, remaining=remaining)
            done = withdrawn + await handover.move_rules(uow, call, successor)
        owned = await self._fan.planned(
            call, "move_owner", lambda reader, limit: handover.owned(reader, user_id, limit)
        )
        done += await self._fan.each(owned, lambda item: self._move_owner(call, item, successor))
        named = await self._fan.planned(
            call, "reassign_approvals", lambda reader, limit: handover.naming(reader, user_id, limit)
        )
        substitutes = await self._substitutes(named, user_id, successor)
        done += await self._fan.commanded(
            call,
            named,
            actions.REASSIGN,
            terms={item: {"from_id": user_id, "to_id": substitute} for item, substitute in substitutes.items()},
            effective=lambda _outcome: True,
        )
        shown = await self._fan.planned(
            call, "move_shown", lambda reader, limit: handover_shown.left_behind(reader, user_id, limit)
        )
        done += await self._fan.each(shown, lambda item: self._move_shown(call, item, successor))
        return await self._answer(done, lambda reader: handover.remaining(reader, user_id))

    @step("opportunity.return_approvals")
    async def return_approvals(self, call: ReturnStep) -> SliceResult:
        deletion_id = call.deletion_process_id
        async with self._transaction(call) as uow:
            await handover.forget_succession(uow, deletion_id)
        moves = await self._fan.planned(
            call, "return_approvals", lambda reader, limit: handover.moves_to_return(reader, deletion_id, limit)
        )
        done = 0
        for move in moves:
            async with self._transaction(call) as uow:
                done += await handover.give_back(uow, move, call)
            activity.heartbeat(done)
        return await self._answer(done, lambda reader: handover.count_moves_to_return(reader, deletion_id))

    @step("opportunity.sweep_user")
    async def sweep_user(self, call: ProcessStep) -> SweepResult:
        async with self._db.reader() as reader:
            return SweepResult(found=await handover.remaining(reader, call.resource_id))

    # One call ---------------------------------------------------------------------------------------

    async def _carry_out(self, update: str, command: ApprovalCommand) -> ApprovalOutcome:
        outcome = await commands.once(self._db, update, command)
        crashpoints.reach(DECIDED)
        return outcome

    async def _row(self, call: RestoreStep, approval_id: UUID, work: RowWork) -> bool:
        async with self._transaction(call) as uow:
            await work(
                uow,
                approval_id,
                deletion_id=call.deletion_process_id,
                process_id=call.process_id,
                actor_id=call.actor_id,
            )
        return True

    async def _move_owner(self, call: ReassignStep, approval_id: UUID, successor: UUID) -> bool:
        async with self._transaction(call) as uow:
            return await handover.move_owner(uow, approval_id, call, successor)

    async def _move_shown(self, call: ReassignStep, part_id: UUID, successor: UUID) -> bool:
        async with self._transaction(call) as uow:
            return await handover_shown.move(uow, part_id, call, successor)

    async def _substitutes(self, ids: Sequence[UUID], leaver: UUID, successor: UUID) -> dict[UUID, UUID]:
        async with self._db.reader() as reader:
            return {item: await handover.replacement(reader, item, leaver, successor) for item in ids}

    async def _answer(self, done: int, remaining: Callable[[Reader], Awaitable[int]]) -> SliceResult:
        async with self._db.reader() as reader:
            return SliceResult(done=done, remaining=await remaining(reader))


def _is(state: ApprovalState) -> Callable[[ApprovalOutcome], bool]:
    return lambda outcome: outcome.state is state
