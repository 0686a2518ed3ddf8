"""`ringi status`: what runs, since when, how well, in how much memory."""

import asyncio
import json
from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from deploy.cli.terminal import console
from deploy.embedded.diagnosis.health import RunHealth, look_at
from deploy.embedded.state.home import Home

NOT_RUNNING = 3
UNHEALTHY = 1


def command(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """What runs, since when, how well, and in how much memory. Exit code 0 healthy, 1 not healthy, 3 not running."""
    health = asyncio.run(look_at(Home.from_environment()))
    if as_json:
        print(json.dumps(health.to_json(), indent=2))  # noqa: T201 - for machines
    else:
        show(health)
    if not health.healthy:
        raise typer.Exit(UNHEALTHY if health.running else NOT_RUNNING)


def show(health: RunHealth) -> None:
    out = console()
    if not health.running:
        out.print(f"Nothing runs in {health.home}. Start it with: make up")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("part", "health"):
        table.add_column(heading)
    for heading in ("pid", "up", "memory", "restarts"):
        table.add_column(heading, justify="right")
    table.add_column("address")
    for part in health.parts:
        uptime = "" if part.uptime_seconds is None else str(timedelta(seconds=int(part.uptime_seconds)))
        shown = "[green]ok[/]" if part.healthy else f"[red]{part.state}, not answering[/]"
        memory = f"{part.memory_bytes / 2**20:.0f} MB"
        table.add_row(part.name, shown, str(part.pid or ""), uptime, memory, str(part.restarts), part.address)
    table.add_row("all", "", "", "", f"{health.memory_bytes / 2**20:.0f} MB")
    out.print(table)
