"""The story, chapter by chapter, and its programme: what `ringi demo` shows and what `--json` prints."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp
from aiokafka.errors import KafkaError

from api.network import KEEPALIVE_SECONDS
from deploy.demo import approvals, customers, people, timers
from deploy.demo.client import DemoError, User, until
from deploy.demo.playbill import Cast, Check, Playbill
from deploy.demo.witness import EventWitness, figures

DOMAIN = "ringi.example"
CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Programme:
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


async def perform(
    *,
    gateway: str,
    kafka: str,
    password: str,
    language: str,
    say: Callable[[str], None],
    progress: Callable[[str, int, int], None],
) -> Programme:
    """Play every chapter against a running system, as its demo users, over HTTP.

    A chapter that breaks off becomes a failed check and the next one is played. Raises DemoError when the
    users cannot even sign in.
    """
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEPALIVE_SECONDS)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def sign_in(email: str, secret: str) -> User:
            return await User.sign_in(session, gateway, email, secret)

        names = ("admin", "manager", "rep", "rep2", "approver", "approver2")
        users = await asyncio.gather(*(sign_in(f"{name}@{DOMAIN}", password) for name in names))
        play = Playbill(Cast(**dict(zip(names, users, strict=True))), say, progress, language)
        witness = await EventWitness.open(kafka)
        before = await figures(play.cast.admin)
        for name, chapter in _chapters(play, sign_in):
            play.begin(name)
            try:
                await chapter()
            except (DemoError, aiohttp.ClientError, TimeoutError, KeyError) as error:
                play.check("completed-chapter", False, repr(error))
        await _reports_moved(play, before)
        after = await figures(play.cast.admin)
        events = await _events_carried(play, witness)
        return Programme(play.checks, play.processes, events, {"before": before, "after": after})


def _chapters(play: Playbill, sign_in: people.SignIn) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
    return [
        ("approval", lambda: approvals.returned_then_approved_by_two(play)),
        ("race", lambda: approvals.two_approvers_race(play)),
        ("recall", lambda: approvals.recalled(play)),
        ("customer", lambda: customers.deleted_then_restored(play)),
        ("leaver", lambda: people.leaver_hands_over(play, sign_in)),
        ("due", lambda: timers.falls_due(play)),
    ]


async def _reports_moved(play: Playbill, before: dict[str, Any]) -> None:
    """The decisions of this story must show in the reports once their events have been consumed."""
    play.begin("reports")
    name = "approval-statistics"
    baseline = approved(before[name])

    async def counted() -> dict[str, Any] | None:
        report = (await figures(play.cast.admin))[name]
        return report if approved(report) >= baseline + DECIDED_IN_THE_STORY else None

    try:
        await until("the report that counts this story's approvals", counted, seconds=30)
    except DemoError as error:
        play.check("counted", False, error)
    else:
        play.check("counted", True)


async def _events_carried(play: Playbill, witness: EventWitness) -> dict[str, int]:
    """What Kafka carried, once it has carried what this story wrote: the relays may still be at it."""
    play.begin("events")
    events: dict[str, int] = {}

    async def all_carried() -> bool:
        nonlocal events
        try:
            events = await witness.count()
        except (KafkaError, OSError):
            return False  # the broker is away for the moment
        return all(sum(events.get(name, 0) for name in names) >= customers.RELATED_ROWS for names in OF_EVERY_ROW)

    try:
        await until("events of every row in Kafka", all_carried)
    except DemoError:
        play.check("carried", False, events)
    else:
        play.check("carried", True)
    return events


OF_EVERY_ROW = (("meeting.deleted", "task.deleted"), ("meeting.restored", "task.restored"))
DECIDED_IN_THE_STORY = 3
"""Approved in the chapters: by two people in turn, by the winner of the race, by the leaver's successor."""


def approved(report: dict[str, Any]) -> int:
    return int(report["figures"]["approved"]["value"])
