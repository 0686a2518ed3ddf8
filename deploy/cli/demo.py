"""`ringi demo`: run the scenarios against the running system, as its demo users, then verify the invariants."""

import asyncio
import os
from enum import StrEnum
from typing import Annotated, Any

import aiohttp
import orjson
import psycopg
import typer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from deploy.cli.target import settings
from deploy.cli.terminal import FAILURE, console, fail
from deploy.cli.verify import SETTLE_SECONDS, as_json, show
from deploy.demo.client import DemoError
from deploy.demo.scenario import DemoReport, run_demo
from deploy.demo.texts import EVENTS_TITLE, REPORTS_TITLE, language_of
from deploy.invariants.model import Finding
from deploy.invariants.run import verify
from deploy.invariants.system import System
from services.kit.running.settings import ServiceSettings


class Language(StrEnum):
    en = "en"
    ja = "ja"


def command(
    json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON document.")] = False,
    language: Annotated[
        Language | None, typer.Option(help="What the demo speaks; left out: that of the terminal's locale.")
    ] = None,
) -> None:
    """Run the scenarios: approvals, a deletion and its undo, a leaver, a task falling due; then verify."""
    target = settings()
    if "RINGI_DEMO_PASSWORD" not in os.environ:
        fail("RINGI_DEMO_PASSWORD is not set.", "The demo signs in as the demo users of an embedded run: make up.")
    spoken = language or Language(language_of(os.environ.get("LC_ALL") or os.environ.get("LANG", "")))
    try:
        report, findings = asyncio.run(_demo(target, Console(quiet=True) if json else console(), spoken))
    except (DemoError, aiohttp.ClientError, psycopg.OperationalError, KafkaError, RuntimeError, OSError) as error:
        fail(f"The demo cannot run: {error}", "Start the system with make up; make status shows what runs.")
    holds = all(finding.holds for finding in findings)
    if json:
        document = report.as_json() | {"verify": as_json(findings), "ok": report.ok and holds}
        print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())  # noqa: T201
    else:
        _print_report(console(), report, spoken)
        show(findings)
    if not (report.ok and holds):
        raise typer.Exit(FAILURE)


async def _demo(target: ServiceSettings, screen: Console, language: Language) -> tuple[DemoReport, list[Finding]]:
    with Progress(
        TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), console=screen, transient=True
    ) as bars:
        running: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in running:
                running[what] = bars.add_task(what)
            bars.update(running[what], completed=done, total=total, visible=done < total)

        report = await run_demo(
            gateway=target.require("gateway_url"),
            kafka=target.kafka(),
            password=os.environ["RINGI_DEMO_PASSWORD"],
            language=language,
            say=bars.console.print,
            progress=progress,
        )
    async with await System.open(target) as system:
        return report, await verify(system, settle_seconds=SETTLE_SECONDS)


def _print_report(screen: Console, report: DemoReport, language: Language) -> None:
    for process in report.processes:
        ledger = Table(title=f"{process['type']} {process['id']} — {process['status']}", title_justify="left")
        for column in ("step", "status", "rows", "started", "finished"):
            ledger.add_column(column)
        for step in process["steps"]:
            rows = "" if step["done"] is None else f"{step['done']} / {step['total']}"
            ledger.add_row(step["name"], step["status"], rows, step["startedAt"] or "", step["finishedAt"] or "")
        screen.print(ledger)
    events = Table(title=EVENTS_TITLE.for_(language), title_justify="left")
    events.add_column("event")
    events.add_column("count", justify="right")
    for name, count in report.events.items():
        events.add_row(name, str(count))
    screen.print(events)
    reports = Table(title=REPORTS_TITLE.for_(language), title_justify="left")
    for column in ("report", "figure", "before", "after"):
        reports.add_column(column)
    for name, before in report.reports["before"].items():
        after = report.reports["after"][name]
        for figure, value in before["figures"].items():
            reports.add_row(name, figure, _figure(value), _figure(after["figures"][figure]))
    screen.print(reports)


def _figure(figure: Any) -> str:
    value = figure["value"] if isinstance(figure, dict) else figure
    return "—" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
