"""Approval routes: which stages a request of some kind, amount and customer takes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from services.contracts.states import ApprovalKind
from services.kit.db.database import Reader, Row, UnitOfWork

_VIEW = (
    'id, name, kind, min_amount AS "minAmount", max_amount AS "maxAmount", currency, min_age AS "minAge",'
    ' risk_tolerances AS "riskTolerances", priority, stages, active, version, created_at AS "createdAt",'
    ' updated_at AS "updatedAt"'
)


async def first_match(
    reader: Reader,
    *,
    kind: ApprovalKind,
    amount: int | None,
    currency: str,
    age: int | None,
    risk_tolerance: str | None,
) -> Row | None:
    """The active route of the highest priority that fits; the older one of two equals.

    Without rates, an amount counts as larger than every threshold in another currency, so that it takes the strictest
    route. Thresholds in its own currency go before those: what fits one of them need not be taken for larger.
    """
    return await reader.one(
        "WITH fitting AS (SELECT id, stages, priority, created_at, threshold.given AND own.currency AS measured,"
        "  threshold.given AND NOT own.currency AS beyond FROM approval_routes AS r"
        "  CROSS JOIN LATERAL (SELECT %(amount)s::bigint IS NOT NULL"
        "   AND coalesce(r.min_amount, r.max_amount) IS NOT NULL AS given) AS threshold"
        "  CROSS JOIN LATERAL (SELECT r.currency = %(currency)s AS currency) AS own"
        "  WHERE active AND (kind IS NULL OR kind = %(kind)s)"
        "  AND CASE WHEN threshold.given AND NOT own.currency THEN max_amount IS NULL"
        "   ELSE (min_amount IS NULL OR %(amount)s::bigint >= min_amount)"
        "    AND (max_amount IS NULL OR %(amount)s::bigint IS NULL OR %(amount)s::bigint < max_amount) END"
        "  AND (min_age IS NULL OR %(age)s::int >= min_age)"
        "  AND (risk_tolerances = '{}' OR %(risk)s::text = ANY(risk_tolerances)))"
        " SELECT id, stages FROM fitting WHERE NOT beyond OR NOT EXISTS (SELECT FROM fitting WHERE measured)"
        " ORDER BY priority DESC, created_at, id LIMIT 1",
        {"kind": kind, "amount": amount, "currency": currency, "age": age, "risk": risk_tolerance},
    )


async def page(reader: Reader, *, after: tuple[int, UUID] | None, limit: int) -> list[Row]:
    """Highest priority first."""
    priority, route_id = after or (None, None)
    return await reader.all(
        f"SELECT {_VIEW} FROM approval_routes WHERE %(priority)s::int IS NULL"  # noqa: S608
        " OR (-priority, id) > (-%(priority)s::int, %(id)s::uuid) ORDER BY -priority, id LIMIT %(limit)s",
        {"priority": priority, "id": route_id, "limit": limit},
    )


async def one(reader: Reader, route_id: UUID) -> Row | None:
    return await reader.one(f"SELECT {_VIEW} FROM approval_routes WHERE id = %s", [route_id])  # noqa: S608


async def content(reader: Reader, route_id: UUID) -> Row | None:
    """What people edit of a route, as its columns are called."""
    return await reader.one(
        "SELECT name, kind, min_amount, max_amount, currency, min_age, risk_tolerances, priority, stages, active"
        " FROM approval_routes WHERE id = %s",
        [route_id],
    )


async def lock_version(uow: UnitOfWork, route_id: UUID) -> int | None:
    version: int | None = await uow.scalar("SELECT version FROM approval_routes WHERE id = %s FOR UPDATE", [route_id])
    return version


async def write(uow: UnitOfWork, route_id: UUID, values: dict[str, Any], at: datetime) -> None:
    """Inserts the route, or replaces its content under the next version."""
    await uow.execute(
        "INSERT INTO approval_routes AS r (id, name, kind, min_amount, max_amount, currency, min_age, risk_tolerances,"
        " priority, stages, active, version, created_at, updated_at) VALUES (%(id)s, %(name)s, %(kind)s,"
        " %(min_amount)s, %(max_amount)s, %(currency)s, %(min_age)s, %(risk_tolerances)s, %(priority)s, %(stages)s,"
        " %(active)s, 1, %(at)s, %(at)s) ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind,"
        " min_amount = excluded.min_amount, max_amount = excluded.max_amount, currency = excluded.currency,"
        " min_age = excluded.min_age,"
        " risk_tolerances = excluded.risk_tolerances, priority = excluded.priority, stages = excluded.stages,"
        " active = excluded.active, version = r.version + 1, updated_at = excluded.updated_at",
        values | {"id": route_id, "stages": Jsonb(values["stages"]), "at": at},
    )


async def naming(uow: UnitOfWork, user_id: UUID) -> list[Row]:
    """Routes whose stages name the user anywhere, locked."""
    return await uow.all(
        "SELECT id, stages FROM approval_routes WHERE stages::text LIKE %s ORDER BY id FOR UPDATE", [f"%{user_id}%"]
    )


async def set_stages(uow: UnitOfWork, route_id: UUID, stages: list[dict[str, Any]], at: datetime) -> None:
    await uow.execute(
        "UPDATE approval_routes SET stages = %s, version = version + 1, updated_at = %s WHERE id = %s",
        [Jsonb(stages), at, route_id],
    )
