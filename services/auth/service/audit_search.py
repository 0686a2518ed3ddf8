"""Looking into the audit log: entries with names, and what is taken away as a file."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from services.auth.audit_schemas import AuditFilters
from services.auth.repository import audit, users
from services.auth.service.audit import ids_in
from services.kit.db.database import Database
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.errors import NotFound, Text, Unprocessable
from services.kit.events.audit import record_audit
from services.kit.text.spreadsheets import BYTE_ORDER_MARK, csv_line

EXPORT_LIMIT: Final = 20_000
"""Lines of one file. Who needs more takes it period by period: a file that silently ended would be no evidence."""
EXPORT_BATCH: Final = 500
COLUMNS: Final = (
    "at", "service", "actorId", "actorName", "onBehalfOfId", "onBehalfOfName", "action", "resourceType", "resourceId",
    "number", "outcome", "ip", "requestId", "processId", "detail", "names", "position", "hash", "previousHash", "id",
)  # fmt: skip


async def with_names(reader: Reader, rows: Sequence[Row]) -> Sequence[Row]:
    """The names of then, as the entries kept them; for entries from before that, those of today."""
    nameless = [row for row in rows if row["names"] is None]
    mentioned = {id(row): _mentioned(row) for row in nameless}
    known = await users.names(reader, set().union(*mentioned.values())) if nameless else {}
    for row in rows:
        row["namesKept"] = row["names"] is not None
        if row["names"] is None:
            row["names"] = {str(user_id): known[user_id] for user_id in mentioned[id(row)] if user_id in known}
        row["actorName"] = row["names"].get(str(row["actorId"]))
        row["onBehalfOfName"] = row["names"].get(str(row["onBehalfOfId"]))
    return rows


def _mentioned(row: Row) -> set[UUID]:
    named = {row["actorId"], row["onBehalfOfId"], row["resourceId"]}
    return {user_id for user_id in named if user_id is not None} | set(ids_in(row["detail"]))


async def entry(reader: Reader, audit_id: UUID) -> Row:
    row = await audit.one_view(reader, audit_id)
    if row is None:
        raise NotFound()
    return (await with_names(reader, [row]))[0]


async def begin_export(uow: UnitOfWork, filters: AuditFilters) -> list[UUID]:
    """The entries that go into the file, and an entry that says so. Raises Unprocessable for too many."""
    ids = await audit.found(uow, limit=EXPORT_LIMIT, filters=filters.conditions, descending=filters.descending)
    if len(ids) > EXPORT_LIMIT:
        message = Text(
            f"{EXPORT_LIMIT:,}件を超えています。期間や条件を絞り込んでください",
            f"More than {EXPORT_LIMIT:,} entries: narrow the period or the filter",
        )
        raise Unprocessable.field("/from", "too_many_entries", message, "query")
    given = filters.model_dump(mode="json", by_alias=True, exclude_none=True)
    await record_audit(
        uow,
        action="audit.export",
        resource_type="audit_log",
        resource_id=None,
        detail={"filter": given, "count": len(ids)},
    )
    return ids


async def lines(db: Database, ids: Sequence[UUID]) -> AsyncIterator[str]:
    """The file, a batch at a time."""
    yield BYTE_ORDER_MARK + csv_line(COLUMNS)
    for start in range(0, len(ids), EXPORT_BATCH):
        async with db.reader() as reader:
            rows = await with_names(reader, await audit.views_of(reader, ids[start : start + EXPORT_BATCH]))
        yield "".join(csv_line(_cells(row)) for row in rows)


def _cells(row: Row) -> list[Any]:
    detail = row["detail"] or {}
    texts = {
        "at": row["at"].isoformat().replace("+00:00", "Z"),
        "number": detail.get("number"),
        "detail": None if row["detail"] is None else orjson.dumps(row["detail"]).decode(),
        "names": orjson.dumps(row["names"]).decode() if row["names"] else None,
    }
    return [texts[name] if name in texts else row[name] for name in COLUMNS]
