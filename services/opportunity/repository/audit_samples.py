"""Audit samples: the population at an instant, what was drawn from it, and what was found."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from services.kit.db.database import Reader, Row, UnitOfWork
from services.opportunity import amounts

_NARROWED = {
    "kinds": "a.kind = ANY(%(kinds)s)",
    "states": "a.state = ANY(%(states)s)",
    "flags": "a.flags && %(flags)s::text[]",
    "currency": "a.currency = %(currency)s",
    "min_amount": f"{amounts.exact('a')} >= %(min_amount)s",
    "max_amount": f"{amounts.exact('a')} <= %(max_amount)s",
}
"""Conditions on ``approvals a`` by what a population can be narrowed by."""


async def population(reader: Reader, criteria: Mapping[str, Any], limit: int) -> dict[str, UUID]:
    """Ids by number of at most ``limit`` requests; ``criteria`` by their Python names, without those that are not set.

    One statement: what is decided meanwhile is in it or not, and nothing is there half.
    """
    conditions = [_NARROWED[name] for name in criteria if name in _NARROWED]
    rows = await reader.all(
        "SELECT a.number, a.id FROM approvals a"  # noqa: S608 - constants only
        " WHERE a.decided_at >= %(decided_from)s AND a.decided_at < %(decided_to)s"
        f"{''.join(f' AND {condition}' for condition in conditions)} ORDER BY a.number LIMIT %(limit)s",
        dict(criteria) | {"limit": limit},
    )
    return {row["number"]: row["id"] for row in rows}


async def insert(uow: UnitOfWork, sample: Mapping[str, Any], numbers: Sequence[str], drawn: Sequence[UUID]) -> None:
    """``sample``: its columns by name. ``numbers``: the population, sorted. ``drawn``: requests in their order."""
    await uow.execute(
        "INSERT INTO audit_samples (id, title, criteria, seed, seed_given, asked, population_size, population_sha256,"
        " previous_id, drawn_by, drawn_at) VALUES (%(id)s, %(title)s, %(criteria)s, %(seed)s, %(seed_given)s,"
        " %(asked)s, %(population_size)s, %(population_sha256)s, %(previous_id)s, %(drawn_by)s, %(drawn_at)s)",
        dict(sample) | {"criteria": Jsonb(sample["criteria"])},
    )
    await uow.execute(
        "INSERT INTO audit_sample_populations (sample_id, numbers) VALUES (%s, %s)", [sample["id"], list(numbers)]
    )
    await uow.execute(
        "INSERT INTO audit_sample_items (sample_id, position, approval_id)"
        " SELECT %s, position, approval_id FROM unnest(%s::uuid[]) WITH ORDINALITY AS drawn (approval_id, position)",
        [sample["id"], list(drawn)],
    )


_LATEST = (
    " LEFT JOIN LATERAL (SELECT * FROM audit_sample_assessments s WHERE s.sample_id = i.sample_id"
    " AND s.position = i.position ORDER BY s.version DESC LIMIT 1) latest ON true"
)
_COUNTED = (
    "SELECT jsonb_build_object('total', count(*),"  # noqa: S608 - constants only
    " 'open', count(*) FILTER (WHERE coalesce(latest.assessment, 'OPEN') = 'OPEN'),"
    " 'noFinding', count(*) FILTER (WHERE latest.assessment = 'NO_FINDING'),"
    " 'finding', count(*) FILTER (WHERE latest.assessment = 'FINDING'),"
    " 'notApplicable', count(*) FILTER (WHERE latest.assessment = 'NOT_APPLICABLE'))"
    f" FROM audit_sample_items i{_LATEST} WHERE i.sample_id = s.id"
)
_SAMPLES = (
    "SELECT s.id, s.title, CASE WHEN s.closed_at IS NULL THEN 'OPEN' ELSE 'CLOSED' END AS state,"
    f' ({_COUNTED}) AS progress, s.drawn_at AS "drawnAt", s.drawn_by AS "drawnById", drawer.name AS "drawnByName",'
    ' s.closed_at AS "closedAt", s.version'
)
_WHOLE = (
    ', s.criteria AS population, s.population_size AS "populationSize", s.population_sha256 AS "populationSha256",'
    ' s.seed, s.seed_given AS "seedGiven", s.asked AS count, s.previous_id AS "previousId",'
    ' before.title AS "previousTitle", s.closed_by AS "closedById", closer.name AS "closedByName", s.result'
)
_FROM = " FROM audit_samples s LEFT JOIN user_copies drawer ON drawer.id = s.drawn_by"
_CLOSED_BY = " LEFT JOIN user_copies closer ON closer.id = s.closed_by"
_FOLLOWED_UP = " LEFT JOIN audit_samples before ON before.id = s.previous_id"


async def page(reader: Reader, *, before: tuple[datetime, UUID] | None, limit: int) -> list[Row]:
    """The one drawn last first."""
    at, sample_id = before or (None, None)
    return await reader.all(
        f"{_SAMPLES}{_FROM} WHERE %(at)s::timestamptz IS NULL OR (s.drawn_at, s.id) < (%(at)s, %(id)s::uuid)"
        " ORDER BY s.drawn_at DESC, s.id DESC LIMIT %(limit)s",
        {"at": at, "id": sample_id, "limit": limit},
    )


async def one(reader: Reader, sample_id: UUID) -> Row | None:
    return await reader.one(f"{_SAMPLES}{_WHOLE}{_FROM}{_CLOSED_BY}{_FOLLOWED_UP} WHERE s.id = %s", [sample_id])


async def lock(uow: UnitOfWork, sample_id: UUID) -> Row | None:
    """Whoever writes to a sample holds its row: ``version`` and ``closed_at``."""
    return await uow.one("SELECT version, closed_at FROM audit_samples WHERE id = %s FOR UPDATE", [sample_id])


async def numbers(reader: Reader, sample_id: UUID) -> list[str]:
    """The population that it was drawn from."""
    found: list[str] = await reader.scalar(
        "SELECT numbers FROM audit_sample_populations WHERE sample_id = %s", [sample_id]
    )
    return found


_ITEMS = (
    'SELECT i.position, i.approval_id AS "approvalId", a.number, a.title, a.kind, a.state,'  # noqa: S608
    f" {amounts.as_json('a')} AS amount, a.currency,"
    " a.decided_at AS \"decidedAt\", coalesce(latest.assessment, 'OPEN') AS assessment,"
    " coalesce(latest.note, '') AS note, latest.assessed_at AS \"assessedAt\","
    ' latest.assessed_by AS "assessedById", assessor.name AS "assessedByName", coalesce(latest.version, 0) AS version'
    f" FROM audit_sample_items i JOIN approvals a ON a.id = i.approval_id{_LATEST}"
    " LEFT JOIN user_copies assessor ON assessor.id = latest.assessed_by"
)


async def items(reader: Reader, sample_id: UUID) -> list[Row]:
    return await reader.all(f"{_ITEMS} WHERE i.sample_id = %s ORDER BY i.position", [sample_id])


async def item(reader: Reader, sample_id: UUID, position: int) -> Row | None:
    return await reader.one(f"{_ITEMS} WHERE i.sample_id = %s AND i.position = %s", [sample_id, position])


async def assessments(reader: Reader, sample_id: UUID, position: int | None = None) -> list[Row]:
    """All that were ever written down, of one request or of all; by ``position`` and version."""
    return await reader.all(
        'SELECT s.position, s.version, s.assessment, s.note, s.assessed_at AS "assessedAt",'
        ' s.assessed_by AS "assessedById", u.name AS "assessedByName" FROM audit_sample_assessments s'
        " LEFT JOIN user_copies u ON u.id = s.assessed_by"
        " WHERE s.sample_id = %(id)s AND (%(position)s::int IS NULL OR s.position = %(position)s::int)"
        " ORDER BY s.position, s.version",
        {"id": sample_id, "position": position},
    )


async def assess(uow: UnitOfWork, assessment: Mapping[str, Any]) -> None:
    """``assessment``: its columns by name. The sample's version moves on with it."""
    await uow.execute(
        "INSERT INTO audit_sample_assessments (sample_id, position, version, assessment, note, assessed_by,"
        " assessed_at) VALUES (%(sample_id)s, %(position)s, %(version)s, %(assessment)s, %(note)s, %(assessed_by)s,"
        " %(assessed_at)s)",
        assessment,
    )
    await uow.execute("UPDATE audit_samples SET version = version + 1 WHERE id = %(sample_id)s", assessment)


async def close(uow: UnitOfWork, sample_id: UUID, *, by: UUID, at: datetime, result: str) -> None:
    await uow.execute(
        "UPDATE audit_samples SET closed_by = %s, closed_at = %s, result = %s, version = version + 1 WHERE id = %s",
        [by, at, result, sample_id],
    )
