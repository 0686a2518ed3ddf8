"""The demo's scenarios in their order, and the report: what `ringi demo` shows and what `--json` prints."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp
from aiokafka.errors import KafkaError

from deploy.demo import approvals, customers, people, timers
from deploy.demo.client import DemoError, User, until
from deploy.demo.demo_run import Check, DemoRun, DemoUsers
from deploy.demo.observed import EventCounter, figures
from services.kit.running.http_client import pooled_client
from services.kit.running.peers.kafka import Bootstrap

DOMAIN = "ringi.example"
CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class DemoReport:
    checks: list[Check]
    processes: list[dict[str, Any]]
    events: dict[str, int]
    reports: dict[str, dict[str, Any]]
    """`before` and `after`, each by the report's name."""

    @property
    def ok(self) -> bool:
        return bool(self.checks) and all(check.ok for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "checks": [asdict(check) for check in self.checks],
            "processes": self.processes,
            "events": self.events,
            "reports": self.reports,
        }


async def run_demo(
    *,
    gateway: str,
    kafka: Bootstrap,
    password: str,
    language: str,
    say: Callable[[str], None],
    progress: Callable[[str, int, int], None],
) -> DemoReport:
    """Run every scenario against a running system, as its demo users, over HTTP.

    A scenario that breaks off becomes a failed check and the next one is run. Raises DemoError when the
    users cannot even sign in.
    """
    async with pooled_client(connections=CONNECTIONS) as session:

        async def sign_in(email: str, secret: str) -> User:
            return await User.sign_in(session, gateway, email, secret)

        names = ("admin", "manager", "rep", "rep2", "approver", "approver2")
        users = await asyncio.gather(*(sign_in(f"{name}@{DOMAIN}", password) for name in names))
        run = DemoRun(DemoUsers(**dict(zip(names, users, strict=True))), say, progress, language)
        counter = await EventCounter.open(kafka)
        before = await figures(run.users.admin)
        for name, scenario in _scenarios(run, sign_in):
            run.begin(name)
            try:
                await scenario()
            except (DemoError, aiohttp.ClientError, TimeoutError, KeyError) as error:
                run.check("completed-scenario", False, repr(error))
        await _reports_moved(run, before)
        after = await figures(run.users.admin)
        events = await _events_carried(run, counter)
        return DemoReport(run.checks, run.processes, events, {"before": before, "after": after})


def _scenarios(run: DemoRun, sign_in: people.SignIn) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
    return [
        ("approval", lambda: approvals.returned_then_approved_by_two(run)),
        ("race", lambda: approvals.two_approvers_race(run)),
        ("recall", lambda: approvals.recalled(run)),
        ("customer", lambda: customers.deleted_then_restored(run)),
        ("leaver", lambda: people.leaver_hands_over(run, sign_in)),
        ("due", lambda: timers.falls_due(run)),
    ]


async def _reports_moved(run: DemoRun, before: dict[str, Any]) -> None:
    """The decisions of this run must show in the reports once their events have been consumed."""
    run.begin("reports")
    name = "approval-statistics"
    baseline = approved(before[name])

    async def counted() -> dict[str, Any] | None:
        report = (await figures(run.users.admin))[name]
        return report if approved(report) >= baseline + DECIDED_BY_THE_DEMO else None

    try:
        await until("the report that counts this run's approvals", counted, seconds=30)
    except DemoError as error:
        run.check("counted", False, error)
    else:
        run.check("counted", True)


async def _events_carried(run: DemoRun, counter: EventCounter) -> dict[str, int]:
    """What Kafka carried, once it has carried what this run wrote: the relays may still be at it."""
    run.begin("events")
    events: dict[str, int] = {}

    async def all_carried() -> bool:
        nonlocal events
        try:
            events = await counter.count()
        except (KafkaError, OSError):
            return False  # the broker is away for the moment
        return all(sum(events.get(name, 0) for name in names) >= customers.RELATED_ROWS for names in OF_EVERY_ROW)

    try:
        await until("events of every row in Kafka", all_carried)
    except DemoError:
        run.check("carried", False, events)
    else:
        run.check("carried", True)
    return events


OF_EVERY_ROW = (("meeting.deleted", "task.deleted"), ("meeting.restored", "task.restored"))
DECIDED_BY_THE_DEMO = 3
"""Approved in the scenarios: by two people in turn, by the winner of the race, by the leaver's successor."""


def approved(report: dict[str, Any]) -> int:
    return int(report["figures"]["approved"]["value"])
