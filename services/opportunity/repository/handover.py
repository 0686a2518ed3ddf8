"""Where a leaver still has a part, and what was moved from whom to whom."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from services.contracts.states import ApprovalState
from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.running.ids import new_id
from services.opportunity.repository import routes

_OPEN = [ApprovalState.PENDING.value, ApprovalState.RETURNED.value, ApprovalState.ON_HOLD.value]
_OWNED = [*_OPEN, ApprovalState.DRAFT.value]

_NAMED = (
    "FROM approvals a WHERE a.state = ANY(%(open)s) AND a.id IN (SELECT p.approval_id FROM approval_participants p"
    " WHERE p.user_id = %(user)s AND p.relation IN ('APPROVER', 'ESCALATION', 'VIEWER', 'REVIEWER', 'LATER'))"
    " AND EXISTS (SELECT 1 FROM jsonb_array_elements(a.stages) WITH ORDINALITY AS s (stage, position)"
    "  WHERE s.stage -> 'viewerIds' ? %(text)s OR s.stage -> 'reviewerIds' ? %(text)s"
    "   OR s.position > a.stage AND (s.stage ->> 'escalateTo' = %(text)s"
    "   OR ((s.stage -> 'approverIds' ? %(text)s OR s.stage ->> 'escalatedTo' = %(text)s)"
    "    AND NOT (s.position = a.stage + 1 AND %(user)s = ANY(a.approved_by)))))"
)
"""Open requests that ask something of the user in the current or a later stage, or show them something in any; a vote
that was given stays."""


def _params(user_id: UUID) -> dict[str, Any]:
    return {"user": user_id, "text": str(user_id), "open": _OPEN}


async def shift_places(uow: UnitOfWork, approval_id: UUID, position: int) -> None:
    """A stage was added there: what was recorded of stages from there on is about the next one."""
    await uow.execute(
        "UPDATE approval_moves m SET detail = jsonb_set(m.detail, '{places}', (SELECT jsonb_agg(CASE WHEN"
        " (place ->> 'position')::int >= %(position)s THEN jsonb_set(place, '{position}',"
        " to_jsonb((place ->> 'position')::int + 1)) ELSE place END ORDER BY number)"
        " FROM jsonb_array_elements(m.detail -> 'places') WITH ORDINALITY AS e (place, number)))"
        " WHERE m.resource_id = %(id)s AND m.kind = 'APPROVER' AND m.returned_by IS NULL"
        " AND jsonb_array_length(m.detail -> 'places') > 0",
        {"id": approval_id, "position": position},
    )


async def naming(reader: Reader, user_id: UUID, limit: int) -> list[UUID]:
    rows = await reader.all(f"SELECT a.id {_NAMED} ORDER BY a.id LIMIT %(limit)s", _params(user_id) | {"limit": limit})
    return [row["id"] for row in rows]


async def count_naming(reader: Reader, user_id: UUID) -> int:
    count: int = await reader.scalar(f"SELECT count(*) {_NAMED}", _params(user_id))
    return count


_ASKED = (
    "FROM approvals a WHERE a.state IN ('PENDING', 'ON_HOLD') AND a.id IN (SELECT p.approval_id"
    " FROM approval_participants p WHERE p.user_id = %(user)s AND p.relation = 'ASKED')"
    " AND a.opinions @> jsonb_build_array(jsonb_build_object('askedId', %(user)s::text, 'answerId', NULL,"
    " 'generation', a.generation, 'revision', a.revision, 'stage', a.stage))"
)
"""Requests that await the user's opinion in their present stage."""


async def asked(reader: Reader, user_id: UUID, limit: int) -> list[UUID]:
    rows = await reader.all(f"SELECT a.id {_ASKED} ORDER BY a.id LIMIT %(limit)s", {"user": user_id, "limit": limit})
    return [row["id"] for row in rows]


async def count_asked(reader: Reader, user_id: UUID) -> int:
    count: int = await reader.scalar(f"SELECT count(*) {_ASKED}", {"user": user_id})
    return count


async def owned(reader: Reader, user_id: UUID, limit: int) -> list[UUID]:
    rows = await reader.all(
        "SELECT id FROM approvals WHERE owner_id = %s AND state = ANY(%s) ORDER BY id LIMIT %s",
        [user_id, _OWNED, limit],
    )
    return [row["id"] for row in rows]


async def count_owned(reader: Reader, user_id: UUID) -> int:
    count: int = await reader.scalar(
        "SELECT count(*) FROM approvals WHERE owner_id = %s AND state = ANY(%s)", [user_id, _OWNED]
    )
    return count


async def count_rules(reader: Reader, user_id: UUID, now: datetime) -> tuple[int, int]:
    """Routes that name the user now or as planned, and proxies that the user gave or holds."""
    proxies: int = await reader.scalar(
        "SELECT count(*) FROM approval_proxies WHERE (from_id = %s OR to_id = %s) AND ends_at > %s AND NOT ended",
        [user_id, user_id, now],
    )
    return await routes.count_naming(reader, user_id, now), proxies


async def conflicts(reader: Reader, user_id: UUID, successor_id: UUID, limit: int) -> list[Row]:
    """Requests that ask the leaver and are the successor's own, or that ask the successor beside the leaver."""
    return await reader.all(
        "SELECT a.id, a.number, %(successor)s IN (a.requester_id, a.owner_id) AS own"  # noqa: S608
        f" {_NAMED} AND (%(successor)s IN (a.requester_id, a.owner_id) OR EXISTS ("
        "SELECT 1 FROM jsonb_array_elements(a.stages) WITH ORDINALITY AS s (stage, position)"
        " WHERE s.position > a.stage AND s.stage -> 'approverIds' ? %(text)s"
        " AND s.stage -> 'approverIds' ? %(successor_text)s)) ORDER BY a.number LIMIT %(limit)s",
        _params(user_id) | {"successor": successor_id, "successor_text": str(successor_id), "limit": limit},
    )


async def record_move(
    uow: UnitOfWork,
    *,
    process_id: UUID,
    kind: str,
    resource_id: UUID,
    from_id: UUID,
    to_id: UUID | None,
    detail: dict[str, Any],
    at: datetime,
) -> None:
    """What a process took from whom and gave to whom, so that it can be given back."""
    await uow.execute(
        "INSERT INTO approval_moves (id, process_id, kind, resource_id, from_id, to_id, detail, moved_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        [new_id(), process_id, kind, resource_id, from_id, to_id, Jsonb(detail), at],
    )


async def moves_to_return(reader: Reader, process_id: UUID, limit: int) -> list[UUID]:
    rows = await reader.all(
        "SELECT id FROM approval_moves WHERE process_id = %s AND returned_by IS NULL ORDER BY id DESC LIMIT %s",
        [process_id, limit],
    )
    return [row["id"] for row in rows]


async def count_moves_to_return(reader: Reader, process_id: UUID) -> int:
    count: int = await reader.scalar(
        "SELECT count(*) FROM approval_moves WHERE process_id = %s AND returned_by IS NULL", [process_id]
    )
    return count


async def take_move(uow: UnitOfWork, move_id: UUID, returned_by: UUID) -> Row | None:
    """The move, marked as given back; None if it was before."""
    return await uow.one(
        "UPDATE approval_moves SET returned_by = %s WHERE id = %s AND returned_by IS NULL"
        " RETURNING kind, resource_id, from_id, to_id, detail",
        [returned_by, move_id],
    )


async def record_succession(
    uow: UnitOfWork, *, process_id: UUID, user_id: UUID, successor_id: UUID, at: datetime
) -> None:
    await uow.execute(
        "INSERT INTO approval_successions (process_id, user_id, successor_id, at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (user_id, process_id) DO NOTHING",
        [process_id, user_id, successor_id, at],
    )


async def forget_succession(uow: UnitOfWork, process_id: UUID) -> None:
    await uow.execute("DELETE FROM approval_successions WHERE process_id = %s", [process_id])


async def successor_of(reader: Reader, user_id: UUID) -> UUID | None:
    """Who took the user's approvals over last; None for whoever did not leave."""
    successor: UUID | None = await reader.scalar(
        "SELECT successor_id FROM approval_successions WHERE user_id = %s ORDER BY at DESC LIMIT 1", [user_id]
    )
    return successor
