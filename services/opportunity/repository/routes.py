"""Approval routes and their versions: what is known of them, what counts at an instant, and what is planned."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from services.kit.db.database import Reader, Row, UnitOfWork
from services.opportunity import amounts

LIMITS: Final = ("min_amount", "max_amount")
CONTENT: Final = (
    *("name", "kind", *LIMITS, "currency", "min_age", "risk_tolerances", "priority", "stages"),
    "active",
)
"""The columns that a version and the row of its route share."""
_OF_VERSIONS: Final = tuple(dict.fromkeys((*CONTENT, *(name for limit in LIMITS for name in amounts.columns(limit)))))

_CONTENT_VIEW = (
    f'v.name, v.kind, {amounts.as_json("v", "min_amount")} AS "minAmount",'
    f' {amounts.as_json("v", "max_amount")} AS "maxAmount", v.currency, v.min_age AS "minAge",'
    ' v.risk_tolerances AS "riskTolerances", v.priority, v.stages'
)
_MAKER_VIEW = (
    'v.valid_from AS "validFrom", v.note, v.created_by AS "createdBy", maker.name AS "createdByName",'
    ' v.process_id AS "processId"'
)
_MAKER = " LEFT JOIN user_copies maker ON maker.id = v.created_by"

_COUNTS = (
    "v.withdrawn_at IS NULL AND v.valid_from <= %(now)s AND NOT EXISTS (SELECT FROM approval_route_versions newer"
    " WHERE newer.route_id = v.route_id AND newer.withdrawn_at IS NULL AND newer.valid_from <= %(now)s"
    " AND (newer.valid_from, newer.number) > (v.valid_from, v.number))"
)
"""Of a route: the newest version that is valid, at most one."""
_PLANNED = "v.withdrawn_at IS NULL AND v.valid_from > %(now)s"
_LIVING = f"({_PLANNED} OR {_COUNTS})"

_SHOWN = (
    " CROSS JOIN LATERAL (SELECT * FROM approval_route_versions w WHERE w.route_id = r.id ORDER BY"
    " w.withdrawn_at IS NOT NULL, w.valid_from > %(now)s, CASE WHEN w.valid_from <= %(now)s THEN w.valid_from END DESC,"
    " w.valid_from, w.number DESC LIMIT 1) AS v"
)
"""What a route is shown as: the version that counts, before the first instant the one planned first."""
_HOLDS = "(v.active AND v.withdrawn_at IS NULL AND v.valid_from <= %(now)s)"
_ROUTES = (
    f'SELECT r.id, {_CONTENT_VIEW}, {_HOLDS} AS active, v.number AS version, r.created_at AS "createdAt",'  # noqa: S608
    f" v.created_at AS \"updatedAt\", {_MAKER_VIEW}, CASE WHEN {_HOLDS} THEN 'CURRENT'"
    " WHEN v.active AND v.withdrawn_at IS NULL THEN 'PLANNED' ELSE 'INACTIVE' END AS state,"
    " coalesce((SELECT jsonb_agg(jsonb_build_object('version', p.number, 'validFrom', to_char(p.valid_from AT TIME ZONE"
    " 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), 'active', p.active) ORDER BY p.valid_from, p.number)"
    "  FROM approval_route_versions p WHERE p.route_id = r.id AND p.withdrawn_at IS NULL AND p.valid_from > %(now)s),"
    " '[]') AS planned"
    f" FROM approval_routes r{_SHOWN}{_MAKER}"
)
_VERSIONS = (
    f'SELECT v.route_id AS "routeId", v.number AS version, {_CONTENT_VIEW}, v.active, {_MAKER_VIEW},'  # noqa: S608
    f' v.created_at AS "createdAt", v.withdrawn_at AS "withdrawnAt", CASE WHEN v.withdrawn_at IS NOT NULL'
    f" THEN 'WITHDRAWN' WHEN v.valid_from > %(now)s THEN 'PLANNED' WHEN {_COUNTS} THEN 'CURRENT' ELSE 'PAST' END AS"
    f" state FROM approval_route_versions v{_MAKER}"
)


async def counting(reader: Reader, at: datetime) -> list[Row]:
    """The active routes in the versions that count at an instant; ``created_at`` is that of the route."""
    return await reader.all(
        f"SELECT v.route_id, v.number, {', '.join(f'v.{name}' for name in _OF_VERSIONS)}, r.created_at"  # noqa: S608
        f" FROM approval_route_versions v JOIN approval_routes r ON r.id = v.route_id WHERE v.active AND {_COUNTS}",
        {"now": at},
    )


async def living(reader: Reader, now: datetime) -> list[Row]:
    """Every version that counts, or will when its time has come, inactive ones left out; by route and instant."""
    return await reader.all(
        "SELECT v.route_id, v.number, v.name, v.stages, v.valid_from, v.valid_from > %(now)s AS planned"  # noqa: S608
        f" FROM approval_route_versions v WHERE v.active AND {_LIVING} ORDER BY v.route_id, v.valid_from, v.number",
        {"now": now},
    )


async def page(reader: Reader, now: datetime, *, after: tuple[int, UUID] | None, limit: int) -> list[Row]:
    """Highest priority first."""
    priority, route_id = after or (None, None)
    return await reader.all(
        f"{_ROUTES} WHERE %(priority)s::int IS NULL OR (-v.priority, r.id) > (-%(priority)s::int, %(id)s::uuid)"
        " ORDER BY -v.priority, r.id LIMIT %(limit)s",
        {"now": now, "priority": priority, "id": route_id, "limit": limit},
    )


async def one(reader: Reader, route_id: UUID, now: datetime) -> Row | None:
    return await reader.one(f"{_ROUTES} WHERE r.id = %(id)s", {"id": route_id, "now": now})


async def versions(reader: Reader, route_id: UUID, now: datetime, *, before: int | None, limit: int) -> list[Row]:
    """The one written last first."""
    return await reader.all(
        f"{_VERSIONS} WHERE v.route_id = %(id)s AND (%(before)s::int IS NULL OR v.number < %(before)s::int)"
        " ORDER BY v.number DESC LIMIT %(limit)s",
        {"id": route_id, "now": now, "before": before, "limit": limit},
    )


async def version(reader: Reader, route_id: UUID, number: int, now: datetime) -> Row | None:
    return await reader.one(
        f"{_VERSIONS} WHERE v.route_id = %(id)s AND v.number = %(number)s",
        {"id": route_id, "number": number, "now": now},
    )


async def lock(uow: UnitOfWork, route_id: UUID) -> bool:
    """Whoever writes versions of a route holds its row."""
    return await uow.scalar("SELECT true FROM approval_routes WHERE id = %s FOR UPDATE", [route_id]) is not None


async def planned_at(reader: Reader, route_id: UUID, valid_from: datetime) -> int | None:
    """The number of the version that takes over at this very instant."""
    number: int | None = await reader.scalar(
        "SELECT max(number) FROM approval_route_versions WHERE route_id = %s AND valid_from = %s"
        " AND withdrawn_at IS NULL",
        [route_id, valid_from],
    )
    return number


async def create(uow: UnitOfWork, route_id: UUID, values: Mapping[str, Any], now: datetime, at: datetime) -> None:
    """A route with its first version; for replicas that know of no versions it is inactive until its instant."""
    await _insert_version(uow, route_id, 1, values, now, at)
    await uow.execute(
        f"INSERT INTO approval_routes (id, {', '.join(CONTENT)}, version, mirrors, created_at, updated_at)"  # noqa: S608
        f" VALUES (%(id)s, {', '.join(f'%({name})s' for name in CONTENT)}, 1, %(mirrors)s, %(now)s, %(now)s)",
        _content(values)
        | {"id": route_id, "now": now, "mirrors": 1 if at <= now else None, "active": values["active"] and at <= now},
    )


async def add_version(
    uow: UnitOfWork, route_id: UUID, values: Mapping[str, Any], now: datetime, at: datetime | None
) -> int:
    """The next version of a route whose row is held, valid from ``at`` or at once; gives its number.

    What is valid at once counts at once, whatever the clock said of whoever wrote the version before it.
    """
    number: int = await uow.scalar(
        "SELECT coalesce(max(number), 0) + 1 FROM approval_route_versions WHERE route_id = %s", [route_id]
    )
    if at is None:
        shown: datetime | None = await uow.scalar(
            "SELECT v.valid_from FROM approval_route_versions v JOIN approval_routes r ON r.id = v.route_id"
            " AND r.mirrors = v.number WHERE r.id = %s AND v.withdrawn_at IS NULL",
            [route_id],
        )
        at = max(now, shown or now)
        await _insert_version(uow, route_id, number, values, now, at)
        await _show(uow, route_id, number)
    else:
        await _insert_version(uow, route_id, number, values, now, at)
    return number


def _content(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a version. ``values``: limits as the amounts that they are."""
    row = dict(values) | {"stages": Jsonb(values["stages"])}
    for limit in LIMITS:
        row |= amounts.to_row(values[limit], limit)
    return {name: row[name] for name in _OF_VERSIONS}


async def _insert_version(
    uow: UnitOfWork, route_id: UUID, number: int, values: Mapping[str, Any], now: datetime, at: datetime
) -> None:
    row = _content(values) | {
        "route_id": route_id,
        "number": number,
        "valid_from": at,
        "note": values.get("note", ""),
        "created_by": values.get("created_by"),
        "process_id": values.get("process_id"),
        "created_at": now,
    }
    await uow.execute(
        f"INSERT INTO approval_route_versions ({', '.join(row)})"  # noqa: S608 - names of this module
        f" VALUES ({', '.join(f'%({name})s' for name in row)})",
        row,
    )


_COPY = (
    "UPDATE approval_routes r SET "  # noqa: S608
    + ", ".join(f"{name} = v.{name}" for name in CONTENT)
    + ", version = v.number, mirrors = v.number, updated_at = v.created_at FROM approval_route_versions v"
    " WHERE v.route_id = r.id"
)


async def _show(uow: UnitOfWork, route_id: UUID, number: int) -> None:
    """The route's own row, for replicas that know of no versions."""
    await uow.execute(
        f"{_COPY} AND r.id = %(id)s AND v.number = %(number)s",
        {"id": route_id, "number": number},
    )


async def show_what_counts(uow: UnitOfWork, now: datetime) -> int:
    """The rows of routes whose planned version has taken over. Nothing of this release reads them."""
    rows = await uow.all(
        f"{_COPY} AND r.mirrors IS DISTINCT FROM v.number AND {_COUNTS} RETURNING r.id",
        {"now": now},
    )
    return len(rows)


async def withdraw(uow: UnitOfWork, route_id: UUID, number: int, by: UUID | None, now: datetime) -> bool:
    """A planned version will not take over. False if its instant has passed, or it was withdrawn before."""
    return (
        await uow.one(
            "UPDATE approval_route_versions SET withdrawn_at = %(now)s, withdrawn_by = %(by)s WHERE route_id = %(id)s"
            " AND number = %(number)s AND withdrawn_at IS NULL AND valid_from > %(now)s RETURNING number",
            {"id": route_id, "number": number, "by": by, "now": now},
        )
        is not None
    )


async def living_naming(uow: UnitOfWork, user_id: UUID, now: datetime) -> list[Row]:
    """Versions that count or are planned and name the user anywhere, their routes held; limits as amounts."""
    ids = [row["route_id"] for row in await naming(uow, [user_id], now)]
    await uow.all("SELECT id FROM approval_routes WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [ids])
    held = [row for row in await naming(uow, [user_id], now) if row["route_id"] in ids]
    return [row | {limit: amounts.from_row(row, limit) for limit in LIMITS} for row in held]


async def naming(
    reader: Reader,
    what: Iterable[UUID | str],
    now: datetime,
    *,
    after: tuple[UUID, int] | None = None,
    limit: int | None = None,
) -> list[Row]:
    """The same without holding them, with all that a version says, of versions in which one of ``what`` stands (users,
    resolvers); by route and number."""
    route_id, number = after or (None, None)
    return await reader.all(
        f"SELECT v.*, v.valid_from > %(now)s AS planned FROM approval_route_versions v WHERE {_LIVING}"  # noqa: S608
        " AND v.stages::text LIKE ANY(%(patterns)s) AND (%(id)s::uuid IS NULL"
        " OR (v.route_id, v.number) > (%(id)s::uuid, %(number)s::int)) ORDER BY v.route_id, v.number LIMIT %(limit)s",
        {"now": now, "patterns": [f'%"{one}"%' for one in what], "id": route_id, "number": number, "limit": limit},
    )


async def count_naming(reader: Reader, what: UUID | str, now: datetime) -> int:
    """Routes of which a version that counts or is planned names the user, or asks the resolver."""
    count: int = await reader.scalar(
        f"SELECT count(DISTINCT v.route_id) FROM approval_route_versions v WHERE {_LIVING}"  # noqa: S608
        " AND v.stages::text LIKE %(pattern)s",
        {"now": now, "pattern": f'%"{what}"%'},
    )
    return count
