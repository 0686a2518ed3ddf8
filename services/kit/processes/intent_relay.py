"""Tells Temporal what committed transactions intend: starts, signals and terminations, in lanes of their own.

An intent is repeated until Temporal has taken it, so it must be harmless to repeat: ids are deterministic, a workflow
that already started counts as started, one that is gone needs neither signal nor end (the row wins).
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from opentelemetry import context as otel_context
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from services.kit.db.database import CONNECTION_ERRORS, INTENTS_CHANNEL, Database
from services.kit.db.lease import Lease, hold_lease
from services.kit.db.unit_of_work import Row
from services.kit.processes.intents import Lane
from services.kit.processes.search_attributes import search_attributes
from services.kit.running import clock, crashpoints, tracing
from services.kit.running.backoff import Backoff, delay
from services.kit.running.context import ActorContext
from services.kit.running.temporal import is_away

log = logging.getLogger(__name__)

CONCURRENCY: Final[Mapping[Lane, int]] = {"process": 16, "signal": 16, "timer": 4}
"""Calls under way in each lane; a lane waits only for its own.

Timers come in bulk, and the server answers calls in turn: with 32 of them under way on a busy machine, the tasks of a
deletion waited 85 s behind the 900 timers that it ended (measured); with few, urgent work stands behind few."""
CALL_TIMEOUT: Final = timedelta(seconds=10)
POLL_SECONDS: Final = 1.0
LONGEST_BACKOFF_SECONDS: Final = 60.0
LEASE_NAME: Final = "intent-relay"

DELIVERED = Counter("ringi_intents_delivered_total", "Intents that Temporal took", ["database", "lane", "outcome"])
REFUSED = Counter("ringi_intents_refused_total", "Attempts that Temporal refused", ["database", "lane"])

# Due by this clock or by the database's: the one who wrote it, or the relay before this one, may be minutes ahead.
_HEADS = (
    "SELECT seq, kind, workflow_id, instruction, traceparent, attempts FROM intents AS head"
    " WHERE lane = %s AND delivered_at IS NULL AND next_attempt_at <= greatest(%s, now()) AND seq <> ALL(%s)"
    " AND NOT EXISTS (SELECT FROM intents AS earlier WHERE earlier.workflow_id = head.workflow_id"
    " AND earlier.delivered_at IS NULL AND earlier.seq < head.seq) ORDER BY seq LIMIT %s"
)
_MARK_DELIVERED = (
    "UPDATE intents SET delivered_at = %s, outcome = done.outcome, attempts = attempts + 1, last_error = NULL"
    " FROM unnest(%s::bigint[], %s::text[]) AS done (seq, outcome) WHERE intents.seq = done.seq"
)
_MARK_REFUSED = (
    "UPDATE intents SET attempts = attempts + 1, next_attempt_at = now() + %s, last_error = %s WHERE seq = %s"
)

_FOLLOWED = "SELECT EXISTS (SELECT FROM intents WHERE delivered_at IS NULL AND lane <> %s AND workflow_id = ANY(%s))"


class _Delivery(NamedTuple):
    """``outcome`` None: not delivered, for the reason in ``error``; an error of None then means unreachable."""

    intent: Row
    outcome: str | None
    error: str | None = None


class IntentRelay:
    """``run`` returns when ``stop`` is set; it survives the loss of database and Temporal."""

    def __init__(self, db: Database, temporal_client: Client) -> None:
        self._db = db
        self._temporal = temporal_client

    async def run(self, stop: asyncio.Event) -> None:
        backoff = Backoff()
        while not stop.is_set():
            try:
                async with hold_lease(self._db, LEASE_NAME, stop, channel=INTENTS_CHANNEL) as lease:
                    if lease is not None:
                        backoff.reset()
                        await self._serve(lease, stop)
            except* (*CONNECTION_ERRORS, OSError) as errors:
                log.warning("intent relay starts again: %r", errors.exceptions, extra={"database": self._db.name})
                await backoff.pause(stop)

    async def _serve(self, lease: Lease, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as lanes:
            for name in CONCURRENCY:
                lane = _LaneRunner(self._db, self._temporal, name)
                lanes.create_task(lane.run(lease, stop), name=f"intents-{name}")


class _LaneRunner:
    def __init__(self, db: Database, temporal: Client, name: Lane) -> None:
        self._db = db
        self._temporal = temporal
        self._name = name
        self._under_way: dict[asyncio.Task[_Delivery], int] = {}

    async def run(self, lease: Lease, stop: asyncio.Event) -> None:
        bell = lease.bell()
        backoff = Backoff(longest=5.0)
        try:
            while not stop.is_set():
                lease.check()
                await self._start_more()
                if not self._under_way:
                    await bell.wait(POLL_SECONDS)
                    continue
                # With a free place a new intent may come any moment; otherwise only an end brings progress.
                full = len(self._under_way) >= CONCURRENCY[self._name]
                ring = None if full else asyncio.create_task(bell.wait(POLL_SECONDS))
                waited_for = {*self._under_way, *({ring} if ring else ())}
                await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
                if ring is not None:
                    ring.cancel()
                if not await self._settle(lease):
                    backoff.reset()
                else:
                    await backoff.pause(stop)
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _start_more(self) -> None:
        free = CONCURRENCY[self._name] - len(self._under_way)
        if free <= 0:
            return
        async with self._db.reader() as reader:
            heads = await reader.all(_HEADS, [self._name, clock.now(), list(self._under_way.values()), free])
        for intent in heads:
            self._under_way[asyncio.create_task(self._deliver(intent))] = intent["seq"]

    async def _settle(self, lease: Lease) -> bool:
        """Marks what has ended; True if Temporal could not be reached."""
        ended = [task for task in self._under_way if task.done()]
        for task in ended:
            del self._under_way[task]
        deliveries = [task.result() for task in ended]
        delivered = [delivery for delivery in deliveries if delivery.outcome is not None]
        refused = [delivery for delivery in deliveries if delivery.error is not None]
        if delivered:
            crashpoints.reach(crashpoints.INTENT_STARTED)
        if (delivered or refused) and await self._mark(delivered, refused):
            lease.ring()
        return len(delivered) + len(refused) < len(deliveries)

    async def _mark(self, delivered: list[_Delivery], refused: list[_Delivery]) -> bool:
        """True if intents of another lane waited for these."""
        async with self._db.transaction(ActorContext.system()) as uow:
            seqs = [delivery.intent["seq"] for delivery in delivered]
            await uow.execute(_MARK_DELIVERED, [clock.now(), seqs, [delivery.outcome for delivery in delivered]])
            for intent, _, error in refused:
                seconds = delay(intent["attempts"] + 1, longest=LONGEST_BACKOFF_SECONDS)
                await uow.execute(_MARK_REFUSED, [timedelta(seconds=seconds), error, intent["seq"]])
            workflow_ids = [delivery.intent["workflow_id"] for delivery in delivered]
            followed: bool = await uow.scalar(_FOLLOWED, [self._name, workflow_ids])
        for delivery in delivered:
            DELIVERED.labels(self._db.name, self._name, delivery.outcome).inc()
        REFUSED.labels(self._db.name, self._name).inc(len(refused))
        return followed

    async def _deliver(self, intent: Row) -> _Delivery:
        carrier = {} if intent["traceparent"] is None else {"traceparent": intent["traceparent"]}
        token = otel_context.attach(TraceContextTextMapPropagator().extract(carrier))
        try:
            name = f"{self._db.name} {intent['kind']}"
            with tracing.span(name, parent=intent["traceparent"], kind=SpanKind.PRODUCER):
                return _Delivery(intent, await self._tell(intent))
        except WorkflowAlreadyStartedError:
            return _Delivery(intent, "already_started")
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND and intent["kind"] != "start":
                return _Delivery(intent, "gone")
            if is_away(error):
                log.warning("Temporal not reached: %s", error, extra={"lane": self._name})
                return _Delivery(intent, None)
            return self._refused(intent, error)
        except Exception as error:
            if is_away(error):
                log.warning("Temporal not reached: %s", error, extra={"lane": self._name})
                return _Delivery(intent, None)
            # An instruction that can't be sent must not end the lane; it stays, is counted and tried again.
            return self._refused(intent, error)
        finally:
            otel_context.detach(token)

    def _refused(self, intent: Row, error: Exception) -> _Delivery:
        fields = {"lane": self._name, "workflow_id": intent["workflow_id"], "attempts": intent["attempts"] + 1}
        log.error("intent refused: %r", error, extra=fields)
        return _Delivery(intent, None, f"{type(error).__name__}: {error}"[:2000])

    async def _tell(self, intent: Row) -> str:
        instruction: dict[str, Any] = intent["instruction"]
        if intent["kind"] == "start":
            await self._start(intent["workflow_id"], instruction)
            return "started"
        handle = self._temporal.get_workflow_handle(intent["workflow_id"])
        if intent["kind"] == "signal":
            await handle.signal(instruction["signal"], instruction["argument"], rpc_timeout=CALL_TIMEOUT)
            return "signalled"
        await handle.terminate(reason=instruction["reason"], rpc_timeout=CALL_TIMEOUT)
        return "terminated"

    async def _start(self, workflow_id: str, instruction: Mapping[str, Any]) -> None:
        replace = instruction["replace"]
        # A process starts once, whatever is delivered twice; only whoever found its workflow gone starts it again.
        repeatable = replace or instruction.get("again", False)
        await self._temporal.start_workflow(
            instruction["workflow"],
            instruction["argument"],
            id=workflow_id,
            task_queue=instruction["taskQueue"],
            id_reuse_policy=(
                WorkflowIDReusePolicy.ALLOW_DUPLICATE if repeatable else WorkflowIDReusePolicy.REJECT_DUPLICATE
            ),
            id_conflict_policy=(
                WorkflowIDConflictPolicy.TERMINATE_EXISTING if replace else WorkflowIDConflictPolicy.FAIL
            ),
            search_attributes=search_attributes(instruction["search"]),
            static_summary=instruction["summary"],
            start_delay=_start_delay(instruction["startAt"]),
            rpc_timeout=CALL_TIMEOUT,
        )


def _start_delay(start_at: str | None) -> timedelta | None:
    if start_at is None:
        return None
    remaining = datetime.fromisoformat(start_at) - clock.now()
    return remaining if remaining > timedelta(0) else None
