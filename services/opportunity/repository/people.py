"""Users and customers as this service's copies know them, and who stands in for whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.contracts.permissions import ROLE_PERMISSIONS, Permission, Role, permissions_of
from services.contracts.states import UserState
from services.kit.db.database import Reader, Row, UnitOfWork

LEAVING_STATES = frozenset({UserState.DEACTIVATING, UserState.DELETED})
UNABLE_STATES = LEAVING_STATES | {UserState.SUSPENDED}
DECIDING_ROLES = [role.value for role, granted in ROLE_PERMISSIONS.items() if Permission.APPROVAL_DECIDE in granted]
MAX_ROLE_APPROVERS = 50
"""A stage "any approver" names at most so many people; beyond that nobody feels asked."""


async def user(reader: Reader, user_id: UUID) -> Row | None:
    return await reader.one(
        "SELECT id, name, state, manager_id, roles, blocked_by_process FROM user_copies WHERE id = %s", [user_id]
    )


async def users(reader: Reader, user_ids: Iterable[UUID]) -> dict[UUID, Row]:
    """The same of several, by id; those without a copy are left out."""
    rows = await reader.all(
        "SELECT id, name, state, manager_id, roles, blocked_by_process FROM user_copies WHERE id = ANY(%s)",
        [list(user_ids)],
    )
    return {row["id"]: row for row in rows}


async def customer(reader: Reader, customer_id: UUID) -> Row | None:
    return await reader.one(
        "SELECT id, name, kind, relationship, state, assigned_sales_id, birth_date, risk_tolerance, assets_band,"
        " coalesce(profile_complete, false) AS profile_complete, profile_reviewed_at, blocked_by_process"
        " FROM customer_copies WHERE id = %s",
        [customer_id],
    )


def can_decide(row: Row) -> bool:
    """Whether a copy of a user says that they may be an approver: in office, entitled, and no administrator."""
    roles = row["roles"] or []
    return (
        row["state"] not in UNABLE_STATES
        and Role.ADMIN not in roles
        and Permission.APPROVAL_DECIDE in permissions_of(roles)
    )


async def approvers_by_role(reader: Reader, role: Role, excluding: Sequence[UUID]) -> list[UUID]:
    """Everybody of the role who may be given work; the order is stable."""
    rows = await reader.all(
        "SELECT id, name, state, manager_id, roles, blocked_by_process FROM user_copies WHERE %s = ANY(roles)"
        " AND id <> ALL(%s) AND state <> ALL(%s) AND blocked_by_process IS NULL ORDER BY id LIMIT %s",
        [role.value, list(excluding), [state.value for state in UNABLE_STATES], MAX_ROLE_APPROVERS],
    )
    return [row["id"] for row in rows if can_decide(row)]


async def active_by_role(reader: Reader, role: Role) -> list[UUID]:
    rows = await reader.all(
        "SELECT id FROM user_copies WHERE %s = ANY(roles) AND state = 'ACTIVE' AND blocked_by_process IS NULL"
        " ORDER BY id LIMIT %s",
        [role.value, MAX_ROLE_APPROVERS],
    )
    return [row["id"] for row in rows]


async def proxied_by(reader: Reader, user_id: UUID, at: datetime) -> frozenset[UUID]:
    """Colleagues for whom the user stands in at this moment."""
    rows = await reader.all(
        "SELECT DISTINCT from_id FROM approval_proxies WHERE to_id = %s AND starts_at <= %s AND ends_at > %s"
        " AND NOT ended",
        [user_id, at, at],
    )
    return frozenset(row["from_id"] for row in rows)


async def hold_proxies(uow: UnitOfWork, user_id: UUID, at: datetime) -> list[Row]:
    """The same proxies, locked: nobody ends them before the transaction ends. An end that was waited for shows."""
    return await uow.all(
        "SELECT from_id, ends_at FROM approval_proxies WHERE to_id = %s AND starts_at <= %s AND ends_at > %s"
        " AND NOT ended ORDER BY id FOR SHARE",
        [user_id, at, at],
    )


@dataclass(frozen=True, slots=True)
class StandIn:
    """``user_id`` stands in for somebody in a period."""

    user_id: UUID
    starts_at: datetime
    ends_at: datetime


async def proxies_of(
    reader: Reader, users: Sequence[UUID], at: datetime, *, until: datetime | None = None
) -> dict[UUID, list[StandIn]]:
    """Who stands in for each of these users at this moment, or from some moment before ``until`` on."""
    rows = await reader.all(
        "SELECT from_id, to_id, starts_at, ends_at FROM approval_proxies WHERE from_id = ANY(%s) AND starts_at <= %s"
        " AND ends_at > %s AND NOT ended ORDER BY to_id, starts_at",
        [list(users), until or at, at],
    )
    found: dict[UUID, list[StandIn]] = {}
    for row in rows:
        found.setdefault(row["from_id"], []).append(StandIn(row["to_id"], row["starts_at"], row["ends_at"]))
    return found


async def team_of(reader: Reader, user_id: UUID) -> list[UUID]:
    """The user and everybody who reports to them, over all levels."""
    return [row["id"] for row in await reader.all("SELECT team_of(%s) AS id", [user_id])]


async def names(reader: Reader, users: Sequence[UUID]) -> dict[UUID, str | None]:
    rows = await reader.all("SELECT id, name FROM user_copies WHERE id = ANY(%s)", [list(users)])
    return {row["id"]: row["name"] for row in rows}


async def unable(reader: Reader, users: Sequence[UUID]) -> frozenset[UUID]:
    """Those who can't sign in to decide now: locked, suspended or leaving."""
    rows = await reader.all(
        "SELECT id FROM user_copies WHERE id = ANY(%s) AND (state <> 'ACTIVE' OR blocked_by_process IS NOT NULL)",
        [list(users)],
    )
    return frozenset(row["id"] for row in rows)


async def unable_to_decide(reader: Reader, users: Sequence[UUID]) -> frozenset[UUID]:
    """Those who can't be approvers: suspended, gone, or without the right. Whoever a process is just replacing is none
    of them, nor whom this service does not know yet."""
    if not users:
        return frozenset()
    rows = await reader.all(
        "SELECT id, state, roles FROM user_copies WHERE id = ANY(%s) AND blocked_by_process IS NULL", [list(users)]
    )
    return frozenset(row["id"] for row in rows if not can_decide(row))
