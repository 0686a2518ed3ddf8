"""The audit log of all services, and the chain over it. Reading changes nothing; all else only adds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
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
    ' l.request_id AS "requestId", l.process_id AS "processId", l.detail, l.names, c.position,'
    " encode(c.hash, 'hex') AS hash, encode(c.previous_hash, 'hex') AS \"previousHash\""
)
FROM: Final = " FROM audit_log l LEFT JOIN audit_chain c ON c.audit_id = l.id"
FILTERS: Final = {
    "actor_id": "l.actor_id = %(actor_id)s",
    "on_behalf_of_id": "l.on_behalf_of = %(on_behalf_of_id)s",
    "action": "l.action = ANY(%(action)s)",
    "resource_type": "l.resource_type = %(resource_type)s",
    "resource_id": "l.resource_id = %(resource_id)s",
    "number": "l.detail ->> 'number' = %(number)s",
    "outcome": "l.outcome = %(outcome)s",
    "ip": "l.ip = %(ip)s",
    "request_id": "l.request_id = %(request_id)s",
    "process_id": "l.process_id = %(process_id)s",
    "from_": "l.at >= %(from_)s",
    "to": "l.at < %(to)s",
}
"""Each has an index that also holds the order."""


class Arrival(NamedTuple):
    """An entry as it comes, with its salt and the names of whom it mentions."""

    entry: AuditRecorded
    salt: bytes
    names: dict[str, str]


async def append(uow: UnitOfWork, arrivals: Sequence[Arrival]) -> None:
    """One that is there already stays as it is."""
    rows = [
        entry.model_dump(mode="json", exclude={"audit_id"})
        | {"id": str(entry.audit_id), "salt": "\\x" + salt.hex(), "names": names}
        for entry, salt, names in arrivals
    ]
    await uow.execute(
        "WITH added AS (INSERT INTO audit_log (id, service, at, actor_id, on_behalf_of, action, resource_type,"
        " resource_id, outcome, ip, request_id, process_id, detail, salt, names)"
        " SELECT id, service, at, actor_id, on_behalf_of, action, resource_type, resource_id, outcome, ip, request_id,"
        " process_id, CASE WHEN detail = 'null'::jsonb THEN NULL ELSE detail END, salt, names"
        " FROM jsonb_populate_recordset(NULL::audit_log, %s::jsonb) ORDER BY id ON CONFLICT DO NOTHING RETURNING id)"
        " INSERT INTO audit_unsealed (audit_id) SELECT id FROM added",
        [orjson.dumps(rows).decode()],
    )


async def list_views(
    reader: Reader, *, limit: int, after: Sequence[Any] | None, filters: dict[str, Any], descending: bool = True
) -> list[Row]:
    """By time; ``after`` is (at, id) of the last one before. One row more than ``limit``, if there is one."""
    where, params = _where(filters)
    order, beyond = ("DESC", "<") if descending else ("ASC", ">")
    if after is not None:
        where += f" AND (l.at, l.id) {beyond} (%(after_at)s, %(after_id)s)"
        params["after_at"], params["after_id"] = after
    return await reader.all(
        f"SELECT {VIEW}{FROM} WHERE {where} ORDER BY l.at {order}, l.id {order} LIMIT %(limit)s",
        params | {"limit": limit + 1},
    )


async def one_view(reader: Reader, audit_id: UUID) -> Row | None:
    return await reader.one(f"SELECT {VIEW}{FROM} WHERE l.id = %s", [audit_id])


async def found(reader: Reader, *, limit: int, filters: dict[str, Any], descending: bool = True) -> list[UUID]:
    """Ids of what the filters find, by time, and of one more than ``limit``."""
    where, params = _where(filters)
    order = "DESC" if descending else "ASC"
    rows = await reader.all(
        f"SELECT l.id FROM audit_log l WHERE {where} ORDER BY l.at {order}, l.id {order} LIMIT %(limit)s",  # noqa: S608
        params | {"limit": limit + 1},
    )
    return [row["id"] for row in rows]


async def views_of(reader: Reader, ids: Sequence[UUID]) -> list[Row]:
    """In the order of the ids."""
    return await reader.all(
        f"SELECT {VIEW} FROM unnest(%s::uuid[]) WITH ORDINALITY AS wanted (id, place)"  # noqa: S608 - constants
        " JOIN audit_log l ON l.id = wanted.id LEFT JOIN audit_chain c ON c.audit_id = l.id ORDER BY wanted.place",
        [list(ids)],
    )


def _where(filters: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    given = {name: value for name, value in filters.items() if value is not None}
    return " AND ".join([FILTERS[name] for name in given] or ["true"]), given


async def become_sealer(uow: UnitOfWork) -> bool:
    """Whether this transaction may extend the chain."""
    return bool(await uow.scalar("SELECT pg_try_advisory_xact_lock(%s)", [SEALER_LOCK]))


async def head(reader: Reader) -> tuple[int, bytes] | None:
    """Position and hash of the last link."""
    row = await reader.one("SELECT position, hash FROM audit_chain ORDER BY position DESC LIMIT 1")
    return None if row is None else (row["position"], row["hash"])


async def hash_at(reader: Reader, position: int) -> bytes | None:
    """Of one link."""
    found = await reader.scalar("SELECT hash FROM audit_chain WHERE position = %s", [position])
    return None if found is None else bytes(found)


async def take_unsealed(uow: UnitOfWork, limit: int) -> list[AuditLogEntry]:
    """Committed entries without a link, oldest first; they leave the queue with this transaction."""
    rows = await uow.all(
        "WITH taken AS (DELETE FROM audit_unsealed WHERE audit_id IN"
        " (SELECT audit_id FROM audit_unsealed ORDER BY audit_id LIMIT %s) RETURNING audit_id)"
        " SELECT l.* FROM audit_log l JOIN taken t ON t.audit_id = l.id ORDER BY l.at, l.id",
        [limit],
    )
    return [AuditLogEntry.from_row(row) for row in rows]


async def append_links(uow: UnitOfWork, links: Sequence[tuple[int, UUID, bytes, bytes, bytes, int]]) -> None:
    """(position, entry, commitment to its content, previous hash, hash, form of the commitment)."""
    await uow.execute(
        "INSERT INTO audit_chain (position, audit_id, detail_commitment, previous_hash, hash, form)"
        " SELECT * FROM unnest(%s::bigint[], %s::uuid[], %s::bytea[], %s::bytea[], %s::bytea[], %s::smallint[])",
        [list(column) for column in zip(*links, strict=True)],
    )


async def links(reader: Reader, *, after: int, limit: int) -> list[Row]:
    """The chain from a position on, each link beside its entry (whose ``id`` is None where it is missing)."""
    return await reader.all(
        "SELECT c.position, c.previous_hash, c.hash, c.audit_id, c.detail_commitment, c.form, l.*"
        " FROM audit_chain c LEFT JOIN audit_log l ON l.id = c.audit_id WHERE c.position > %s"
        " ORDER BY c.position LIMIT %s",
        [after, limit],
    )


async def unlinked(reader: Reader, since: datetime | None, before: datetime) -> int:
    """Entries that neither the chain nor the sealer's queue knows: added behind its back. ``since`` None: of all."""
    count: int = await reader.scalar(
        "SELECT count(*) FROM audit_log l WHERE l.at >= coalesce(%s::timestamptz, '-infinity') AND l.at < %s"
        " AND NOT EXISTS (SELECT 1 FROM audit_chain c WHERE c.audit_id = l.id)"
        " AND NOT EXISTS (SELECT 1 FROM audit_unsealed u WHERE u.audit_id = l.id)",
        [since, before],
    )
    return count
