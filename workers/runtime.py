"""The host of all workers: a service's workflows, steps, relays and consumers, in one process or many services in one.

A service's composition root (``workers/<service>.py``) says what belongs to it; this module runs it until SIGTERM or
SIGINT. Temporal, broker and database may come and go: only a defect ends the process.
"""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final, NoReturn

import uvloop
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from services.contracts.topics import own_partitions
from services.kit.db.database import Database
from services.kit.db.gauges import DatabaseGauges, OwnGauges
from services.kit.db.partitions import keep_up
from services.kit.events.consumer import Consumer
from services.kit.events.event_relay import EventRelay
from services.kit.events.lag import LagGauge
from services.kit.processes.intent_relay import IntentRelay
from services.kit.running import logging as kit_logging
from services.kit.running import temporal, tracing
from services.kit.running.backoff import Backoff
from services.kit.running.leaving import leave
from services.kit.running.peers.kafka import KafkaAddress
from services.kit.running.settings import ServiceSettings
from services.kit.trust.internal import InternalClient, InternalTokens
from workers.correlating import CorrelationInterceptor
from workers.health import health_port
from workers.schedules import Periodic, keep_prepared, prepare

log = logging.getLogger(__name__)

GRACE: Final = timedelta(seconds=5)
"""What activities under way get when the worker stops; Temporal repeats those that are cut."""
CONCURRENT_ACTIVITIES: Final = 32
"""More than the database has connections for (8), so that waiting for another service holds up nobody."""
PASSED_THROUGH: Final = ("pydantic", "pydantic_core", "annotated_types", "typing_extensions", "services", "activities")
"""Importing these afresh for each workflow costs 275 ms (measured); they hold no state that a workflow may see."""

Loop = Callable[[asyncio.Event], Awaitable[None]]


@dataclass(frozen=True)
class ServiceWorker:
    """What one service runs. Workflows and activities may be empty (analytics has none)."""

    service: str
    db: Database
    task_queue: str | None = None
    workflows: Sequence[type] = ()
    activities: Sequence[Callable[..., Any]] = ()
    """Local activities are registered here too."""
    consumers: Sequence[Consumer] = ()
    loops: Sequence[Loop] = ()
    """The service's own periodic work, such as a sealer; each returns when its event is set."""
    schedules: Sequence[Periodic] = ()
    gauges: Sequence[OwnGauges] = ()
    """What its database alone can tell Prometheus."""
    retired_schedules: Sequence[str] = ()
    """Ids of Schedules that earlier versions made."""


@dataclass
class Runtime:
    """What composition roots need. ``temporal`` connects at its first call, so nothing here needs it to be up."""

    settings: ServiceSettings
    temporal: Client

    @asynccontextmanager
    async def database(self, service: str) -> AsyncIterator[Database]:
        async with Database(self.settings.database_url_for(service), name=service) as db:
            yield db

    @asynccontextmanager
    async def internal(self, service: str) -> AsyncIterator[InternalClient]:
        """The service's identity towards the others."""
        client = InternalClient(self.settings, InternalTokens(self.settings, service))
        await client.open()
        try:
            yield client
        finally:
            await client.close()

    @property
    def bootstrap(self) -> KafkaAddress:
        return self.settings.kafka()


Composer = Callable[[Runtime], AbstractAsyncContextManager[ServiceWorker]]


async def host(settings: ServiceSettings, composers: Sequence[Composer], stop: asyncio.Event) -> None:
    """Runs the composed services until ``stop`` is set. Raises ExceptionGroup for a defect in any of them."""
    runtime = Runtime(settings, await temporal.connect(settings, lazy=True))
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(compose(runtime)) for compose in composers]
        queued = [worker for worker in workers if worker.task_queue is not None]
        polling: set[str] = set()

        def waiting_for() -> list[str]:
            return [worker.service for worker in queued if worker.service not in polling]

        consumers = [consumer for worker in workers for consumer in worker.consumers]

        def stopped() -> list[str]:
            return [f"{c.name}: {c.stopped_by}" for c in consumers if c.stopped_by is not None]

        await stack.enter_async_context(health_port(settings, waiting_for, stopped))
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                for name, loop in _loops(worker, runtime):
                    group.create_task(_ends_with(loop, stop), name=f"{worker.service}:{name}")
            renewal = partial(temporal.keep_api_key, runtime.temporal, settings)
            group.create_task(_ends_with(renewal, stop), name="temporal:api-key")
            group.create_task(_ends_with(LagGauge(consumers, runtime.bootstrap).run, stop), name="consumer-lag")
            if queued:
                group.create_task(_poll(settings, queued, polling, stop), name="temporal")
            log.info("workers started", extra={"services": [worker.service for worker in workers]})
    log.info("workers stopped")


async def _ends_with(loop: Loop, stop: asyncio.Event) -> None:
    """A loop that ends before it was told to would be missed by nobody, so it is a defect."""
    await loop(stop)
    if not stop.is_set():
        raise RuntimeError(f"{loop!r} ended by itself")


def _loops(worker: ServiceWorker, runtime: Runtime) -> list[tuple[str, Loop]]:
    loops: list[tuple[str, Loop]] = [
        ("events", EventRelay(worker.db, runtime.bootstrap, own_partitions=own_partitions(worker.service)).run),
        ("intents", IntentRelay(worker.db, runtime.temporal).run),
        ("gauges", DatabaseGauges(worker.db, worker.gauges).run),
        ("upkeep", lambda stop: keep_up(worker.db, stop)),
    ]
    loops += [(f"consumer:{consumer.name}", consumer.run) for consumer in worker.consumers]
    loops += [(f"loop:{number}", loop) for number, loop in enumerate(worker.loops)]
    return loops


async def _poll(
    settings: ServiceSettings, workers: Sequence[ServiceWorker], polling: set[str], stop: asyncio.Event
) -> None:
    """Hosts workflows and activities of all services over one connection; begins again when Temporal was away."""
    backoff = Backoff()
    while not stop.is_set():
        try:
            client = await temporal.connect(settings, lazy=False)
            schedules = [schedule for worker in workers for schedule in worker.schedules]
            retired = [schedule_id for worker in workers for schedule_id in worker.retired_schedules]
            await prepare(client, schedules, retired)
            polling |= {worker.service for worker in workers}
            backoff.reset()
            async with asyncio.TaskGroup() as group:
                for worker in workers:
                    group.create_task(_poll_one(client, worker, stop), name=f"{worker.service}:temporal")
                group.create_task(keep_prepared(client, schedules, stop), name="temporal:schedules")
                group.create_task(temporal.keep_api_key(client, settings, stop), name="temporal:api-key")
        except* RPCError as errors:
            # Whatever it says, a namespace that is not there yet included, may be mended while the worker waits.
            log.warning("Temporal refuses: %s", errors.exceptions)
        except* (RuntimeError, OSError) as errors:
            if not temporal.is_away(errors):
                raise
            log.warning("Temporal is away: %s", errors.exceptions)
        polling.clear()
        await backoff.pause(stop)


async def _poll_one(client: Client, worker: ServiceWorker, stop: asyncio.Event) -> None:
    async with build_worker(client, worker):
        await stop.wait()


def sandbox() -> SandboxedWorkflowRunner:
    """What every workflow runs in, here and where stored histories are replayed."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))


def build_worker(client: Client, worker: ServiceWorker) -> Worker:
    """Temporal's worker for one service's queue, as tests use it too."""
    assert worker.task_queue is not None
    return Worker(
        client,
        task_queue=worker.task_queue,
        workflows=list(worker.workflows),
        activities=list(worker.activities),
        workflow_runner=sandbox(),
        interceptors=[CorrelationInterceptor()],
        identity=f"ringi-{worker.service}@{socket.gethostname()}:{os.getpid()}",
        max_concurrent_activities=CONCURRENT_ACTIVITIES,
        max_concurrent_local_activities=CONCURRENT_ACTIVITIES,
        sticky_queue_schedule_to_start_timeout=temporal.STICKY_TIMEOUT,
        graceful_shutdown_timeout=GRACE,
        # A beat that the SDK keeps back longer than this is as good as none: the shortest patience is ten seconds.
        max_heartbeat_throttle_interval=temporal.BEAT_EVERY,
        default_heartbeat_throttle_interval=temporal.BEAT_EVERY,
    )


def main(*composers: Composer, name: str = "worker") -> NoReturn:
    """The entry point of ``python -m workers.<service>``. A defect ends it with its traceback and exit code 1."""
    settings = ServiceSettings()
    kit_logging.configure(level=settings.log_level, log_format=settings.log_format, process=name)
    tracing.configure(settings, name)
    temporal.measure(settings, name)

    async def until_signalled() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await host(settings, composers, stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_signalled())
    leave(0)
