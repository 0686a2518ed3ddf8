"""`ringi events`: the event stream, what consumers could not apply, and the rebuild of the read models."""

import json
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from deploy.cli import events_recovery
from deploy.cli.events_shared import Json, Service, chosen, known, run
from deploy.cli.target import settings
from deploy.cli.terminal import FAILURE, console, fail
from deploy.events import lag as lags
from deploy.events.services import CONSUMERS, databases
from deploy.events.tail import follow
from services.analytics.rebuild import RebuildError, RebuildResult, rebuild
from services.contracts.topics import ALL_TOPICS
from services.kit.events.dead_letters import Redriven
from services.kit.events.envelope import Envelope
from services.kit.running.settings import ServiceSettings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The event stream and its consumers.")

REASON_WIDTH = 100

app.command()(events_recovery.republish)
app.command()(events_recovery.resume)


@app.command()
def tail(
    topic: Annotated[list[str] | None, typer.Option(help="Topics to read; all without.")] = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="From the first event that the broker has.")] = False,
    until_end: Annotated[bool, typer.Option("--until-end", help="Stop at the last event of now.")] = False,
    data: Annotated[bool, typer.Option("--data", help="Show the events' data too: personal data!")] = False,
    as_json: Json = False,
) -> None:
    """Print events as they arrive, until Ctrl-C."""
    topics = known(topic) or ALL_TOPICS
    target = settings()

    async def work() -> None:
        stream = follow(target.kafka(), topics, from_start=from_start, stop_at_end=until_end)
        async for found, event in stream:
            _show_event(found, event, data=data, as_json=as_json)

    try:
        run(work())
    except KeyboardInterrupt:
        raise typer.Exit from None


def _show_event(topic: str, event: Envelope | None, *, data: bool, as_json: bool) -> None:
    if event is None:
        console().print(Text(f"{topic}: a record that is no event", style="red"))
        return
    if as_json:
        document = event.model_dump(by_alias=True, exclude=None if data else {"data"})
        print(orjson.dumps({"topic": topic} | document).decode())  # noqa: T201
        return
    version = "" if event.aggregate_version is None else f" v{event.aggregate_version}"
    line = Text.assemble(
        (event.timestamp.strftime("%m-%d %H:%M:%S.%f")[:-3] + " ", "dim"),
        (f"{event.event_type:<28}", "bold"),
        f" {event.aggregate_id}{version}",
        (f"  by {event.actor_id}" if event.actor_id else "", "dim"),
        (f"  in {event.process_id}" if event.process_id else "", "dim"),
    )
    console().print(line)
    if data:
        console().print(Text("    " + orjson.dumps(event.data).decode(), style="dim"))


@app.command()
def lag(as_json: Json = False) -> None:
    """What waits in the outboxes and before the consumers. Exit code 1 unless all is at rest."""
    target = settings()
    found: lags.Lag = run(_measure(target))
    if as_json:
        print(json.dumps(found.as_json(), indent=2))  # noqa: T201
    else:
        _show_lag(found)
    if not found.at_rest:
        raise typer.Exit(FAILURE)


async def _measure(target: ServiceSettings) -> lags.Lag:
    async with databases(target) as opened:
        return await lags.measure(target.kafka(), opened)


def _show_lag(found: lags.Lag) -> None:
    outboxes = _table("outbox", "events", "waiting", "oldest")
    for outbox in found.outboxes:
        outboxes.add_row(outbox.service, str(outbox.events), str(outbox.waiting), f"{outbox.oldest_seconds:.1f} s")
    consumers = _table("consumer", "behind", "dead letters", "cluster")
    for consumer in found.consumers:
        met = "met" if consumer.met_cluster else "not met yet"
        consumers.add_row(consumer.name, str(consumer.behind), str(consumer.dead_letters), met)
    out = console()
    out.print(f"Cluster {found.cluster_id}")
    out.print(outboxes)
    out.print()
    out.print(consumers)
    for gap in found.gaps:
        out.print(Text(f"Stopped before a gap: {gap}", style="red"))


@app.command("dead-letters")
def dead_letters(service: Service = None, as_json: Json = False) -> None:
    """What consumers could not apply and nobody has redriven. Exit code 1 if there is any."""
    target = settings()
    rows: list[dict[str, Any]] = run(_letters(target, chosen(service)))
    if as_json:
        print(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())  # noqa: T201
    elif not rows:
        console().print("No dead letters.")
    else:
        table = _table("id", "consumer", "event", "aggregate", "attempts", "reason")
        for row in rows:
            reason = row["reason"].splitlines()[0][:REASON_WIDTH]
            table.add_row(
                str(row["id"]),
                row["consumer"],
                row["event_type"] or "(no event)",
                str(row["aggregate_id"] or ""),
                str(row["attempts"]),
                Text(reason),
            )
        console().print(table)
    if rows:
        raise typer.Exit(FAILURE)


async def _letters(target: ServiceSettings, services: tuple[str, ...]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with databases(target, services) as opened:
        for service, db in opened.items():
            async with db.reader() as reader:
                rows = await reader.all(
                    "SELECT id, consumer, event_id, event_type, aggregate_id, topic, partition, source_offset, reason,"
                    " attempts, created_at FROM dead_letters WHERE redriven_at IS NULL ORDER BY created_at, id"
                )
            found += [{"service": service} | row for row in rows]
    return found


@app.command()
def redrive(
    service: Service = None,
    letter: Annotated[list[UUID] | None, typer.Option("--id", help="Only these dead letters.")] = None,
) -> None:
    """Apply dead letters again, after their cause was mended. Exit code 1 if one fails again."""
    target = settings()
    outcome: Redriven = run(_redrive(target, chosen(service), letter))
    console().print(f"{outcome.applied} applied, {outcome.failed} failed again.")
    if outcome.failed:
        raise typer.Exit(FAILURE)


async def _redrive(target: ServiceSettings, services: tuple[str, ...], ids: list[UUID] | None) -> Redriven:
    applied = failed = 0
    async with databases(target, services) as opened:
        for service, db in opened.items():
            for consumer in CONSUMERS[service](db, target.kafka()):
                outcome = await consumer.redrive(ids)
                applied, failed = applied + outcome.applied, failed + outcome.failed
    return Redriven(applied, failed)


@app.command("rebuild")
def rebuild_read_models(
    check: Annotated[
        bool, typer.Option("--check", help="Compare only: leave the live read models as they are.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Exchange even if the stream lacks what the models have.")
    ] = False,
) -> None:
    """Build the read models from the stream, beside the live ones, and exchange them. Exit code 1 with --check if they
    differ."""
    target = settings()
    try:
        result: RebuildResult = run(_rebuild(target, exchange=not check, force=force))
    except RebuildError as error:
        fail(
            f"Not exchanged: {error}.",
            "Wait until ringi events lag is at rest; ringi events republish brings back what the broker lost.",
        )
    out = console()
    out.print(f"{result.records} records read, {result.refused} refused.")
    for reason in result.reasons:
        out.print(Text(f"  {reason}", style="yellow"))
    differing = [difference for difference in result.differences if difference.any]
    for difference in differing:
        out.print(
            f"  {difference.table}: {difference.only_live} only live, {difference.only_shadow} only rebuilt,"
            f" {difference.changed} changed"
        )
    out.print("The rebuilt models are in place." if result.exchanged else "The live models stayed as they are.")
    if check and differing:
        raise typer.Exit(FAILURE)


async def _rebuild(target: ServiceSettings, *, exchange: bool, force: bool) -> RebuildResult:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task("rebuilding", total=None)
        async with databases(target, ("analytics",)) as opened:
            return await rebuild(
                opened["analytics"],
                target.kafka(),
                exchange=exchange,
                force=force,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
