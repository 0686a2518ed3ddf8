"""A second read model beside the live one: built from nothing, compared, and exchanged for it in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.analytics.models import READ_MODEL
from services.analytics.projections import processes
from services.analytics.projections.events import Event
from services.analytics.projections.histories import HISTORIES
from services.analytics.projections.model import PROJECTIONS, SWAP_LOCK, bump, sorted_out
from services.kit.db import grants
from services.kit.db.unit_of_work import Reader, UnitOfWork
from services.kit.running import clock

SERVICE: Final = "analytics"
SHADOW: Final = "read_model_shadow"
_RETIRED: Final = "read_model_retired"
_HISTORY_TABLES: Final = frozenset(history.table for history in HISTORIES)
_INDEXES: Final = (
    "SELECT indexdef FROM pg_indexes WHERE schemaname = %s AND indexname NOT IN"
    " (SELECT conname FROM pg_constraint WHERE contype = 'p') ORDER BY indexname"
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows of one table: only in the live model, only in the shadow, in both but not the same."""

    table: str
    only_live: int
    only_shadow: int
    changed: int

    @property
    def any(self) -> bool:
        return bool(self.only_live or self.only_shadow or self.changed)


async def create(uow: UnitOfWork) -> None:
    """The live model's tables, empty. Histories get their indexes at the end, when that is cheap."""
    await uow.execute(f"DROP SCHEMA IF EXISTS {SHADOW} CASCADE")
    await uow.execute(f"CREATE SCHEMA {SHADOW}")
    for table in await _tables(uow):
        await uow.execute(f"CREATE TABLE {SHADOW}.{table} (LIKE {READ_MODEL}.{table} INCLUDING DEFAULTS)")
        if table not in _HISTORY_TABLES:
            await _add_primary_key(uow, table)
    for history in HISTORIES:
        await history.begin_load(uow, schema=SHADOW)


async def _add_primary_key(uow: UnitOfWork, table: str) -> None:
    definition = await uow.scalar(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'p' AND conrelid = %s::regclass",
        [f"{READ_MODEL}.{table}"],
    )
    await uow.execute(f"ALTER TABLE {SHADOW}.{table} ADD CONSTRAINT {table}_pkey {definition}")


async def load(uow: UnitOfWork, events: Sequence[Event]) -> None:
    """Takes events as they come; ``finish`` puts them in order once for all of them."""
    batches, process_events = sorted_out(events)
    for history, batch in batches.items():
        await history.load(uow, batch, schema=SHADOW)
    if process_events:
        await processes.apply(uow, process_events, schema=SHADOW)


async def follow(uow: UnitOfWork, events: Sequence[Event]) -> None:
    """Applies what came after ``finish`` as the live consumer would."""
    batches, process_events = sorted_out(events)
    for history, batch in batches.items():
        await history.apply(uow, batch, schema=SHADOW)
    if process_events:
        await processes.apply(uow, process_events, schema=SHADOW)


async def finish(uow: UnitOfWork) -> None:
    """Times of validity, metrics and indexes of everything that was loaded."""
    for history in HISTORIES:
        await history.finish_load(uow, schema=SHADOW)
        await _add_primary_key(uow, history.table)
    for row in await uow.all(_INDEXES, [READ_MODEL]):
        await uow.execute(row["indexdef"].replace(f" ON {READ_MODEL}.", f" ON {SHADOW}.", 1))
    for table in await _tables(uow):
        await uow.execute(f"ANALYZE {SHADOW}.{table}")


async def compare(reader: Reader) -> list[Difference]:
    """Table by table. Rows that are in the one model only may simply not have been consumed by the other yet."""
    differences = []
    for table in await _tables(reader):
        key = await reader.scalar(
            "SELECT string_agg(quote_ident(a.attname), ', ') FROM pg_index i JOIN pg_attribute a"
            " ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)"
            " WHERE i.indisprimary AND i.indrelid = %s::regclass",
            [f"{READ_MODEL}.{table}"],
        )
        row = await reader.one(
            "SELECT count(*) FILTER (WHERE shadow IS NULL) AS only_live,"
            " count(*) FILTER (WHERE live IS NULL) AS only_shadow,"
            " count(*) FILTER (WHERE live::text <> shadow::text) AS changed"
            f" FROM {READ_MODEL}.{table} live FULL JOIN {SHADOW}.{table} shadow USING ({key})"
        )
        assert row is not None  # an aggregate always has a row
        differences.append(Difference(table, row["only_live"], row["only_shadow"], row["changed"]))
    return differences


async def lock(uow: UnitOfWork) -> None:
    """Waits for the batch that is being applied, and keeps the next from starting until this transaction ends."""
    await uow.all("SELECT pg_advisory_xact_lock(%s)", [SWAP_LOCK])


async def exchange(uow: UnitOfWork) -> None:
    """The shadow becomes what readers see: between two of their statements, never within one."""
    await uow.execute(f"ALTER SCHEMA {READ_MODEL} RENAME TO {_RETIRED}")
    await uow.execute(f"ALTER SCHEMA {SHADOW} RENAME TO {READ_MODEL}")
    for statement, parameters in grants.statements(SERVICE):
        await uow.execute(statement, parameters)
    await bump(uow, PROJECTIONS, clock.now().isoformat())


async def drop(uow: UnitOfWork) -> None:
    """Removes what is left of a rebuild; waits for readers that are still at it."""
    await uow.execute(f"DROP SCHEMA IF EXISTS {SHADOW} CASCADE")
    await uow.execute(f"DROP SCHEMA IF EXISTS {_RETIRED} CASCADE")


async def _tables(reader: Reader) -> list[str]:
    rows = await reader.all("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename", [READ_MODEL])
    return [row["tablename"] for row in rows]
