"""What an access review reads: accounts, the entries that gave them their roles, and their last sign-ins."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.auth.access_grants import RoleRecord
from services.contracts.permissions import Role
from services.contracts.states import UserState
from services.kit.db.unit_of_work import Reader, Row


async def accounts(
    reader: Reader, *, limit: int, after: Sequence[Any] | None, role: Role | None, state: UserState | None
) -> list[Row]:
    """By name, with ``sortKey``, one more than ``limit`` if there is one; ``after`` is (key, id) of the last before."""
    conditions = ["u.state <> 'DELETED'" if state is None else "u.state = %(state)s"]
    if role is not None:
        conditions.append("%(role)s = ANY(u.roles)")
    if after is not None:
        conditions.append("(u.sort_name, u.id) > (%(after_name)s, %(after_id)s)")
    name, user_id = after or (None, None)
    return await reader.all(
        'SELECT u.id AS "userId", u.name, u.email, u.state, u.roles, u.totp_confirmed_at IS NOT NULL AS "totpEnabled",'  # noqa: S608
        ' u.created_at AS "createdAt", u.sort_name AS "sortKey", (SELECT e.at FROM audit_entries e'
        "  WHERE e.resource_type = 'user' AND e.resource_id = u.id AND e.action = 'user.login'"
        "  AND e.outcome = 'SUCCESS' ORDER BY e.at DESC LIMIT 1) AS \"lastSignInAt\""
        f" FROM users u WHERE {' AND '.join(conditions)} ORDER BY u.sort_name, u.id LIMIT %(limit)s",
        {"limit": limit + 1, "role": role, "state": state, "after_name": name, "after_id": user_id},
    )


async def role_records(reader: Reader, user_ids: Sequence[UUID]) -> dict[UUID, list[RoleRecord]]:
    """By user, the entries that may have changed roles, oldest first.

    From this service's own entries, which stand there with the change: those of the log come a moment later.
    """
    rows = await reader.all(
        "SELECT resource_id, at, actor_id, action, detail FROM audit_entries WHERE resource_type = 'user'"
        " AND resource_id = ANY(%s) AND action IN ('user.created', 'user.updated') AND outcome = 'SUCCESS'"
        " ORDER BY at, id",
        [list(user_ids)],
    )
    found: dict[UUID, list[RoleRecord]] = {}
    for row in rows:
        record = RoleRecord(row["at"], row["actor_id"], row["action"], row["detail"])
        found.setdefault(row["resource_id"], []).append(record)
    return found
