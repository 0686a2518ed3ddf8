"""What the commands of `ringi events` share: which services and topics, and how a lost part is told."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Annotated, Any

import psycopg
import typer
from aiokafka.errors import KafkaError

from deploy.cli.terminal import fail
from deploy.events.services import SERVICES
from services.contracts.topics import ALL_TOPICS
from services.kit.events.stream import WHAT_TO_DO, StreamGapError

Json = Annotated[bool, typer.Option("--json", help="For machines.")]
Service = Annotated[str | None, typer.Option(help=f"One of {', '.join(SERVICES)}; all without.")]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of `work`; ends the command with two lines if a part is out of reach or has lost records."""
    try:
        return asyncio.run(work)
    except (psycopg.OperationalError, KafkaError, OSError) as error:
        fail(f"A part of the system is out of reach: {error}", "ringi status shows what runs.")
    except StreamGapError as error:
        fail(f"The broker has lost records: {error.gap.reason}.", f"{WHAT_TO_DO}.")


def chosen(service: str | None) -> tuple[str, ...]:
    if service is None:
        return SERVICES
    if service not in SERVICES:
        fail(f"There is no service {service}.", f"Name one of {', '.join(SERVICES)}.")
    return (service,)


def known(topics: Iterable[str] | None) -> list[str] | None:
    """The topics, if there are such; None for all of them."""
    if unknown := set(topics or ()) - set(ALL_TOPICS):
        fail(f"There is no topic {', '.join(sorted(unknown))}.", f"Name some of {', '.join(ALL_TOPICS)}.")
    return list(topics) if topics else None
