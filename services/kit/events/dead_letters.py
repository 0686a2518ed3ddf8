"""Dead letters: events that a consumer could not apply, kept with the reason until somebody redrives them."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from services.kit.db.database import CONNECTION_ERRORS, Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.envelope import DeadLettered, Envelope
from services.kit.events.outbox import record_fact
from services.kit.events.positions import Record
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.ids import new_id

log = logging.getLogger(__name__)

REASON_LENGTH = 2000

Apply = Callable[[UnitOfWork, list[Envelope]], Awaitable[None]]


class Redriven(NamedTuple):
    """Numbers of dead letters."""

    applied: int
    failed: int


async def bury(uow: UnitOfWork, *, consumer: str, cluster_id: str, record: Record, reason: str, attempts: int) -> None:
    """Writes the dead letter and its mirror event; the inbox then knows the event, so a replay does not retry it."""
    envelope = record.envelope
    letter = DeadLettered(
        dead_letter_id=new_id(),
        consumer=consumer,
        event_id=envelope.event_id if envelope else None,
        original_type=envelope.event_type if envelope else None,
        reason=reason[:REASON_LENGTH],
        source_topic=record.partition.topic,
        source_partition=record.partition.partition,
        source_offset=record.offset,
        attempts=attempts,
    )
    await uow.execute(
        "INSERT INTO dead_letters (id, consumer, event_id, event_type, aggregate_id, cluster_id, topic, partition,"
        " source_offset, body, reason, attempts, created_at) VALUES (%(dead_letter_id)s, %(consumer)s, %(event_id)s,"
        " %(original_type)s, %(aggregate_id)s, %(cluster_id)s, %(source_topic)s, %(source_partition)s,"
        " %(source_offset)s, %(body)s, %(reason)s, %(attempts)s, %(created_at)s)",
        letter.model_dump()
        | {
            "aggregate_id": envelope.aggregate_id if envelope else None,
            "cluster_id": cluster_id,
            "body": record.body,
            "created_at": clock.now(),
        },
    )
    if envelope is not None:
        await uow.execute(
            "INSERT INTO inbox (consumer, event_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [consumer, envelope.event_id],
        )
    await record_fact(uow, aggregate_id=envelope.aggregate_id if envelope else letter.dead_letter_id, event=letter)


async def redrive(db: Database, *, consumer: str, apply: Apply, ids: Sequence[UUID] | None = None) -> Redriven:
    """Applies open dead letters again, oldest first, each in a transaction of its own; all of them or the given ones.

    One that fails again stays open with the new reason. Raises CONNECTION_ERRORS if the database is lost.
    """
    async with db.reader() as reader:
        letters = await reader.all(
            "SELECT id FROM dead_letters WHERE consumer = %s AND redriven_at IS NULL AND event_id IS NOT NULL"
            " AND (%s::uuid[] IS NULL OR id = ANY(%s)) ORDER BY created_at, id",
            [consumer, ids and list(ids), ids and list(ids)],
        )
    applied = failed = 0
    for letter in letters:
        try:
            applied += await _redrive_one(db, letter["id"], apply)
        except CONNECTION_ERRORS:
            raise
        except Exception as error:
            log.warning("dead letter stays: %r", error, extra={"consumer": consumer, "dead_letter": str(letter["id"])})
            failed += 1
            async with db.transaction(ActorContext.system()) as uow:
                await uow.execute(
                    "UPDATE dead_letters SET attempts = attempts + 1, reason = %s WHERE id = %s",
                    [repr(error)[:REASON_LENGTH], letter["id"]],
                )
    return Redriven(applied, failed)


async def _redrive_one(db: Database, letter_id: UUID, apply: Apply) -> int:
    async with db.transaction(ActorContext.system()) as uow:
        # Two who redrive at once: the second finds nothing left to do.
        letter = await uow.one(
            "SELECT body FROM dead_letters WHERE id = %s AND redriven_at IS NULL FOR UPDATE", [letter_id]
        )
        if letter is None:
            return 0
        await apply(uow, [Envelope.from_json(letter["body"])])
        await uow.execute("UPDATE dead_letters SET redriven_at = %s WHERE id = %s", [clock.now(), letter_id])
    return 1
