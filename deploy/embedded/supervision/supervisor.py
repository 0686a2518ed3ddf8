"""The supervisor: brings all parts up in the right order, keeps them up, and takes them down."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.embedded.children.logs import FULL_DISK_ERRORS, rotate_when_large
from deploy.embedded.children.processes import reclaim, record_children
from deploy.embedded.parts.applications import web_part, worker_part
from deploy.embedded.parts.broker import broker_part
from deploy.embedded.parts.model import INFRASTRUCTURE, Part, PartName
from deploy.embedded.parts.postgres import postgres_part
from deploy.embedded.parts.temporal import temporal_part
from deploy.embedded.setup.assets import build_assets
from deploy.embedded.setup.preflight import check_before_start
from deploy.embedded.state.environment import job_environment, ringi_environment
from deploy.embedded.state.home import Home, HomeLock, read_json, write_json
from deploy.embedded.state.ports import Ports, require_free, web_port
from deploy.embedded.state.secrets import Secrets
from deploy.embedded.supervision.child import Child
from deploy.embedded.supervision.jobs import Job
from deploy.embedded.supervision.progress import Progress, Timings

LOG_CHECK_SECONDS = 10.0

ApplicationParts = Callable[[Ports, Mapping[str, str]], Sequence[Part]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a start is about, above the infrastructure: nothing with `ringi up --only infra`."""

    applications: ApplicationParts = lambda _ports, _variables: ()
    build_assets: Callable[[], Awaitable[None]] | None = None
    """Runs while the infrastructure starts and before parts that need its work are loaded."""
    first_data: str | None = None
    """The module of the job that fills new databases."""


EVERYTHING = Plan(
    applications=lambda ports, variables: (web_part(ports, variables), worker_part(ports, variables)),
    build_assets=build_assets,
    first_data="deploy.embedded.setup.first_data",
)
INFRASTRUCTURE_ONLY = Plan()


class Supervisor:
    def __init__(self, plan: Plan, home: Home, progress: Progress, environ: Mapping[str, str] = os.environ) -> None:
        self._plan = plan
        self._home = home
        self._progress = progress
        self._environ = environ
        self._timings = Timings()
        self._children: dict[PartName, Child] = {}
        self._jobs: list[Job] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()
        self._force = asyncio.Event()
        self._started_at = time.time()
        self._ready = False

    async def run(self) -> None:
        """Start all, stay until SIGINT or SIGTERM (twice: without waiting), stop all. Raises StartError."""
        home = self._home
        check_before_start(home)
        home.create()
        port = web_port(self._environ)
        with HomeLock(home) as lock:
            lock.acquire(f"http://localhost:{port}")
            for name in await asyncio.to_thread(reclaim, home):
                self._progress.note(f"ended {name}, left over from a run that was killed")
            secrets = Secrets.settle(home, self._environ)
            if secrets.ignores(self._environ):
                self._progress.note(
                    "RINGI_DEMO_PASSWORD is ignored: the accounts keep the password of the first start"
                    " (make reset forgets them)"
                )
            require_free(port)
            ports = self._settle_ports(port)
            self._catch_signals()
            try:
                await self._until_stopped(self._bring_up(ports, secrets))
                await self._until_stopped(self._rotate_logs())
            finally:
                await self._shut_down()

    def _settle_ports(self, port: int) -> Ports:
        remembered = read_json(self._home.state_file)
        ports = Ports.plan(port, remembered.get("ports", {}))
        if remembered.get("ports") != ports.to_json():
            write_json(self._home.state_file, {**remembered, "ports": ports.to_json()})
        return ports

    async def _bring_up(self, ports: Ports, secrets: Secrets) -> None:
        variables = ringi_environment(self._home, ports, secrets, self._environ)
        applications = self._plan.applications(ports, variables)
        for part in (postgres_part(self._home, ports, secrets), temporal_part(self._home, ports), broker_part(ports)):
            self._supervise(part)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._prepare_databases(job_environment(variables, ports, secrets, self._environ)))
            group.create_task(self._load(applications))
            for name in (PartName.TEMPORAL, PartName.BROKER):
                group.create_task(self._await_ready(name))
        for part in applications:
            self._children[part.name].open_gate()
        async with asyncio.TaskGroup() as group:
            for part in applications:
                group.create_task(self._await_ready(part.name))
        self._ready = True
        self._write_status()
        self._progress.ready(self._summary(ports, secrets))

    async def _prepare_databases(self, environment: Mapping[str, str]) -> None:
        migrate = await self._start_job("migrate", "deploy.embedded.setup.migrate", environment)
        first_data = self._plan.first_data
        fill = await self._start_job("first-data", first_data, environment) if first_data else None
        await self._await_ready(PartName.POSTGRES)
        await self._run_job(migrate, "databases migrated")
        if fill is not None:
            await self._run_job(fill, "demo data")

    async def _load(self, applications: Sequence[Part]) -> None:
        """Start the applications; each waits at its gate when it has loaded its program."""
        for part in applications:
            if not part.needs_assets:
                self._supervise(part)
        if self._plan.build_assets is not None:
            self._timings.begin("assets")
            self._progress.begin("assets", "browser's files")
            await self._plan.build_assets()
            self._timings.end("assets")
            self._progress.end("assets")
        for part in applications:
            if part.needs_assets:
                self._supervise(part)

    def _supervise(self, part: Part) -> None:
        child = Child(part, self._home, changed=self._children_changed, note=self._progress.note)
        self._children[part.name] = child
        self._timings.begin(part.name)
        self._progress.begin(part.name, str(part.name))
        self._tasks.append(asyncio.create_task(child.supervise(), name=f"supervise {part.name}"))

    async def _await_ready(self, name: PartName) -> None:
        await self._children[name].first_ready
        self._timings.end(name)
        self._progress.end(name)

    async def _start_job(self, name: str, module: str, environment: Mapping[str, str]) -> Job:
        job = Job(name, module, self._home, environment, "--wait-for-start")
        self._jobs.append(job)
        await job.start()
        self._children_changed()
        return job

    async def _run_job(self, job: Job, text: str) -> None:
        self._timings.begin(job.name)
        self._progress.begin(job.name, text)
        await job.go(lambda detail: self._progress.advance(job.name, detail))
        self._children_changed()
        self._timings.end(job.name)
        self._progress.end(job.name)

    async def _rotate_logs(self) -> None:
        while True:
            await asyncio.sleep(LOG_CHECK_SECONDS)
            for log in self._home.logs.glob("*.log"):
                await asyncio.to_thread(rotate_when_large, log)

    async def _until_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Run the work, but no longer than until somebody asks to stop."""
        task = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
        if not task.cancelled() and (error := task.exception()) is not None:
            raise _first_cause(error)

    async def _shut_down(self) -> None:
        """Users before what they use: web, worker, broker, Temporal, PostgreSQL."""
        self._ready = False
        stopping = asyncio.ensure_future(self._stop_in_order())
        forced = asyncio.ensure_future(self._force.wait())
        await asyncio.wait({stopping, forced}, return_when=asyncio.FIRST_COMPLETED)
        if not stopping.done():
            self._progress.note("killing what still runs")
            for child in self._children.values():
                child.kill()
        await stopping
        forced.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._home.children_file.unlink(missing_ok=True)
        self._home.status_file.unlink(missing_ok=True)

    async def _stop_in_order(self) -> None:
        await asyncio.gather(*(job.stop() for job in self._jobs))
        for name in PartName:
            child = self._children.get(name)
            if child is not None:
                self._progress.begin(f"stop-{name}", f"stopping {name}")
                await child.stop(force=self._force.is_set())
                self._progress.end(f"stop-{name}")

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()

        def asked_to_stop() -> None:
            (self._force if self._stop.is_set() else self._stop).set()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, asked_to_stop)

    def _children_changed(self) -> None:
        """Keep the two files about the children true: who they are (for clean-up) and how they do (for status)."""
        identities = {str(name): child.identity for name, child in self._children.items() if child.identity is not None}
        identities |= {job.name: job.identity for job in self._jobs if job.identity is not None}
        try:
            record_children(self._home, identities)
            self._write_status()
        except OSError as error:
            if error.errno not in FULL_DISK_ERRORS:
                raise
            # Keeping the parts up matters more than keeping the books; the next change writes both again.
            self._progress.note("the disk is full: `ringi status` may be behind")

    def _write_status(self) -> None:
        parts = {
            str(name): {
                "state": str(child.state),
                "pid": child.identity.pid if child.identity else None,
                "address": child.part.address,
                "startedAt": child.started_at,
                "restarts": child.restarts,
            }
            for name, child in self._children.items()
        }
        status = {"pid": os.getpid(), "startedAt": self._started_at, "ready": self._ready, "parts": parts}
        write_json(self._home.status_file, {**status, "timings": self._timings.to_json()})

    def _summary(self, ports: Ports, secrets: Secrets) -> dict[str, Any]:
        return {
            "seconds": round(self._timings.elapsed(), 1),
            "timings": self._timings.to_json(),
            "home": str(self._home.path),
            "infrastructureOnly": set(self._children) <= set(INFRASTRUCTURE),
            "web": f"http://localhost:{ports.web}",
            "temporalUi": f"http://localhost:{ports.temporal_ui}",
            "demoPassword": secrets.demo_password,
        }


def _first_cause(error: BaseException) -> BaseException:
    """A task group wraps what happened in its tasks; the first of them is what the person must know."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
