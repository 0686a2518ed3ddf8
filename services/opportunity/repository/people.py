"""Users, departments and customers as this service's copies know them, and who stands in for whom."""

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
ADVISING_ROLES = [role.value for role, granted in ROLE_PERMISSIONS.items() if Permission.APPROVAL_COMMENT in granted]
MAX_ROLE_APPROVERS = 50
"""A stage "any approver" names at most so many people; beyond that nobody feels asked."""
_USER = "id, name, state, manager_id, department_id, roles, blocked_by_process"
MAX_DEPARTMENT_LEVELS = 50
"""Where looking for a head ends, should copies that are not all of one moment lie in a circle."""


async def user(reader: Reader, user_id: UUID) -> Row | None:
    return await reader.one(
        "SELECT id, name, state, manager_id, department_id, roles, blocked_by_process FROM user_copies WHERE id = %s",
        [user_id],
    )


async def users(reader: Reader, user_ids: Iterable[UUID]) -> dict[UUID, Row]:
    """The same of several, by id; those without a copy are left out."""
    rows = await reader.all(
        f"SELECT {_USER} FROM user_copies WHERE id = ANY(%s)",  # noqa: S608 - constant columns
        [list(user_ids)],
    )
    return {row["id"]: row for row in rows}


async def customer(reader: Reader, customer_id: UUID) -> Row | None:
    return await reader.one(
        "SELECT id, name, kind, relationship, state, assigned_sales_id, birth_date, risk_tolerance, assets_band,"
        " income_band, objectives, experience, horizon, fund_source, investor_class,"
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


def can_read(row: Row) -> bool:
    """Whether a copy of a user says that requests can be shown to them: in office, with a role that reads any."""
    return row["state"] not in LEAVING_STATES and Permission.APPROVAL_READ in permissions_of(row["roles"] or [])


def is_active_reader(row: Row) -> bool:
    """The same of who can do so at once: neither locked nor suspended."""
    return row["state"] == UserState.ACTIVE and can_read(row)


def can_advise(row: Row) -> bool:
    """Whether a copy of a user says that they may be asked for an opinion: in office, and let to comment."""
    granted = permissions_of(row["roles"] or [])
    return row["state"] not in UNABLE_STATES and {Permission.APPROVAL_READ, Permission.APPROVAL_COMMENT} <= granted


async def approvers_by_role(reader: Reader, role: Role, excluding: Sequence[UUID]) -> list[UUID]:
    """Everybody of the role who may be given work; the order is stable."""
    rows = await reader.all(
        f"SELECT {_USER} FROM user_copies WHERE %s = ANY(roles)"  # noqa: S608 - constant columns
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


async def heads(reader: Reader, department_id: UUID) -> list[UUID]:
    """Who heads the department, and those above it; the nearest first. A department without a head has nobody here."""
    rows = await reader.all(
        "WITH RECURSIVE chain AS (SELECT id, parent_id, head_id, deleted, 0 AS depth FROM department_copies"
        " WHERE id = %s UNION ALL SELECT d.id, d.parent_id, d.head_id, d.deleted, chain.depth + 1"
        " FROM department_copies d JOIN chain ON d.id = chain.parent_id WHERE chain.depth < %s)"
        " SELECT head_id FROM chain WHERE head_id IS NOT NULL AND NOT deleted ORDER BY depth",
        [department_id, MAX_DEPARTMENT_LEVELS],
    )
    return list(dict.fromkeys(row["head_id"] for row in rows))


async def headed_by(reader: Reader, user_id: UUID) -> list[UUID]:
    """The departments that the user heads."""
    rows = await reader.all(
        "SELECT id FROM department_copies WHERE head_id = %s AND NOT deleted ORDER BY id", [user_id]
    )
    return [row["id"] for row in rows]


_STANDING = "p.starts_at <= %(at)s AND p.ends_at > %(at)s AND NOT p.ended"
_TAKES = (
    "(p.takes_waiting OR NOT EXISTS (SELECT FROM approval_waiting w WHERE w.approval_id = %(approval)s"
    " AND w.approver_id = p.from_id AND w.since < p.starts_at))"
)
"""Whether the proxy covers the absent one's place in this request: what waited before it began may be left out."""


async def proxied_by(reader: Reader, user_id: UUID, at: datetime) -> dict[UUID, datetime | None]:
    """Colleagues for whom the user stands in at this moment, with the time from which on a request must have begun to
    wait for the user to decide it; None where whatever waits is theirs to decide."""
    rows = await reader.all(
        f"SELECT p.from_id, p.takes_waiting, p.starts_at FROM approval_proxies p"  # noqa: S608
        f" WHERE p.to_id = %(user)s AND {_STANDING} ORDER BY p.starts_at DESC",
        {"user": user_id, "at": at},
    )
    found: dict[UUID, datetime | None] = {row["from_id"]: row["starts_at"] for row in rows}
    return found | {row["from_id"]: None for row in rows if row["takes_waiting"]}


async def hold_proxies(uow: UnitOfWork, user_id: UUID, at: datetime, approval_id: UUID) -> list[Row]:
    """Those by which the user may act on this request, locked: nobody ends or changes them before the transaction
    ends. An end that was waited for shows. The request must have been locked before."""
    return await uow.all(
        f"SELECT p.from_id, p.ends_at FROM approval_proxies p WHERE p.to_id = %(user)s AND {_STANDING}"  # noqa: S608
        f" AND {_TAKES} ORDER BY p.id FOR SHARE",
        {"user": user_id, "at": at, "approval": approval_id},
    )


async def covered_by(reader: Reader, user_id: UUID, at: datetime, approval_id: UUID) -> frozenset[UUID]:
    """For whom the user may act on this request by proxy, as far as can be told without locks."""
    rows = await reader.all(
        f"SELECT DISTINCT p.from_id FROM approval_proxies p"  # noqa: S608
        f" WHERE p.to_id = %(user)s AND {_STANDING} AND {_TAKES}",
        {"user": user_id, "at": at, "approval": approval_id},
    )
    return frozenset(row["from_id"] for row in rows)


@dataclass(frozen=True, slots=True)
class StandIn:
    """``user_id`` stands in for somebody in a period."""

    user_id: UUID
    starts_at: datetime
    ends_at: datetime
    takes_waiting: bool


async def proxies_of(
    reader: Reader, users: Sequence[UUID], at: datetime, *, until: datetime | None = None
) -> dict[UUID, list[StandIn]]:
    """Who stands in for each of these users at this moment, or from some moment before ``until`` on."""
    rows = await reader.all(
        "SELECT from_id, to_id, starts_at, ends_at, takes_waiting FROM approval_proxies"
        " WHERE from_id = ANY(%s) AND starts_at <= %s AND ends_at > %s AND NOT ended ORDER BY to_id, starts_at",
        [list(users), until or at, at],
    )
    found: dict[UUID, list[StandIn]] = {}
    for row in rows:
        stand_in = StandIn(row["to_id"], row["starts_at"], row["ends_at"], row["takes_waiting"])
        found.setdefault(row["from_id"], []).append(stand_in)
    return found


async def covering(reader: Reader, users: Sequence[UUID], at: datetime, approval_id: UUID) -> dict[UUID, list[UUID]]:
    """Who may act for each of these users on this request at this moment."""
    rows = await reader.all(
        f"SELECT DISTINCT p.from_id, p.to_id FROM approval_proxies p"  # noqa: S608
        f" WHERE p.from_id = ANY(%(users)s) AND {_STANDING} AND {_TAKES} ORDER BY p.to_id",
        {"users": list(users), "at": at, "approval": approval_id},
    )
    found: dict[UUID, list[UUID]] = {}
    for row in rows:
        found.setdefault(row["from_id"], []).append(row["to_id"])
    return found


async def open_places(reader: Reader, approval_id: UUID, at: datetime) -> frozenset[UUID]:
    """Those for whom the request waits and whose places superiors may take at this moment."""
    rows = await reader.all(
        "SELECT approver_id FROM approval_waiting WHERE approval_id = %s AND step_in_from <= %s", [approval_id, at]
    )
    return frozenset(row["approver_id"] for row in rows)


async def line(reader: Reader, user_id: UUID, superior_id: UUID) -> list[UUID]:
    """The superiors of the user up to this one."""
    rows = await reader.all(
        "WITH RECURSIVE up AS (SELECT manager_id AS id, 1 AS level, ARRAY[id] AS passed FROM user_copies WHERE id = %s"
        " UNION ALL SELECT u.manager_id, up.level + 1, up.passed || u.id FROM up JOIN user_copies u ON u.id = up.id"
        " WHERE up.id <> %s AND up.id <> ALL(up.passed)) SELECT id FROM up WHERE id IS NOT NULL ORDER BY level",
        [user_id, superior_id],
    )
    return [row["id"] for row in rows]


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
