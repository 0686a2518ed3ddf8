"""The outbox: every change of an aggregate writes its event in the same transaction.

One function changes an aggregate's version and writes its event, so the versions in the event stream have no gaps.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

from psycopg import sql

from services.kit.db.database import OUTBOX_CHANNEL
from services.kit.db.unit_of_work import Row, UnitOfWork, identifier
from services.kit.events.envelope import EventPayload
from services.kit.running import clock
from services.kit.running.ids import new_id

_COLUMNS = (
    "event_id, created_at, topic, event_type, schema_version, aggregate_id, aggregate_version, "
    "actor_id, process_id, traceparent, data"
)
_INSERT = (
    f"INSERT INTO outbox ({_COLUMNS}) VALUES (%(event_id)s, %(created_at)s, %(topic)s, %(event_type)s, "  # noqa: S608
    "%(schema_version)s, %(aggregate_id)s, %(aggregate_version)s, %(actor_id)s, %(process_id)s, %(traceparent)s, "
    "%(data)s::jsonb)"
)
_INSERT_MANY = (
    f"INSERT INTO outbox ({_COLUMNS}) SELECT event_id, %(created_at)s, topic, event_type, schema_version, "  # noqa: S608
    "aggregate_id, aggregate_version, %(actor_id)s, %(process_id)s, %(traceparent)s, data::jsonb "
    "FROM unnest(%(event_ids)s::uuid[], %(topics)s::text[], %(event_types)s::text[], %(schema_versions)s::int[], "
    "%(aggregate_ids)s::uuid[], %(aggregate_versions)s::int[], %(data)s::text[]) WITH ORDINALITY AS event "
    "(event_id, topic, event_type, schema_version, aggregate_id, aggregate_version, data, position) ORDER BY position"
)


class AggregateMissingError(LookupError):
    """The row whose version was to change does not exist: a defect of the caller, who should have locked it."""

    def __init__(self, table: str, aggregate_ids: Sequence[UUID]) -> None:
        super().__init__(f"{table} has no row {', '.join(map(str, aggregate_ids))}")


@lru_cache(maxsize=64)
def _change_statement(table: str) -> sql.Composed:
    return sql.SQL(
        "WITH bumped AS (UPDATE {table} SET event_version = event_version + 1 WHERE id = %(aggregate_id)s"
        " RETURNING event_version) INSERT INTO outbox ({columns})"
        " SELECT %(event_id)s, %(created_at)s, %(topic)s, %(event_type)s, %(schema_version)s, %(aggregate_id)s,"
        " event_version, %(actor_id)s, %(process_id)s, %(traceparent)s, %(data)s::jsonb FROM bumped"
        " RETURNING aggregate_version"
    ).format(table=identifier(table), columns=sql.SQL(_COLUMNS))


@lru_cache(maxsize=64)
def _bump_statement(table: str) -> sql.Composed:
    return sql.SQL(
        "UPDATE {table} AS aggregate SET event_version = event_version + bump.n"
        " FROM (SELECT * FROM unnest(%(ids)s::uuid[], %(counts)s::int[]) AS u (id, n) ORDER BY id) AS bump"
        " WHERE aggregate.id = bump.id RETURNING aggregate.id, aggregate.event_version"
    ).format(table=identifier(table))


def _common(uow: UnitOfWork, process_id: UUID | None = None) -> Row:
    uow.wakes.add(OUTBOX_CHANNEL)
    return {
        "created_at": clock.now(),
        "actor_id": uow.context.actor_id,
        "process_id": process_id or uow.context.process_id,
        "traceparent": uow.context.traceparent,
    }


def _single(
    uow: UnitOfWork, aggregate_id: UUID, version: int | None, event: EventPayload, process_id: UUID | None
) -> Row:
    return _common(uow, process_id) | {
        "event_id": new_id(),
        "topic": event.topic,
        "event_type": event.event_type,
        "schema_version": event.schema_version,
        "aggregate_id": aggregate_id,
        "aggregate_version": version,
        "data": event.model_dump_json(by_alias=True),
    }


async def record_change(
    uow: UnitOfWork, *, table: str, aggregate_id: UUID, event: EventPayload, process_id: UUID | None = None
) -> int:
    """Raises the ``event_version`` of the row and writes the event with it; returns the new version.

    Raises AggregateMissingError if the row does not exist.
    """
    params = _single(uow, aggregate_id, None, event, process_id)
    version: int | None = await uow.scalar(_change_statement(table), params)
    if version is None:
        raise AggregateMissingError(table, [aggregate_id])
    return version


async def record_created(
    uow: UnitOfWork, *, aggregate_id: UUID, event: EventPayload, process_id: UUID | None = None
) -> None:
    """The first event of a row that this transaction inserted with ``event_version = 1``."""
    await uow.execute(_INSERT, _single(uow, aggregate_id, 1, event, process_id))


async def record_fact(
    uow: UnitOfWork, *, aggregate_id: UUID, event: EventPayload, process_id: UUID | None = None
) -> None:
    """An event that changes no state, such as a login: it carries no version."""
    await uow.execute(_INSERT, _single(uow, aggregate_id, None, event, process_id))


async def record_changes(uow: UnitOfWork, *, table: str, events: Sequence[tuple[UUID, EventPayload]]) -> None:
    """``record_change`` for many rows in two statements. Several events of one row get consecutive versions."""
    if not events:
        return
    counts = Counter(aggregate_id for aggregate_id, _ in events)
    params = {"ids": list(counts), "counts": list(counts.values())}
    rows = await uow.all(_bump_statement(table), params)
    last_used = {row["id"]: row["event_version"] - counts[row["id"]] for row in rows}
    if missing := counts.keys() - last_used.keys():
        raise AggregateMissingError(table, sorted(missing))
    versions: list[int | None] = []
    for aggregate_id, _ in events:
        last_used[aggregate_id] += 1
        versions.append(last_used[aggregate_id])
    await _insert_many(uow, events, versions)


async def record_created_many(uow: UnitOfWork, *, events: Sequence[tuple[UUID, EventPayload]]) -> None:
    """``record_created`` for many freshly inserted rows in one statement."""
    await _insert_many(uow, events, [1] * len(events))


async def _insert_many(
    uow: UnitOfWork,
    events: Sequence[tuple[UUID, EventPayload]],
    versions: Sequence[int | None],
) -> None:
    if not events:
        return
    payloads = [event for _, event in events]
    params = _common(uow) | {
        "event_ids": [new_id() for _ in events],
        "topics": [event.topic for event in payloads],
        "event_types": [event.event_type for event in payloads],
        "schema_versions": [event.schema_version for event in payloads],
        "aggregate_ids": [aggregate_id for aggregate_id, _ in events],
        "aggregate_versions": list(versions),
        "data": [event.model_dump_json(by_alias=True) for event in payloads],
    }
    await uow.execute(_INSERT_MANY, params)
