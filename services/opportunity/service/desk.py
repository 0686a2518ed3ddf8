"""Takes a user's command, checks it on the row, hands it to the workflow and answers from the row.

The checks here spare Temporal what can't succeed; those that count are made again by the transaction that decides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from services.contracts.permissions import Permission
from services.contracts.processes import (
    UPDATE_CANCEL,
    UPDATE_DECIDE,
    UPDATE_REASSIGN,
    UPDATE_RECALL,
    UPDATE_RESUBMIT,
    ApprovalCommand,
    DecideCommand,
    Decision,
    ProcessCommand,
    ReassignCommand,
    RecallCommand,
    ResubmitCommand,
)
from services.contracts.states import TERMINAL_APPROVAL_STATES, ApprovalState
from services.kit.db.database import Database, Reader, UnitOfWork
from services.kit.errors import Forbidden, IdempotencyMismatch, NotFound, ProblemError, Unavailable
from services.kit.running import clock, crashpoints
from services.kit.running.context import ActorContext
from services.kit.running.fair_queue import FairQueue
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal
from services.opportunity import dispatch, machine
from services.opportunity.access import VISIBLE, View, view_of
from services.opportunity.dispatch import TemporalSource, WorkflowGone, command_key
from services.opportunity.errors import WrongState, comment_required
from services.opportunity.machine import Actor
from services.opportunity.record import Approval
from services.opportunity.repository import approvals, history, lists
from services.opportunity.schemas.decisions import BulkDecision, DecisionInput, ReassignInput
from services.opportunity.service import comments, views
from services.opportunity.service.actors import lost_race
from services.opportunity.service.commands import recorded, refuse_lost_race

CRASH_AFTER_DECISION: Final = "approval.before_answer"
"""Crash point of the service that sent the command: the worker has committed it, the caller has no answer yet."""


@dataclass(frozen=True, slots=True)
class Order:
    """One command of one user: what it asks of the rules, and how it is sent."""

    approval_id: UUID
    update: str
    route: str
    check: Callable[[Approval, Actor], object]
    build: Callable[[Approval, dict[str, Any]], ApprovalCommand]
    comment: str | None = None
    seen_stage: int | None = None
    seen_revision: int | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends an order, and under which key."""

    principal: Principal
    context: ActorContext
    key: str | None = None
    """Idempotency-Key of the request; None: every sending is a new one."""
    fingerprint: bytes | None = None


def decision(approval_id: UUID, chosen: Decision, body: DecisionInput) -> Order:
    """Rejecting and returning need a comment. Without stage and revision the ones on the row now are meant."""
    if chosen is not Decision.APPROVE and body.comment is None:
        raise comment_required()

    def build(row: Approval, common: dict[str, Any]) -> DecideCommand:
        stage = row.progress.stage if body.stage is None else body.stage
        revision = row.progress.revision if body.revision is None else body.revision
        return DecideCommand(**common, decision=chosen, stage=stage, revision=revision)

    return Order(
        approval_id,
        UPDATE_DECIDE,
        f"decide/{chosen.value}",
        lambda row, actor: machine.votes_as(row.progress, actor),
        build,
        body.comment,
        body.stage,
        body.revision,
    )


def recall(approval_id: UUID, comment: str | None) -> Order:
    return Order(
        approval_id,
        UPDATE_RECALL,
        "recall",
        lambda row, actor: machine.recall(row.progress, actor),
        lambda _row, common: RecallCommand(**common),
        comment,
    )


def resubmit(approval_id: UUID, comment: str | None) -> Order:
    return Order(
        approval_id,
        UPDATE_RESUBMIT,
        "resubmit",
        lambda row, actor: machine.resubmit(row.progress, actor),
        lambda _row, common: ResubmitCommand(**common),
        comment,
    )


def reassign(approval_id: UUID, body: ReassignInput) -> Order:
    return Order(
        approval_id,
        UPDATE_REASSIGN,
        "reassign",
        lambda row, actor: machine.reassign(row.progress, actor, from_id=body.from_id, to_id=body.to_id),
        lambda _row, common: ReassignCommand(**common, from_id=body.from_id, to_id=body.to_id),
        body.reason,
    )


def cancel(approval_id: UUID, reason: str | None) -> Order:
    if reason is None:
        raise comment_required()
    return Order(
        approval_id,
        UPDATE_CANCEL,
        "cancel",
        lambda row, actor: machine.cancel(row.progress, actor),
        lambda _row, common: ProcessCommand(**common),
        reason,
    )


class Desk:
    def __init__(self, db: Database, temporal: TemporalSource, queue: FairQueue) -> None:
        self._db = db
        self._temporal = temporal
        self._queue = queue

    async def carry_out(self, order: Order, sender: Sender) -> dict[str, Any]:
        """The request as it stands afterwards. Raises what the caller is to be told.

        Overload means waiting here, in turns by caller, and 429 beyond the queue's bound; never a connection of the
        database or a deadline at Temporal used up by waiting.
        """
        async with self._queue.place(sender.principal.user_id):
            return await self._carry_out(order, sender)

    async def _carry_out(self, order: Order, sender: Sender) -> dict[str, Any]:
        key = command_key(sender.principal.user_id, order.route, sender.key or str(new_id()))
        prepared = await self._prepare(order, sender, key)
        if prepared is not None:
            row, command = prepared
            try:
                await dispatch.send(
                    await self._temporal(),
                    order.update,
                    command,
                    generation=row.progress.generation,
                    number=row.number,
                )
            except WorkflowGone:
                await self._answer_from_row(order, key)
            crashpoints.reach(CRASH_AFTER_DECISION)
        async with self._db.reader() as reader:
            return await views.detail(reader, sender.principal, order.approval_id, anyway=True)

    async def _prepare(self, order: Order, sender: Sender, key: str) -> tuple[Approval, ApprovalCommand] | None:
        """The row and the command for it; None when this very command has committed before."""
        if sender.key is None and order.comment is None:
            async with self._db.reader() as reader:
                return await self._checked(reader, order, sender, key, None)
        async with self._db.transaction(sender.context) as uow:
            claim = await history.claim_command(
                uow,
                key=key,
                fingerprint=sender.fingerprint,
                comment_id=None if order.comment is None else new_id(),
                at=clock.now(),
            )
            if sender.key is not None and claim["fingerprint"] != sender.fingerprint:
                raise IdempotencyMismatch()
            if await recorded(uow, key):
                return None
            prepared = await self._checked(uow, order, sender, key, claim["comment_id"])
            if order.comment is not None:
                await self._keep_comment(uow, order, sender, claim["comment_id"])
            return prepared

    async def _checked(
        self, reader: Reader, order: Order, sender: Sender, key: str, comment_id: UUID | None
    ) -> tuple[Approval, ApprovalCommand]:
        principal = sender.principal
        view = await view_of(reader, principal)
        row = await self._visible(reader, order.approval_id, view)
        actor = views.actor_in(view, principal)
        if order.update == UPDATE_DECIDE:
            if not principal.has(Permission.APPROVAL_DECIDE):
                raise Forbidden()
            await refuse_lost_race(reader, row, order.seen_stage, order.seen_revision)
        try:
            order.check(row, actor)
        except WrongState:
            if row.state in (ApprovalState.APPROVED, ApprovalState.REJECTED):
                raise await lost_race(reader, row.id, row.state) from None
            raise
        common = {
            "approval_id": row.id,
            "actor_id": principal.user_id,
            "actor_roles": sorted(principal.roles),
            "command_key": key,
            "comment_ref": comment_id,
            "request_id": sender.context.request_id,
            "traceparent": sender.context.traceparent,
            "ip": sender.context.ip,
        }
        return row, order.build(row, common)

    async def _visible(self, reader: Reader, approval_id: UUID, view: View) -> Approval:
        row = await approvals.read(reader, approval_id)
        if row is None or not await lists.sees(reader, approval_id, VISIBLE, view.params):
            raise NotFound()
        return row

    async def _keep_comment(self, uow: UnitOfWork, order: Order, sender: Sender, comment_id: UUID) -> None:
        assert order.comment is not None
        await comments.keep_with_command(
            uow,
            comment_id=comment_id,
            approval_id=order.approval_id,
            author_id=sender.principal.user_id,
            body=order.comment,
        )

    async def _answer_from_row(self, order: Order, key: str) -> None:
        """The workflow is gone. Returns when the command committed nevertheless, else raises what the row says."""
        async with self._db.reader() as reader:
            if await recorded(reader, key):
                return
            row = await approvals.read(reader, order.approval_id)
            if row is None:
                raise NotFound()
            if row.state in (ApprovalState.APPROVED, ApprovalState.REJECTED):
                raise await lost_race(reader, row.id, row.state)
            if row.state in TERMINAL_APPROVAL_STATES:
                raise WrongState(row.state)
        # The row is open, so its workflow is about to be started again.
        raise Unavailable(retry_after=dispatch.RETRY_AFTER_SECONDS)

    async def one_of_many(self, body: BulkDecision, position: int, sender: Sender) -> dict[str, Any]:
        """One row of a bulk decision: its status with the request, or the problem that this row met."""
        item = body.items[position]
        own = Sender(sender.principal, sender.context, sender.key, None)
        if sender.key is not None:
            own = Sender(
                sender.principal,
                sender.context,
                f"{sender.key}\0{item.id}",
                sha256(body.model_dump_json(include={"decision", "comment"}).encode()).digest(),
            )
        try:
            single = DecisionInput(comment=body.comment, revision=item.revision, stage=item.stage)
            shown = await self.carry_out(decision(item.id, body.decision, single), own)
        except ProblemError as error:
            problem = error.problem(sender.context.locale, sender.context.request_id or "")
            return {"id": item.id, "status": error.status, "problem": problem}
        return {"id": item.id, "status": 200, "approval": shown}
