"""`ringi doctor`: check this machine and the run, and say what to mend."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from deploy.cli.terminal import console
from deploy.embedded.diagnosis.machine import Finding, Verdict, examine_machine
from deploy.embedded.diagnosis.run import examine_run
from deploy.embedded.state.home import Home

SIGNS = {Verdict.GOOD: ("✓", "green"), Verdict.WARNING: ("!", "yellow"), Verdict.BAD: ("✗", "bold red")}


def command(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Check this machine and the running parts; say what to mend. Exit code 1 when something is bad."""
    findings = asyncio.run(_examine(Home.from_environment(), quiet=as_json))
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))  # noqa: T201
    if any(finding.verdict is Verdict.BAD for finding in findings):
        raise typer.Exit(1)


async def _examine(home: Home, *, quiet: bool) -> list[Finding]:
    findings = []
    for examination in (examine_machine(home), examine_run(home)):
        async for finding in examination:
            findings.append(finding)
            if not quiet:
                show(finding)
    return findings


def show(finding: Finding) -> None:
    sign, style = SIGNS[finding.verdict]
    out = console()
    out.print(Text.assemble((sign, style), f" {finding.subject}: {finding.detail}"))
    if finding.remedy:
        out.print(Text(f"    {finding.remedy}", style="bold"))
