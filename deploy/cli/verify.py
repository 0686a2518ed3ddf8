"""`ringi verify`: hold the invariants against a running system. Reads only; safe in production."""

import asyncio
from typing import Annotated

import orjson
import psycopg
import typer
from aiokafka.errors import KafkaError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from deploy.cli.target import settings
from deploy.cli.terminal import FAILURE, console, fail
from deploy.invariants.catalogue import INVARIANTS
from deploy.invariants.model import Finding
from deploy.invariants.run import verify
from deploy.invariants.system import System
from services.kit.running.settings import ServiceSettings

SETTLE_SECONDS = 30.0
SHOWN = 10


def command(
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    settle: Annotated[float, typer.Option(help="Seconds for suspects to settle before they count.")] = SETTLE_SECONDS,
) -> None:
    """Hold the invariants against a running system; exit code 1 when one is violated."""
    target = settings()
    try:
        findings = asyncio.run(_verify(target, settle, quiet=json))
    except (psycopg.OperationalError, KafkaError, RuntimeError) as error:
        fail(f"A part of the system is out of reach: {error}", "ringi status shows what runs.")
    if json:
        print(orjson.dumps(as_json(findings), option=orjson.OPT_INDENT_2).decode())  # noqa: T201
    else:
        show(findings)
    if not all(finding.holds for finding in findings):
        raise typer.Exit(FAILURE)


async def _verify(target: ServiceSettings, settle: float, *, quiet: bool) -> list[Finding]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, transient=True, disable=quiet) as bar:
        task = bar.add_task("verifying", total=len(INVARIANTS))
        async with await System.open(target) as system:
            return await verify(system, settle_seconds=settle, on_checked=lambda _: bar.advance(task))


def as_json(findings: list[Finding]) -> dict[str, object]:
    return {
        "ok": all(finding.holds for finding in findings),
        "invariants": [
            {
                "key": finding.invariant.key,
                "statement": finding.invariant.statement,
                "holds": finding.holds,
                "violations": [{"subject": v.subject, "detail": v.detail} for v in finding.violations],
            }
            for finding in findings
        ],
    }


def show(findings: list[Finding]) -> None:
    target = console()
    for finding in findings:
        mark = ("✓ ", "green") if finding.holds else ("✗ ", "bold red")
        target.print(Text.assemble(mark, finding.invariant.statement))
        for violation in finding.violations[:SHOWN]:
            target.print(Text(f"    {violation.subject}: {violation.detail}"))
        if len(finding.violations) > SHOWN:
            target.print(Text(f"    and {len(finding.violations) - SHOWN} more"))
    broken = sum(not finding.holds for finding in findings)
    target.print()
    target.print(f"{len(findings)} invariants hold." if not broken else f"{broken} of {len(findings)} are violated.")
