"""Queries on webhook endpoints and what was delivered to them."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import orjson

from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.running import clock


class DeliveryState(StrEnum):
    WAITING = "WAITING"
    DELIVERED = "DELIVERED"
    GIVEN_UP = "GIVEN_UP"


_ENDPOINT: Final = (
    'id, url, description, event_types AS "eventTypes", active, failing_since AS "failingSince",'
    ' disabled_reason AS "disabledReason", previous_until AS "previousSecretUntil", version,'
    ' created_at AS "createdAt", updated_at AS "updatedAt"'
)
_DELIVERY: Final = (
    'seq, id, event_type AS "eventType", state, attempts, created_at AS "createdAt", next_at AS "nextAt",'
    ' tried_at AS "triedAt", duration_ms AS "durationMs", status, answer, reason'
)


async def endpoints(reader: Reader) -> list[Row]:
    return await reader.all(f"SELECT {_ENDPOINT} FROM webhook_endpoints ORDER BY created_at, id")  # noqa: S608


async def endpoint(reader: Reader, endpoint_id: UUID, *, lock: bool = False) -> Row | None:
    return await reader.one(
        f"SELECT {_ENDPOINT} FROM webhook_endpoints WHERE id = %s" + (" FOR UPDATE" if lock else ""),  # noqa: S608
        [endpoint_id],
    )


async def count_endpoints(uow: UnitOfWork) -> int:
    """Locks out others who register meanwhile."""
    await uow.execute("LOCK TABLE webhook_endpoints IN SHARE ROW EXCLUSIVE MODE")
    counted: int = await uow.scalar("SELECT count(*) FROM webhook_endpoints")
    return counted


async def add_endpoint(uow: UnitOfWork, values: Row) -> None:
    await uow.execute(
        "INSERT INTO webhook_endpoints (id, url, description, event_types, active, secret, created_at, updated_at)"
        " VALUES (%(id)s, %(url)s, %(description)s, %(event_types)s, %(active)s, %(secret)s, %(now)s, %(now)s)",
        values | {"now": clock.now()},
    )


async def change_endpoint(uow: UnitOfWork, endpoint_id: UUID, values: Row) -> None:
    """What an administrator says; whoever saves it active has looked at it, so past failures count no more."""
    await uow.execute(
        "UPDATE webhook_endpoints SET url = %(url)s, description = %(description)s, event_types = %(event_types)s,"
        " active = %(active)s, version = version + 1, updated_at = %(now)s,"
        " failing_since = CASE WHEN %(active)s THEN NULL ELSE failing_since END,"
        " disabled_reason = CASE WHEN %(active)s THEN NULL ELSE disabled_reason END WHERE id = %(id)s",
        values | {"id": endpoint_id, "now": clock.now()},
    )


async def delete_endpoint(uow: UnitOfWork, endpoint_id: UUID) -> None:
    await uow.execute("DELETE FROM webhook_deliveries WHERE endpoint_id = %s", [endpoint_id])
    await uow.execute("DELETE FROM webhook_endpoints WHERE id = %s", [endpoint_id])


async def secrets(uow: UnitOfWork) -> list[Row]:
    """Of every endpoint, sealed; held until the transaction ends."""
    return await uow.all("SELECT id, secret, previous_secret FROM webhook_endpoints ORDER BY id FOR UPDATE")


async def reseal(uow: UnitOfWork, endpoint_id: UUID, secret: bytes, previous: bytes | None) -> None:
    await uow.execute(
        "UPDATE webhook_endpoints SET secret = %s, previous_secret = %s WHERE id = %s", [secret, previous, endpoint_id]
    )


async def replace_secret(uow: UnitOfWork, endpoint_id: UUID, secret: bytes, previous_until: datetime) -> None:
    await uow.execute(
        "UPDATE webhook_endpoints SET previous_secret = secret, secret = %s, previous_until = %s,"
        " version = version + 1, updated_at = %s WHERE id = %s",
        [secret, previous_until, clock.now(), endpoint_id],
    )


async def listeners(reader: Reader) -> list[Row]:
    """Ids and event types of the endpoints that are on."""
    return await reader.all("SELECT id, event_types FROM webhook_endpoints WHERE active ORDER BY id")


async def add_deliveries(uow: UnitOfWork, rows: Sequence[Row]) -> None:
    """At most one for an event and endpoint."""
    await uow.execute(
        "INSERT INTO webhook_deliveries (id, endpoint_id, event_id, event_type, body, state, created_at, next_at)"
        " SELECT r.id, r.endpoint_id, r.event_id, r.event_type, r.body, %(state)s, %(now)s, %(now)s"
        " FROM json_to_recordset(%(rows)s::json) AS r (id uuid, endpoint_id uuid, event_id uuid, event_type text,"
        " body text) ORDER BY r.id ON CONFLICT (endpoint_id, event_id) DO NOTHING",
        {"rows": orjson.dumps(rows).decode(), "state": DeliveryState.WAITING, "now": clock.now()},
    )


async def claim(uow: UnitOfWork, limit: int, until: datetime) -> list[Row]:
    """Deliveries whose time has come, with what their endpoints say; nobody else takes them before ``until``."""
    return await uow.all(
        "UPDATE webhook_deliveries AS d SET attempts = d.attempts + 1, next_at = %(until)s FROM webhook_endpoints e"
        " WHERE e.id = d.endpoint_id AND d.id IN (SELECT w.id FROM webhook_deliveries w"
        " JOIN webhook_endpoints x ON x.id = w.endpoint_id AND x.active"
        " WHERE w.next_at <= %(now)s ORDER BY w.next_at LIMIT %(limit)s FOR UPDATE OF w SKIP LOCKED)"
        " RETURNING d.id, d.endpoint_id, d.body, d.attempts, e.url, e.secret, e.previous_secret, e.previous_until",
        {"now": clock.now(), "until": until, "limit": limit},
    )


async def note_try(uow: UnitOfWork, delivery_id: UUID, values: Row) -> None:
    await uow.execute(
        "UPDATE webhook_deliveries SET state = %(state)s, next_at = %(next_at)s, tried_at = %(now)s,"
        " duration_ms = %(duration_ms)s, status = %(status)s, answer = %(answer)s, reason = %(reason)s"
        " WHERE id = %(id)s",
        values | {"id": delivery_id, "now": clock.now()},
    )


async def note_success(uow: UnitOfWork, endpoint_id: UUID) -> None:
    await uow.execute(
        "UPDATE webhook_endpoints SET failing_since = NULL WHERE id = %s AND failing_since IS NOT NULL", [endpoint_id]
    )


async def note_failure(uow: UnitOfWork, endpoint_id: UUID) -> datetime | None:
    """Since when it fails; None if it is off by now."""
    since: datetime | None = await uow.scalar(
        "UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, %s) WHERE id = %s AND active"
        " RETURNING failing_since",
        [clock.now(), endpoint_id],
    )
    return since


async def switch_off(uow: UnitOfWork, endpoint_id: UUID, reason: str) -> None:
    await uow.execute(
        "UPDATE webhook_endpoints SET active = false, disabled_reason = %s, version = version + 1, updated_at = %s"
        " WHERE id = %s",
        [reason, clock.now(), endpoint_id],
    )


async def deliveries(
    reader: Reader, endpoint_id: UUID, *, state: str | None, before: int | None, limit: int
) -> list[Row]:
    """Newest first. ``before``: a sequence number."""
    conditions = "" if state is None else " AND state = %(state)s"
    conditions += "" if before is None else " AND seq < %(before)s"
    params: dict[str, Any] = {"endpoint": endpoint_id, "state": state, "before": before, "limit": limit}
    return await reader.all(
        f"SELECT {_DELIVERY} FROM webhook_deliveries WHERE endpoint_id = %(endpoint)s{conditions}"  # noqa: S608
        " ORDER BY seq DESC LIMIT %(limit)s",
        params,
    )


async def send_again(uow: UnitOfWork, endpoint_id: UUID, delivery_id: UUID) -> Row | None:
    """Under its old id, by which the receiver knows a repeat."""
    return await uow.one(
        f"UPDATE webhook_deliveries SET state = %s, next_at = %s, attempts = 0 WHERE id = %s AND endpoint_id = %s"  # noqa: S608
        f" RETURNING {_DELIVERY}",
        [DeliveryState.WAITING, clock.now(), delivery_id, endpoint_id],
    )


async def clean(uow: UnitOfWork, before: datetime, limit: int) -> int:
    """Deletes a batch of what is older, whatever became of it; returns the number of rows."""
    return await uow.execute(
        "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries WHERE created_at < %s LIMIT %s)",
        [before, limit],
    )
