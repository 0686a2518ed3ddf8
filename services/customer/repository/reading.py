"""Queries whose rows become answers. PostgreSQL builds the JSON, so that no row is taken apart and put together again
in Python."""

from typing import Any, Final
from uuid import UUID

from services.contracts.permissions import Scope
from services.contracts.states import CustomerState
from services.customer.access import Viewer
from services.customer.repository.searching import conditions
from services.customer.schemas import CustomerFilters, CustomerSort
from services.kit.db.unit_of_work import Reader, Row

_UTC: Final = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""

DOCUMENT: Final = f"""(SELECT row_to_json(document)::text FROM (SELECT
    c.id, c.name, c.name_kana AS "nameKana", c.kind, c.email, c.phone, c.birth_date AS "birthDate", c.occupation,
    c.relationship, c.assigned_sales_id AS "assignedSalesId", c.tags, c.notes, c.profile, c.state,
    c.process_id AS "processId", to_char(c.deleted_at, {_UTC}) AS "deletedAt", c.version,
    to_char(c.created_at, {_UTC}) AS "createdAt", to_char(c.updated_at, {_UTC}) AS "updatedAt"
) AS document)"""  # noqa: S608 - constants only
"""The customer `c` as the API shows it. The session's time zone is UTC."""

LIVE: Final = "c.state IN ('ACTIVE', 'DELETING', 'RESTORING')"
"""Written as in the partial indexes, so that the planner recognises it."""

LIVE_STATES: Final = frozenset({CustomerState.ACTIVE, CustomerState.DELETING, CustomerState.RESTORING})

_SCOPES: Final = {
    Scope.OWN: "c.assigned_sales_id = %(viewer)s",
    Scope.TEAM: "c.assigned_sales_id IN (SELECT team_of(%(viewer)s))",
    Scope.ALL: "true",
}
_SORTS: Final = {
    CustomerSort.CREATED_AT: ("c.created_at", "ASC", ">"),
    CustomerSort.CREATED_AT_DESC: ("c.created_at", "DESC", "<"),
    CustomerSort.UPDATED_AT: ("c.updated_at", "ASC", ">"),
    CustomerSort.UPDATED_AT_DESC: ("c.updated_at", "DESC", "<"),
    CustomerSort.NAME: ("c.sort_name", "ASC", ">"),
    CustomerSort.NAME_DESC: ("c.sort_name", "DESC", "<"),
}


_NAMED: Final = (
    "c.id = ANY(ARRAY(SELECT r.customer_id FROM request_copies r WHERE r.state <> 'DRAFT' AND r.approver_ids &&"
    " ARRAY(SELECT %(viewer)s::uuid UNION SELECT p.from_id FROM proxy_copies p WHERE p.to_id = %(viewer)s"
    " AND NOT p.ended AND p.starts_at <= %(named_at)s AND p.ends_at > %(named_at)s)))"
)
"""A draft names people who were not asked yet."""


def ways(viewer: Viewer) -> list[str]:
    """SQL: the conditions on customer `c` of which each opens it to the viewer."""
    return [_SCOPES[viewer.scope]] if viewer.named_at is None else [_SCOPES[viewer.scope], _NAMED]


def within(viewer: Viewer) -> str:
    """SQL: customer `c` is in the viewer's reach."""
    return f"({' OR '.join(ways(viewer))})"


async def find(reader: Reader, viewer: Viewer, customer_id: UUID) -> Row | None:
    """`document` (JSON text) and `version`, if the viewer may see the customer."""
    live = "" if viewer.sees_deleted else f" AND {LIVE}"
    return await reader.one(
        f"SELECT {DOCUMENT} AS document, c.version FROM customers c"  # noqa: S608 - constants only
        f" WHERE c.id = %(id)s AND {within(viewer)}{live}",
        viewer.params | {"id": customer_id},
    )


async def deletion(reader: Reader, viewer: Viewer, customer_id: UUID) -> Row | None:
    """When a deleted customer whom the viewer could see was deleted, and by whom (id and present name)."""
    return await reader.one(
        "SELECT c.deleted_at, p.actor_id AS deleted_by, u.name AS deleted_by_name FROM customers c"  # noqa: S608
        " LEFT JOIN processes p ON p.id = c.deletion_process_id LEFT JOIN user_copies u ON u.id = p.actor_id"
        f" WHERE c.id = %(id)s AND c.state = 'DELETED' AND {within(viewer)}",
        viewer.params | {"id": customer_id},
    )


async def is_live(reader: Reader, customer_id: UUID) -> bool:
    return bool(await reader.scalar(f"SELECT true FROM customers c WHERE c.id = %s AND {LIVE}", [customer_id]))  # noqa: S608


async def state(reader: Reader, customer_id: UUID) -> CustomerState:
    return CustomerState(await reader.scalar("SELECT state FROM customers WHERE id = %s", [customer_id]))


async def document(reader: Reader, customer_id: UUID) -> Row:
    """The same without asking who looks, for what is shown after rights were checked elsewhere."""
    row = await reader.one(
        f"SELECT {DOCUMENT} AS document, c.version FROM customers c WHERE c.id = %s",  # noqa: S608 - constants only
        [customer_id],
    )
    assert row is not None
    return row


async def page(reader: Reader, viewer: Viewer, filters: CustomerFilters, after: list[Any] | None) -> list[Row]:
    """Up to `limit + 1` rows of `document`, `sort_key` and `id`, behind `after` (the sort key and id of a row)."""
    column, direction, comparison = _SORTS[filters.sort]
    clauses, params = conditions(filters)
    params |= viewer.params | {"limit": filters.limit + 1}
    if LIVE_STATES.issuperset(filters.state):
        # Also beside a filter by state: the planner does not see that the filter implies the indexes' predicate.
        clauses.append(LIVE)
    if after is not None:
        clauses.append(f"({column}, c.id) {comparison} (%(after_key)s, %(after_id)s)")
        params |= {"after_key": after[0], "after_id": after[1]}
    order = f"ORDER BY {column} {direction}, c.id {direction} LIMIT %(limit)s"
    first_by = [
        f"FROM customers c WHERE {' AND '.join([way, *clauses])} {order}"  # constants only
        for way in ways(viewer)
    ]
    if len(first_by) == 1:
        statement = f"SELECT {DOCUMENT} AS document, {column} AS sort_key, c.id {first_by[0]}"
        return await reader.all(statement, params)
    # Each way by its own index: "mine or that one" as one condition would walk through everybody's customers.
    found = " UNION ".join(f"(SELECT c.id, {column} AS sort_key {first})" for first in first_by)
    return await reader.all(
        f"SELECT {DOCUMENT} AS document, page.sort_key, c.id FROM (SELECT id, sort_key FROM ({found}) AS found"  # noqa: S608
        f" ORDER BY sort_key {direction}, id {direction} LIMIT %(limit)s) AS page JOIN customers c ON c.id = page.id"
        f" ORDER BY page.sort_key {direction}, page.id {direction}",
        params,
    )


async def reaches(reader: Reader, viewer: Viewer, customer_id: UUID) -> bool:
    """Whether the customer, in whatever state, belongs to the viewer's reach."""
    statement = f"SELECT true FROM customers c WHERE c.id = %(id)s AND {within(viewer)}"  # noqa: S608
    return bool(await reader.scalar(statement, viewer.params | {"id": customer_id}))


async def reaches_user(reader: Reader, viewer: Viewer, user_id: UUID) -> bool:
    """Whether the viewer may look at the customers of this user."""
    if viewer.scope is Scope.ALL or user_id == viewer.user_id:
        return True
    if viewer.scope is Scope.OWN:
        return False
    return bool(await reader.scalar("SELECT %s IN (SELECT team_of(%s))", [user_id, viewer.user_id]))


async def profile_versions(reader: Reader, customer_id: UUID, before: int | None, limit: int) -> list[Row]:
    """Up to `limit + 1` versions, the newest first: `document` and `version`."""
    return await reader.all(
        "SELECT profile::text AS document, version FROM customer_profiles"
        " WHERE customer_id = %(id)s AND version < coalesce(%(before)s::int, 2147483647)"
        " ORDER BY version DESC LIMIT %(limit)s",
        {"id": customer_id, "before": before, "limit": limit + 1},
    )
