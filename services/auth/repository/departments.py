"""Departments: rows in, records out; and what a deletion of a user changed about their heads."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.auth.record import Department
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.errors import NotFound

TREE_LOCK: Final = 7_121_103
"""Advisory lock: two moves at once could close a circle that neither sees, or fill what is just being deleted."""
MAX_DEPTH: Final = 50
"""Levels that are followed: a tree has fewer, and a circle that got in somehow ends here."""

_VIEW = (
    'd.id, d.name, d.code, d.parent_id AS "parentId", d.head_id AS "headId", h.name AS "headName",'
    " (SELECT count(*) FROM users m WHERE m.department_id = d.id AND m.state <> 'DELETED') AS members, d.version,"
    ' d.created_at AS "createdAt", d.updated_at AS "updatedAt"'
)
_FROM = "FROM departments d LEFT JOIN users h ON h.id = d.head_id"
_COPY = (
    'id AS "departmentId", name, code, parent_id AS "parentId", head_id AS "headId",'
    ' deleted_at IS NOT NULL AS deleted, event_version AS "aggregateVersion"'
)


async def hold_tree(uow: UnitOfWork) -> None:
    """Nobody else changes the tree before the transaction ends."""
    await uow.execute("SELECT pg_advisory_xact_lock(%s)", [TREE_LOCK])


async def lock(uow: UnitOfWork, department_id: UUID) -> Department:
    """The department, held until the transaction ends. Raises NotFound, for a deleted one too."""
    row = await uow.one("SELECT * FROM departments WHERE id = %s AND deleted_at IS NULL FOR UPDATE", [department_id])
    if row is None:
        raise NotFound()
    return Department.from_row(row)


async def hold(uow: UnitOfWork, department_id: UUID) -> bool:
    """Whether there is the department; it is not deleted before the transaction ends."""
    row = await uow.one("SELECT id FROM departments WHERE id = %s AND deleted_at IS NULL FOR SHARE", [department_id])
    return row is not None


async def view(reader: Reader, department_id: UUID) -> Row | None:
    statement = f"SELECT {_VIEW} {_FROM} WHERE d.id = %s AND d.deleted_at IS NULL"
    return await reader.one(statement, [department_id])


async def tree(reader: Reader) -> list[Row]:
    """Each right before those below it, with its ``depth``."""
    return await reader.all(
        "WITH RECURSIVE tree AS (SELECT id, 0 AS depth, ARRAY[folded_name, id::text] AS place FROM departments"  # noqa: S608
        " WHERE parent_id IS NULL AND deleted_at IS NULL UNION ALL SELECT c.id, tree.depth + 1,"
        " tree.place || ARRAY[c.folded_name, c.id::text] FROM departments c JOIN tree ON c.parent_id = tree.id"
        f" WHERE c.deleted_at IS NULL AND tree.depth < %s) SELECT {_VIEW}, tree.depth {_FROM}"
        " JOIN tree ON tree.id = d.id ORDER BY tree.place",
        [MAX_DEPTH],
    )


async def copies(reader: Reader, department_ids: Sequence[UUID]) -> list[Row]:
    """What other services keep of departments, of deleted ones too."""
    return await reader.all(f"SELECT {_COPY} FROM departments WHERE id = ANY(%s)", [list(department_ids)])  # noqa: S608


async def lies_below(reader: Reader, department_id: UUID, above_id: UUID) -> bool:
    """Whether the first is the second or lies below it, over all levels."""
    return bool(
        await reader.scalar(
            "WITH RECURSIVE chain AS (SELECT id, parent_id FROM departments WHERE id = %s"
            " UNION SELECT d.id, d.parent_id FROM departments d JOIN chain c ON d.id = c.parent_id)"
            " SELECT count(*) > 0 FROM chain WHERE id = %s",
            [department_id, above_id],
        )
    )


async def count(reader: Reader) -> int:
    number: int = await reader.scalar("SELECT count(*) FROM departments WHERE deleted_at IS NULL")
    return number


async def count_below(reader: Reader, department_id: UUID) -> int:
    number: int = await reader.scalar(
        "SELECT count(*) FROM departments WHERE parent_id = %s AND deleted_at IS NULL", [department_id]
    )
    return number


async def count_members(reader: Reader, department_id: UUID) -> int:
    number: int = await reader.scalar(
        "SELECT count(*) FROM users WHERE department_id = %s AND state <> 'DELETED'", [department_id]
    )
    return number


async def taken_by(reader: Reader, department: Department) -> tuple[bool, bool]:
    """Whether another department has its name, as names are compared, and whether one has its code."""
    row = await reader.one(
        "SELECT coalesce(bool_or(folded_name = search_fold(%(name)s)), false) AS name,"
        " coalesce(bool_or(code = %(code)s::text), false) AS code"
        " FROM departments WHERE deleted_at IS NULL AND id <> %(id)s",
        department.values(),
    )
    assert row is not None
    return row["name"], row["code"]


async def insert(uow: UnitOfWork, department: Department) -> None:
    await uow.execute(
        "INSERT INTO departments (id, name, code, parent_id, head_id, version, event_version, created_at, updated_at)"
        " VALUES (%(id)s, %(name)s, %(code)s, %(parent_id)s, %(head_id)s, 1, 1, %(created_at)s, %(updated_at)s)",
        department.values(),
    )


async def save(uow: UnitOfWork, department: Department) -> None:
    await uow.execute(
        "UPDATE departments SET name = %(name)s, code = %(code)s, parent_id = %(parent_id)s, head_id = %(head_id)s,"
        " version = %(version)s, updated_at = %(updated_at)s, deleted_at = %(deleted_at)s WHERE id = %(id)s",
        department.values(),
    )


async def headed_by(reader: Reader, user_id: UUID) -> list[str]:
    """What the departments are called that the user heads."""
    rows = await reader.all(
        "SELECT name FROM departments WHERE head_id = %s AND deleted_at IS NULL ORDER BY folded_name", [user_id]
    )
    return [row["name"] for row in rows]


async def lock_headed(uow: UnitOfWork, user_id: UUID, limit: int) -> list[Department]:
    rows = await uow.all(
        "SELECT * FROM departments WHERE head_id = %s AND deleted_at IS NULL ORDER BY id LIMIT %s FOR UPDATE",
        [user_id, limit],
    )
    return [Department.from_row(row) for row in rows]


async def count_headed(reader: Reader, user_id: UUID) -> int:
    number: int = await reader.scalar(
        "SELECT count(*) FROM departments WHERE head_id = %s AND deleted_at IS NULL", [user_id]
    )
    return number


async def record_move(
    uow: UnitOfWork, *, process_id: UUID, department_id: UUID, from_id: UUID, to_id: UUID | None
) -> None:
    await uow.execute(
        "INSERT INTO headship_moves (process_id, department_id, from_id, to_id) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (process_id, department_id) DO UPDATE SET to_id = excluded.to_id",
        [process_id, department_id, from_id, to_id],
    )


async def take_moves(uow: UnitOfWork, process_id: UUID, limit: int) -> tuple[int, list[Department]]:
    """Up to ``limit`` moves of a deletion leave the record: how many, and the departments whose head nobody has
    changed since."""
    taken = await uow.all(
        "DELETE FROM headship_moves WHERE (process_id, department_id) IN (SELECT process_id, department_id"
        " FROM headship_moves WHERE process_id = %s ORDER BY department_id LIMIT %s) RETURNING department_id, to_id",
        [process_id, limit],
    )
    rows = await uow.all(
        "SELECT d.* FROM departments d JOIN unnest(%s::uuid[], %s::uuid[]) AS taken (department_id, to_id)"
        " ON taken.department_id = d.id AND d.head_id IS NOT DISTINCT FROM taken.to_id"
        " WHERE d.deleted_at IS NULL ORDER BY d.id FOR UPDATE OF d",
        [[row["department_id"] for row in taken], [row["to_id"] for row in taken]],
    )
    return len(taken), [Department.from_row(row) for row in rows]


async def count_moves(reader: Reader, process_id: UUID) -> int:
    number: int = await reader.scalar("SELECT count(*) FROM headship_moves WHERE process_id = %s", [process_id])
    return number
