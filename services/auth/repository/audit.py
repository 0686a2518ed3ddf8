"""The audit log of all services, and the chain over it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from services.auth.record import AuditLogEntry
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.events.envelope import AuditRecorded

SEALER_LOCK: Final = 7_121_104
"""Advisory lock: one sealer at a time, or the chain would fork."""

VIEW: Final = (
    'l.id, l.at, l.service, l.actor_id AS "actorId", l.on_behalf_of AS "onBehalfOfId", l.action,'
    ' l.resource_type AS "resourceType", l.resource_id AS "resourceId", l.outcome, l.ip,'
    ' l.request_id AS "requestId", l.process_id AS "processId", l.detail,'
    " encode(c.hash, 'hex') AS hash, encode(c.previous_hash, 'hex') AS \"previousHash\""
)
FILTERS: Final = {
    "actor_id": "l.actor_id = %(actor_id)s",
    "action": "l.action = %(action)s",
    "resource_type": "l.resource_type = %(resource_type)s",
    "resource_id": "l.resource_id = %(resource_id)s",
    "process_id": "l.process_id = %(process_id)s",
    "from_": "l.at >= %(from_)s",
    "to": "l.at < %(to)s",
}


async def append(uow: UnitOfWork, entries: Sequence[tuple[AuditRecorded, bytes]]) -> None:
    """Entries with their salts, as they come; one that is there already stays as it is."""
    rows = [
        entry.model_dump(mode="json", exclude={"audit_id"}) | {"id": str(entry.audit_id), "salt": "\\x" + salt.hex()}
        for entry, salt in entries
    ]
    await uow.execute(
        "WITH added AS (INSERT INTO audit_log (id, service, at, actor_id, on_behalf_of, action, resource_type,"
        " resource_id, outcome, ip, request_id, process_id, detail, salt)"
        " SELECT id, service, at, actor_id, on_behalf_of, action, resource_type, resource_id, outcome, ip, request_id,"
        " process_id, CASE WHEN detail = 'null'::jsonb THEN NULL ELSE detail END, salt"
        " FROM jsonb_populate_recordset(NULL::audit_log, %s::jsonb) ORDER BY id ON CONFLICT DO NOTHING RETURNING id)"
        " INSERT INTO audit_unsealed (audit_id) SELECT id FROM added",
        [orjson.dumps(rows).decode()],
    )


async def list_views(reader: Reader, *, limit: int, after: Sequence[Any] | None, filters: dict[str, Any]) -> list[Row]:
    """Newest first; ``after`` is (at, id) of the last one before. One row more than ``limit``, if there is one."""
    given = {name: value for name, value in filters.items() if value is not None}
    conditions = [FILTERS[name] for name in given] or ["true"]
    params: dict[str, Any] = given | {"limit": limit + 1}
    if after is not None:
        conditions.append("(l.at, l.id) < (%(after_at)s, %(after_id)s)")
        params["after_at"], params["after_id"] = after
    return await reader.all(
        f"SELECT {VIEW} FROM audit_log l LEFT JOIN audit_chain c ON c.audit_id = l.id"  # noqa: S608 - constants
        f" WHERE {' AND '.join(conditions)} ORDER BY l.at DESC, l.id DESC LIMIT %(limit)s",
        params,
    )


async def become_sealer(uow: UnitOfWork) -> bool:
    """Whether this transaction may extend the chain."""
    return bool(await uow.scalar("SELECT pg_try_advisory_xact_lock(%s)", [SEALER_LOCK]))


async def head(reader: Reader) -> tuple[int, bytes] | None:
    """Position and hash of the last link."""
    row = await reader.one("SELECT position, hash FROM audit_chain ORDER BY position DESC LIMIT 1")
    return None if row is None else (row["position"], row["hash"])


async def take_unsealed(uow: UnitOfWork, limit: int) -> list[AuditLogEntry]:
    """Committed entries without a link, oldest first; they leave the queue with this transaction."""
    rows = await uow.all(
        "WITH taken AS (DELETE FROM audit_unsealed WHERE audit_id IN"
        " (SELECT audit_id FROM audit_unsealed ORDER BY audit_id LIMIT %s) RETURNING audit_id)"
        " SELECT l.* FROM audit_log l JOIN taken t ON t.audit_id = l.id ORDER BY l.at, l.id",
        [limit],
    )
    return [AuditLogEntry.from_row(row) for row in rows]


async def append_links(uow: UnitOfWork, links: Sequence[tuple[int, UUID, bytes, bytes, bytes]]) -> None:
    """(position, entry, commitment to its detail, previous hash, hash)."""
    await uow.execute(
        "INSERT INTO audit_chain (position, audit_id, detail_commitment, previous_hash, hash)"
        " SELECT * FROM unnest(%s::bigint[], %s::uuid[], %s::bytea[], %s::bytea[], %s::bytea[])",
        [list(column) for column in zip(*links, strict=True)],
    )


async def links(reader: Reader, *, after: int, limit: int) -> list[Row]:
    """The chain from a position on, each link beside its entry (whose ``id`` is None where it is missing)."""
    return await reader.all(
        "SELECT c.position, c.previous_hash, c.hash, c.audit_id, c.detail_commitment, l.*"
        " FROM audit_chain c LEFT JOIN audit_log l ON l.id = c.audit_id WHERE c.position > %s"
        " ORDER BY c.position LIMIT %s",
        [after, limit],
    )


async def unlinked_before(reader: Reader, moment: datetime) -> int:
    """Entries that neither the chain nor the sealer's queue knows: added behind its back."""
    count: int = await reader.scalar(
        "SELECT count(*) FROM audit_log l WHERE l.at < %s"
        " AND NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.audit_id = l.id)"
        " AND NOT EXISTS (SELECT 1 FROM audit_unsealed u WHERE u.audit_id = l.id)",
        [moment],
    )
    return count
