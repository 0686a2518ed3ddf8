"""Batches of decisions and their items. An item leaves WAITING once, and comes back only by a new attempt."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.kit.db.database import Reader, Row, UnitOfWork
from services.opportunity import amounts
from services.opportunity.errors import FlagsNotAcknowledged

_BATCH = (
    'b.id, b.decision, b.comment, b.attempt, b.process_id AS "processId", b.actor_id AS "actorId",'
    ' asker.name AS "actorName", b.created_at AS "createdAt", b.cancelled_at AS "cancelledAt",'
    " CASE WHEN p.finished_at IS NULL THEN 'RUNNING' ELSE 'FINISHED' END AS state, counted.*"
)
_JOINS = (
    " JOIN processes p ON p.id = b.process_id LEFT JOIN user_copies asker ON asker.id = b.actor_id"
    " CROSS JOIN LATERAL (SELECT count(*) AS total,"
    " count(*) FILTER (WHERE i.status = 'WAITING') AS waiting, count(*) FILTER (WHERE i.status = 'DECIDED') AS decided,"
    " count(*) FILTER (WHERE i.status = 'REFUSED') AS refused, count(*) FILTER (WHERE i.status = 'FAILED') AS failed,"
    " count(*) FILTER (WHERE i.status = 'CANCELLED') AS cancelled"
    " FROM bulk_decision_items i WHERE i.batch_id = b.id) AS counted"
)


# Batches --------------------------------------------------------------------------------------------


async def insert(uow: UnitOfWork, batch: Row, items: Sequence[Row]) -> None:
    """Items in order. Where nobody said what they looked at, it is what the request is now."""
    await uow.execute(
        "INSERT INTO bulk_decisions (id, actor_id, decision, comment, attempt, process_id, ip, request_id, created_at,"
        " changed_at) VALUES (%(id)s, %(actor_id)s, %(decision)s, %(comment)s, %(attempt)s, %(process_id)s, %(ip)s,"
        " %(request_id)s, %(at)s, %(at)s)",
        batch,
    )
    await uow.execute(
        "INSERT INTO bulk_decision_items (batch_id, position, approval_id, revision, stage, acknowledged_flags,"
        " attempt, status) SELECT %(batch_id)s, given.position, given.id, coalesce(given.revision, a.revision),"
        " coalesce(given.stage, a.stage), given.flags, %(attempt)s, 'WAITING'"
        " FROM jsonb_to_recordset(%(items)s::jsonb)"
        " AS given (position integer, id uuid, revision integer, stage integer, flags text[])"
        " LEFT JOIN approvals a ON a.id = given.id",
        {"batch_id": batch["id"], "attempt": batch["attempt"], "items": orjson.dumps(list(items)).decode()},
    )


async def hold_open_ones(uow: UnitOfWork, actor_id: UUID) -> int:
    """How many of the user's batches are not finished; nobody else begins one of theirs before the transaction ends."""
    await uow.execute("SELECT pg_advisory_xact_lock(hashtext('bulk_decisions'), hashtext(%s))", [str(actor_id)])
    count: int = await uow.scalar(
        "SELECT count(*) FROM bulk_decisions b JOIN processes p ON p.id = b.process_id"
        " WHERE b.actor_id = %s AND p.finished_at IS NULL",
        [actor_id],
    )
    return count


async def one(reader: Reader, batch_id: UUID, *, actor_id: UUID | None) -> Row | None:
    """``actor_id``: only if they asked for it; None for who sees all."""
    return await reader.one(
        f"SELECT {_BATCH} FROM bulk_decisions b{_JOINS}"  # noqa: S608
        " WHERE b.id = %(id)s AND (%(actor)s::uuid IS NULL OR b.actor_id = %(actor)s)",
        {"id": batch_id, "actor": actor_id},
    )


async def page(reader: Reader, *, actor_id: UUID | None, after: tuple[datetime, UUID] | None, limit: int) -> list[Row]:
    """The newest first."""
    at, batch_id = after or (None, None)
    return await reader.all(
        f"SELECT {_BATCH} FROM bulk_decisions b{_JOINS}"  # noqa: S608
        " WHERE (%(actor)s::uuid IS NULL OR b.actor_id = %(actor)s)"
        " AND (%(at)s::timestamptz IS NULL OR (b.created_at, b.id) < (%(at)s, %(id)s::uuid))"
        " ORDER BY b.created_at DESC, b.id DESC LIMIT %(limit)s",
        {"actor": actor_id, "at": at, "id": batch_id, "limit": limit},
    )


async def lock(uow: UnitOfWork, batch_id: UUID, actor_id: UUID) -> Row | None:
    """The user's own batch, with whether its newest attempt has ``ended``."""
    return await uow.one(
        "SELECT b.id, b.attempt, p.finished_at IS NOT NULL AS ended FROM bulk_decisions b"
        " JOIN processes p ON p.id = b.process_id WHERE b.id = %s AND b.actor_id = %s FOR UPDATE OF b",
        [batch_id, actor_id],
    )


async def begin_attempt(uow: UnitOfWork, batch_id: UUID, *, attempt: int, process_id: UUID, at: datetime) -> None:
    await uow.execute(
        "UPDATE bulk_decisions SET attempt = %s, process_id = %s, changed_at = %s WHERE id = %s",
        [attempt, process_id, at, batch_id],
    )


async def note_cancel(uow: UnitOfWork, batch_id: UUID, at: datetime) -> None:
    await uow.execute(
        "UPDATE bulk_decisions SET cancelled_at = coalesce(cancelled_at, %(at)s), changed_at = %(at)s"
        " WHERE id = %(id)s",
        {"id": batch_id, "at": at},
    )


async def delete_old(uow: UnitOfWork, before: datetime, limit: int) -> int:
    """Batches whose last attempt was asked for before this instant and has ended, with their items."""
    return await uow.execute(
        "DELETE FROM bulk_decisions WHERE id IN (SELECT b.id FROM bulk_decisions b JOIN processes p ON p.id ="
        " b.process_id WHERE b.changed_at < %(before)s AND p.finished_at < %(before)s ORDER BY b.changed_at"
        " LIMIT %(limit)s)",
        {"before": before, "limit": limit},
    )


# Items ----------------------------------------------------------------------------------------------


async def items(
    reader: Reader,
    batch_id: UUID,
    *,
    visible: str,
    params: dict[str, Any],
    status: str | None,
    after: int | None,
    limit: int,
) -> list[Row]:
    """In the order in which they were asked for. ``visible``: which requests (``a``) the caller is shown."""
    return await reader.all(
        "SELECT i.approval_id AS id, i.position, i.status, i.revision, i.stage,"  # noqa: S608
        ' i.acknowledged_flags AS "acknowledgedFlags", i.attempt, i.ended_at AS "endedAt", i.problem, a.number,'
        f' a.title, customer.name AS "customerName", {amounts.as_json("a")} AS amount, a.currency,'
        ' a.state AS "approvalState"'
        f" FROM bulk_decision_items i LEFT JOIN approvals a ON a.id = i.approval_id AND {visible}"
        " LEFT JOIN customer_copies customer ON customer.id = a.customer_id"
        " WHERE i.batch_id = %(batch)s AND (%(status)s::text IS NULL OR i.status = %(status)s)"
        " AND (%(after)s::integer IS NULL OR i.position > %(after)s) ORDER BY i.position LIMIT %(limit)s",
        params | {"batch": batch_id, "status": status, "after": after, "limit": limit},
    )


async def waiting(reader: Reader, batch_id: UUID, limit: int) -> list[UUID]:
    rows = await reader.all(
        "SELECT approval_id FROM bulk_decision_items WHERE batch_id = %s AND status = 'WAITING' ORDER BY position"
        " LIMIT %s",
        [batch_id, limit],
    )
    return [row["approval_id"] for row in rows]


async def count_waiting(reader: Reader, batch_id: UUID) -> int:
    count: int = await reader.scalar(
        "SELECT count(*) FROM bulk_decision_items WHERE batch_id = %s AND status = 'WAITING'", [batch_id]
    )
    return count


async def order(reader: Reader, batch_id: UUID, approval_id: UUID) -> Row | None:
    """What a waiting item asks for, and who asks; None once it has ended."""
    return await reader.one(
        "SELECT b.actor_id, b.decision, b.comment, b.ip, b.request_id, i.revision, i.stage, i.acknowledged_flags,"
        " i.attempt FROM bulk_decision_items i JOIN bulk_decisions b ON b.id = i.batch_id"
        " WHERE i.batch_id = %s AND i.approval_id = %s AND i.status = 'WAITING'",
        [batch_id, approval_id],
    )


async def lock_item(uow: UnitOfWork, batch_id: UUID, approval_id: UUID) -> Row | None:
    """``status``, and the process that decides the batch."""
    return await uow.one(
        "SELECT i.status, b.process_id FROM bulk_decision_items i JOIN bulk_decisions b ON b.id = i.batch_id"
        " WHERE i.batch_id = %s AND i.approval_id = %s FOR UPDATE OF i",
        [batch_id, approval_id],
    )


async def end_decided(uow: UnitOfWork, batch_id: UUID, approval_id: UUID, at: datetime) -> None:
    """Whatever it was thought to be: a command that had been given up may commit late, and this is the truth."""
    await uow.execute(
        "UPDATE bulk_decision_items SET status = 'DECIDED', problem = NULL, ended_at = %s"
        " WHERE batch_id = %s AND approval_id = %s",
        [at, batch_id, approval_id],
    )


async def end_undecided(
    uow: UnitOfWork, batch_id: UUID, approval_id: UUID, *, status: str, problem: dict[str, Any], at: datetime
) -> None:
    """Does nothing to an item that has ended."""
    await uow.execute(
        "UPDATE bulk_decision_items SET status = %s, problem = %s::jsonb, ended_at = %s"
        " WHERE batch_id = %s AND approval_id = %s AND status = 'WAITING'",
        [status, orjson.dumps(problem).decode(), at, batch_id, approval_id],
    )


async def cancel_waiting(uow: UnitOfWork, batch_id: UUID, at: datetime) -> int:
    return await uow.execute(
        "UPDATE bulk_decision_items SET status = 'CANCELLED', ended_at = %s WHERE batch_id = %s AND status = 'WAITING'",
        [at, batch_id],
    )


async def wait_again(uow: UnitOfWork, batch_id: UUID, attempt: int, noted: Sequence[Row]) -> int:
    """What failed, and of what was refused for points to note the ``noted``; how many that is."""
    return await uow.execute(
        "WITH noted AS (SELECT id, flags FROM jsonb_to_recordset(%(noted)s::jsonb) AS given (id uuid, flags text[]))"
        " UPDATE bulk_decision_items AS i SET status = 'WAITING', problem = NULL, ended_at = NULL,"
        " attempt = %(attempt)s, acknowledged_flags = coalesce((SELECT array(SELECT DISTINCT flag FROM"
        " unnest(i.acknowledged_flags || noted.flags) AS flag ORDER BY flag) FROM noted WHERE noted.id ="
        " i.approval_id), i.acknowledged_flags)"
        " WHERE i.batch_id = %(batch)s AND (i.status = 'FAILED' OR i.status = 'REFUSED'"
        " AND i.problem ->> 'code' = %(unnoted)s AND i.approval_id IN (SELECT id FROM noted))",
        {
            "batch": batch_id,
            "attempt": attempt,
            "noted": orjson.dumps(list(noted)).decode(),
            "unnoted": FlagsNotAcknowledged.code,
        },
    )
