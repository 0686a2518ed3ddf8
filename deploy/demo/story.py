"""The story, chapter by chapter, and its programme: what `ringi demo` shows and what `--json` prints."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp

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
    say: Callable[[str], None],
    progress: Callable[[str, int, int], None],
) -> Programme:
    """Play every chapter against a running system, as its demo users, over HTTP.

    A chapter that breaks off becomes a failed check and the next one is played. Raises DemoError when the
    users cannot even sign in.
    """
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def sign_in(email: str, secret: str) -> User:
            return await User.sign_in(session, gateway, email, secret)

        names = ("admin", "manager", "rep", "rep2", "approver", "approver2")
        users = await asyncio.gather(*(sign_in(f"{name}@{DOMAIN}", password) for name in names))
        play = Playbill(Cast(**dict(zip(names, users, strict=True))), say, progress)
        witness = await EventWitness.open(kafka)
        try:
            before = await figures(play.cast.admin)
            for title, chapter in _chapters(play, sign_in):
                play.chapter = title
                say(f"\n[bold]{title}[/]")
                try:
                    await chapter()
                except (DemoError, aiohttp.ClientError, TimeoutError, KeyError) as error:
                    play.check("この章が最後まで進んだ", False, repr(error))
            await _reports_moved(play, before)
            after = await figures(play.cast.admin)
            events = await witness.count()
        finally:
            await witness.close()
        return Programme(play.checks, play.processes, events, {"before": before, "after": after})


def _chapters(play: Playbill, sign_in: people.SignIn) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
    return [
        ("差戻し、再申請、二人の承認", lambda: approvals.returned_then_approved_by_two(play)),
        ("二人の承認者が同時に決裁", lambda: approvals.two_approvers_race(play)),
        ("取下げ", lambda: approvals.recalled(play)),
        ("顧客の削除と復元（関連 1,000 行）", lambda: customers.deleted_then_restored(play)),
        ("退職者の引継ぎ", lambda: people.leaver_hands_over(play, sign_in)),
        ("期限の迫ったタスク", lambda: timers.falls_due(play)),
    ]


async def _reports_moved(play: Playbill, before: dict[str, Any]) -> None:
    """The decisions of this story must show in the reports once their events have been consumed."""
    play.chapter = "レポート"
    play.say(f"\n[bold]{play.chapter}[/]")
    name = "approval-statistics"
    baseline = approved(before[name])

    async def counted() -> dict[str, Any] | None:
        report = (await figures(play.cast.admin))[name]
        return report if approved(report) >= baseline + DECIDED_IN_THE_STORY else None

    try:
        await until("the report that counts this story's approvals", counted, seconds=30)
    except DemoError as error:
        play.check("承認件数がレポートに加わった", False, error)
    else:
        play.check(f"承認件数がレポートに加わった（+{DECIDED_IN_THE_STORY}）", True)


DECIDED_IN_THE_STORY = 3
"""Approved in the chapters: by two people in turn, by the winner of the race, by the leaver's successor."""


def approved(report: dict[str, Any]) -> int:
    return int(report["figures"]["approved"]["value"])
