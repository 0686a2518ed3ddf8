"""`ringi events republish` and `resume`: bring back what the broker lost, and let stopped consumers go on."""

import sys
from datetime import datetime
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from deploy.cli.events_shared import Service, chosen, known, run
from deploy.cli.target import settings
from deploy.cli.terminal import console, fail
from deploy.events import gaps
from deploy.events.republish import NobodyPublishesError, Selection
from deploy.events.republish import republish as publish_again
from deploy.events.services import databases
from services.kit.running.settings import ServiceSettings

EXAMPLE = "2026-11-01T09:00+09:00"


def republish(
    service: Service = None,
    topic: Annotated[list[str] | None, typer.Option(help="Only events of these topics; all without.")] = None,
    since: Annotated[str | None, typer.Option(help=f"Only events from this time on, such as {EXAMPLE}.")] = None,
    until: Annotated[str | None, typer.Option(help="Only events before this time.")] = None,
) -> None:
    """Publish events again, from the outboxes, beside what happens now. Consumers drop those that they have applied."""
    selection = Selection(_instant(since), _instant(until), known(topic))
    target, services = settings(), chosen(service)
    try:
        numbers: dict[str, int] = run(_republish(target, services, selection))
    except NobodyPublishesError as error:
        fail(f"{error}.", "Start the worker (ringi status): it publishes them. Then call this again for the others.")
    for name, number in numbers.items():
        console().print(f"{name}: {number} events published again.")


async def _republish(target: ServiceSettings, services: tuple[str, ...], selection: Selection) -> dict[str, int]:
    numbers = dict.fromkeys(services, 0)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, transient=True, disable=not sys.stdout.isatty()) as bar:
        async with databases(target, services) as opened:
            for service, db in opened.items():
                task = bar.add_task(service, total=None)
                async for done, total in publish_again(db, selection):
                    bar.update(task, completed=done, total=total)
                    numbers[service] = done
    return numbers


def _instant(text: str | None) -> datetime | None:
    """An instant with its offset: a time without one would mean another thing on the operator's machine."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        fail(f"{text} is no time with its offset from UTC.", f"Write it like {EXAMPLE}.")
    return instant


def resume(service: Service = None) -> None:
    """Let consumers go on that stopped before a gap, from where the broker has events again. First `republish` what the
    gap held: it is lost to them otherwise (ringi verify names it)."""
    target = settings()
    moved: list[gaps.ConsumerGap] = run(_resume(target, chosen(service)))
    if not moved:
        console().print("No consumer stands before a gap.")
        return
    for found in moved:
        console().print(Text(f"{found}; it goes on at {found.gap.resume_at}", style="yellow"))
    console().print("They go on within half a minute. ringi verify shows whether an event is still missing.")


async def _resume(target: ServiceSettings, services: tuple[str, ...]) -> list[gaps.ConsumerGap]:
    async with databases(target, services) as opened:
        found = await gaps.lasting(target.kafka(), opened)
        return [each for each in found if await gaps.step_over(opened[each.service], each)]
