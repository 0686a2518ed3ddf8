"""Takes a user's command, checks it on the row, hands it to the workflow and answers from the row."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from services.contracts.processes import ApprovalCommand
from services.contracts.states import TERMINAL_APPROVAL_STATES, ApprovalState
from services.kit.db.database import Database, Reader, UnitOfWork
from services.kit.errors import IdempotencyMismatch, NotFound, ProblemError, Unavailable
from services.kit.running import clock, crashpoints
from services.kit.running.context import ActorContext
from services.kit.running.fair_queue import FairQueue
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal
from services.opportunity import actions, dispatch
from services.opportunity.access import VISIBLE, view_of
from services.opportunity.actions import Action
from services.opportunity.dispatch import TemporalSource, WorkflowGone, claim_key, command_key
from services.opportunity.errors import WrongState
from services.opportunity.record import Approval
from services.opportunity.repository import approvals, history, lists
from services.opportunity.schemas.decisions import BulkDecision
from services.opportunity.service import comments, views
from services.opportunity.service.actors import lost_race
from services.opportunity.service.commands import actor_in, check, recorded

CRASH_AFTER_DECISION: Final = "approval.before_answer"
"""Crash point of the service that sent the command: the worker has committed it, the caller has no answer yet."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a user asks for. ``terms``: fields of the action's command beyond those that all commands have."""

    action: Action
    approval_id: UUID
    comment: str | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)

    @property
    def route(self) -> str:
        return f"{self.action.update}/{self.action.name}"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends an order, and under which key."""

    principal: Principal
    context: ActorContext
    key: str | None = None
    """Idempotency-Key of the request; None: every sending is a new one."""
    fingerprint: bytes | None = None


class CommandDelivery:
    """Brings an order to its end, for whoever bounds how many are under way at once."""

    def __init__(self, db: Database, temporal: TemporalSource) -> None:
        self._db = db
        self._temporal = temporal

    async def deliver(self, order: Order, sender: Sender) -> None:
        """Returns once it has committed, whoever's sending of it did. Raises what the caller is to be told."""
        given = sender.key or str(new_id())
        actor_id = sender.principal.user_id
        key = command_key(actor_id, order.route, order.approval_id, given, sender.fingerprint)
        try:
            await self._send(order, sender, key)
        except IdempotencyMismatch:
            raise
        except ProblemError:
            # Another sending of the same command may have committed while this one was being refused for it.
            if sender.key is None or not await self._committed(key):
                raise

    async def _committed(self, key: str) -> bool:
        async with self._db.reader() as reader:
            return await recorded(reader, key)

    async def _send(self, order: Order, sender: Sender, key: str) -> None:
        prepared = await self._prepare(order, sender, key)
        if prepared is None:
            return
        row, command = prepared
        assert order.action.update is not None
        try:
            await dispatch.send(
                await self._temporal(),
                order.action.update,
                command,
                generation=row.progress.generation,
                number=row.number,
            )
        except WorkflowGone:
            await self._answer_from_row(order, key)

    async def _prepare(self, order: Order, sender: Sender, key: str) -> tuple[Approval, ApprovalCommand] | None:
        """The row and the command for it; None when this very command has committed before."""
        if sender.key is None and order.comment is None:
            async with self._db.reader() as reader:
                return await self._checked(reader, order, sender, key, None)
        async with self._db.transaction(sender.context) as uow:
            claim = await history.claim_command(
                uow,
                key=key if sender.key is None else claim_key(sender.principal.user_id, order.route, sender.key),
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
        row = await self._visible(reader, order.approval_id, sender.principal)
        command = _command(order, sender, row, key, comment_id)
        await check(reader, order.action, row, await actor_in(reader, command), command)
        return row, command

    async def _visible(self, reader: Reader, approval_id: UUID, principal: Principal) -> Approval:
        view = await view_of(reader, principal)
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


class CommandSender(CommandDelivery):
    """The same for somebody who waits for the answer."""

    def __init__(self, db: Database, temporal: TemporalSource, queue: FairQueue) -> None:
        super().__init__(db, temporal)
        self._queue = queue

    async def carry_out(self, order: Order, sender: Sender) -> dict[str, Any]:
        """The request as it stands afterwards. Raises what the caller is to be told.

        Overload means waiting here, in turns by caller, and 429 beyond the queue's bound; never a connection of the
        database or a deadline at Temporal used up by waiting.
        """
        async with self._queue.place(sender.principal.user_id):
            await self.deliver(order, sender)
            crashpoints.reach(CRASH_AFTER_DECISION)
            async with self._db.reader() as reader:
                return await views.detail(reader, sender.principal, order.approval_id)

    async def one_of_many(self, body: BulkDecision, position: int, sender: Sender) -> dict[str, Any]:
        """One row of a bulk decision: its status with the request, or the problem that this row met."""
        item = body.items[position]
        own = sender
        if sender.key is not None:
            unsaid = None if item.acknowledged_flags else {"acknowledged_flags"}
            asked = body.model_dump_json(include={"decision", "comment"}) + item.model_dump_json(exclude=unsaid)
            fingerprint = sha256(asked.encode()).digest()
            own = replace(sender, key=f"{sender.key}\0{item.id}", fingerprint=fingerprint)
        action = actions.BY_DECISION[body.decision]
        try:
            shown = await self.carry_out(Order(action, item.id, body.comment, item.terms), own)
        except ProblemError as error:
            problem = error.problem(sender.context.locale, sender.context.request_id or "")
            return {"id": item.id, "status": error.status, "problem": problem}
        return {"id": item.id, "status": 200, "approval": shown}


def _command(order: Order, sender: Sender, row: Approval, key: str, comment_id: UUID | None) -> ApprovalCommand:
    """Whoever decides without naming stage and revision means those that the row has now."""
    terms = dict(order.terms)
    if order.action.decision is not None:
        present = {"stage": row.progress.stage, "revision": row.progress.revision}
        terms = {"decision": order.action.decision} | present | terms
    return order.action.command.model_validate(
        {
            "approval_id": row.id,
            "actor_id": sender.principal.user_id,
            "actor_roles": sorted(sender.principal.roles),
            "command_key": key,
            "comment_ref": comment_id,
            "request_id": sender.context.request_id,
            "traceparent": sender.context.traceparent,
            "ip": sender.context.ip,
        }
        | terms
    )
