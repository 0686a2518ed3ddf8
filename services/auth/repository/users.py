"""Users: rows in, records out."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.auth.record import User
from services.contracts.permissions import Role
from services.contracts.states import UserState
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.errors import NotFound
from services.kit.text.folding import words
from services.kit.text.search import matching

ADMINS_LOCK: Final = 7_121_101
"""Advisory lock: two administrators who demote each other at once must not both succeed."""
HIERARCHY_LOCK: Final = 7_121_102
"""Advisory lock: two changes of managers at once could close a circle that neither sees."""

VIEW: Final = (
    'id, email, name, roles, manager_id AS "managerId", department_id AS "departmentId", state, version,'
    ' created_at AS "createdAt", updated_at AS "updatedAt", totp_confirmed_at IS NOT NULL AS "totpEnabled",'
    ' blocked_by_process AS "processId"'
)
COLLEAGUE: Final = (
    'id, name, roles, manager_id AS "managerId", department_id AS "departmentId",'
    " state IN ('ACTIVE', 'LOCKED') AS active"
)
COPY: Final = (
    'id AS "userId", name, email, state, manager_id AS "managerId", roles, department_id AS "departmentId",'
    ' event_version AS "aggregateVersion"'
)
SORTS: Final = {"name": "sort_name", "createdAt": "created_at"}


async def find(reader: Reader, user_id: UUID) -> User | None:
    row = await reader.one("SELECT * FROM users WHERE id = %s", [user_id])
    return None if row is None else User.from_row(row)


async def find_by_email(reader: Reader, email: str) -> User | None:
    row = await reader.one("SELECT * FROM users WHERE email = %s", [email])
    return None if row is None else User.from_row(row)


async def lock(uow: UnitOfWork, user_id: UUID) -> User:
    """The user, held until the transaction ends; raises NotFound."""
    user = await lock_if_there(uow, user_id)
    if user is None:
        raise NotFound()
    return user


async def lock_if_there(uow: UnitOfWork, user_id: UUID) -> User | None:
    row = await uow.one("SELECT * FROM users WHERE id = %s FOR UPDATE", [user_id])
    return None if row is None else User.from_row(row)


async def lock_in_order(uow: UnitOfWork, user_ids: Iterable[UUID | None]) -> None:
    """Hold several users; always in the order of their ids, so that two requests can't wait for each other."""
    ids = [user_id for user_id in user_ids if user_id is not None]
    await uow.all("SELECT id FROM users WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [ids])


async def view(reader: Reader, user_id: UUID) -> Row | None:
    """As the API shows a user to who may see the account."""
    return await reader.one(f"SELECT {VIEW} FROM users WHERE id = %s", [user_id])  # noqa: S608 - constant columns


async def last_sign_in(reader: Reader, user_id: UUID) -> datetime | None:
    at: datetime | None = await reader.scalar(
        "SELECT max(at) FROM audit_entries WHERE resource_type = 'user' AND resource_id = %s"
        " AND action = 'user.login' AND outcome = 'SUCCESS'",
        [user_id],
    )
    return at


async def colleague(reader: Reader, user_id: UUID) -> Row | None:
    """As the API shows a user to everybody else."""
    return await reader.one(f"SELECT {COLLEAGUE} FROM users WHERE id = %s", [user_id])  # noqa: S608 - constant columns


async def list_views(
    reader: Reader,
    *,
    limit: int,
    sort: str,
    descending: bool,
    after: Sequence[Any] | None,
    state: UserState | None,
    role: Role | None,
    manager_id: UUID | None,
    department_id: UUID | None,
    text: str | None,
    accounts: bool,
) -> list[Row]:
    """One row more than ``limit``, if there is one, with its ``sortKey``; ``after`` is (key, id) of the last before.

    ``accounts``: as who manages them sees them; else those who can be chosen, as colleagues see them.
    """
    column = SORTS[sort]
    order, beyond = ("DESC", "<") if descending else ("ASC", ">")
    conditions = ["true"]
    params: dict[str, Any] = {"limit": limit + 1}
    if not accounts:
        conditions.append("state IN ('ACTIVE', 'LOCKED')")
    elif state is not None:
        conditions.append("state = %(state)s")
        params["state"] = state
    else:
        # Deleted users are shown only when asked for.
        conditions.append("state <> 'DELETED'")
    if role is not None:
        conditions.append("%(role)s = ANY(roles)")
        params["role"] = role
    if manager_id is not None:
        conditions.append("manager_id = %(manager_id)s")
        params["manager_id"] = manager_id
    if department_id is not None:
        conditions.append("department_id = %(department_id)s")
        params["department_id"] = department_id
    if text is not None:
        clauses, values = matching(text, "search_text", "search_grams") if accounts else _by_name(text)
        conditions += clauses
        params |= values
    if after is not None:
        conditions.append(f"({column}, id) {beyond} (%(after_value)s, %(after_id)s)")
        params["after_value"], params["after_id"] = after
    return await reader.all(
        f'SELECT {VIEW if accounts else COLLEAGUE}, {column} AS "sortKey"'  # noqa: S608 - constants
        f" FROM users WHERE {' AND '.join(conditions)}"
        f" ORDER BY {column} {order}, id {order} LIMIT %(limit)s",
        params,
    )


def _by_name(text: str) -> tuple[list[str], dict[str, Any]]:
    """For colleagues, who are not told addresses, a search finds nobody by theirs either."""
    looked_for = words(text)
    params = {f"word{number}": word for number, word in enumerate(looked_for)}
    return [f"strpos(sort_name, %({name})s) > 0" for name in params] or ["false"], params


async def copies(reader: Reader, user_ids: Sequence[UUID]) -> list[Row]:
    """What other services keep of users."""
    return await reader.all(f"SELECT {COPY} FROM users WHERE id = ANY(%s)", [list(user_ids)])  # noqa: S608


async def names(reader: Reader, user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Of those that are users, deleted ones too."""
    rows = await reader.all("SELECT id, name FROM users WHERE id = ANY(%s)", [list(user_ids)])
    return {row["id"]: row["name"] for row in rows}


async def insert(uow: UnitOfWork, user: User) -> bool:
    """False when somebody else has the e-mail address."""
    inserted = await uow.execute(
        "INSERT INTO users (id, email, name, password_hash, roles, manager_id, department_id, state,"
        " version, event_version, created_at, updated_at) VALUES (%(id)s, %(email)s, %(name)s, %(password_hash)s,"
        " %(roles)s, %(manager_id)s, %(department_id)s, %(state)s, 1, 1, %(created_at)s, %(updated_at)s)"
        " ON CONFLICT (email) DO NOTHING",
        user.values(),
    )
    return inserted == 1


async def save_content(uow: UnitOfWork, user: User) -> None:
    """What people edit, with the next content version."""
    await uow.execute(
        "UPDATE users SET name = %(name)s, roles = %(roles)s, manager_id = %(manager_id)s,"
        " department_id = %(department_id)s, state = %(state)s, version = %(version)s,"
        " updated_at = %(updated_at)s WHERE id = %(id)s",
        user.values(),
    )


async def save_lifecycle(uow: UnitOfWork, user: User) -> None:
    """What processes and sign-ins change; the content version stays."""
    await uow.execute(
        "UPDATE users SET state = %(state)s, state_before = %(state_before)s, department_id = %(department_id)s,"
        " blocked_by_process = %(blocked_by_process)s, deletion_process_id = %(deletion_process_id)s,"
        " generation = %(generation)s, deleted_at = %(deleted_at)s, updated_at = %(updated_at)s WHERE id = %(id)s",
        user.values(),
    )


async def save_password(uow: UnitOfWork, user_id: UUID, password_hash: str) -> None:
    await uow.execute("UPDATE users SET password_hash = %s WHERE id = %s", [password_hash, user_id])


async def other_active_admins(uow: UnitOfWork, user_id: UUID) -> int:
    """Active administrators beside this one; the answer holds until the transaction ends."""
    await uow.execute("SELECT pg_advisory_xact_lock(%s)", [ADMINS_LOCK])
    count: int = await uow.scalar(
        "SELECT count(*) FROM users WHERE %s = ANY(roles) AND state IN ('ACTIVE', 'LOCKED') AND id <> %s",
        [Role.ADMIN, user_id],
    )
    return count


async def reports_to(uow: UnitOfWork, manager_id: UUID, user_id: UUID) -> bool:
    """Whether the manager is the user or stands below them; holds until the transaction ends."""
    await uow.execute("SELECT pg_advisory_xact_lock(%s)", [HIERARCHY_LOCK])
    return await is_in_team(uow, manager_id, user_id)


async def is_in_team(reader: Reader, user_id: UUID, leader_id: UUID) -> bool:
    """Whether the user is the leader or stands below them, over all levels."""
    return bool(
        await reader.scalar(
            "WITH RECURSIVE chain AS (SELECT id, manager_id FROM users WHERE id = %s"
            " UNION SELECT u.id, u.manager_id FROM users u JOIN chain c ON u.id = c.manager_id)"
            " SELECT count(*) > 0 FROM chain WHERE id = %s",
            [user_id, leader_id],
        )
    )


async def count_reports(reader: Reader, manager_id: UUID) -> int:
    count: int = await reader.scalar(
        "SELECT count(*) FROM users WHERE manager_id = %s AND state <> 'DELETED'", [manager_id]
    )
    return count
