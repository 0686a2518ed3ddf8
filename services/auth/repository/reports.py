"""Who reports to whom, and what a deletion changed about it."""

from uuid import UUID

from services.auth.record import User
from services.kit.db.unit_of_work import Reader, UnitOfWork


async def lock_reports(uow: UnitOfWork, manager_id: UUID, limit: int) -> list[User]:
    """In the order of their ids, as everybody locks users."""
    rows = await uow.all(
        "SELECT * FROM users WHERE manager_id = %s AND state <> 'DELETED' ORDER BY id LIMIT %s FOR UPDATE",
        [manager_id, limit],
    )
    return [User.from_row(row) for row in rows]


async def save_manager(uow: UnitOfWork, user: User) -> None:
    await uow.execute(
        "UPDATE users SET manager_id = %(manager_id)s, updated_at = %(updated_at)s WHERE id = %(id)s",
        user.values(),
    )


async def record_move(uow: UnitOfWork, *, process_id: UUID, user_id: UUID, from_id: UUID, to_id: UUID | None) -> None:
    await uow.execute(
        "INSERT INTO report_moves (process_id, user_id, from_id, to_id) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (process_id, user_id) DO UPDATE SET to_id = excluded.to_id",
        [process_id, user_id, from_id, to_id],
    )


async def take_moves(uow: UnitOfWork, process_id: UUID, limit: int) -> tuple[int, list[User]]:
    """Up to ``limit`` moves of a deletion leave the record: how many, and the users whom nothing has moved since."""
    taken = await uow.all(
        "DELETE FROM report_moves WHERE (process_id, user_id) IN (SELECT process_id, user_id FROM report_moves"
        " WHERE process_id = %s ORDER BY user_id LIMIT %s) RETURNING user_id, to_id",
        [process_id, limit],
    )
    rows = await uow.all(
        "SELECT u.* FROM users u JOIN unnest(%s::uuid[], %s::uuid[]) AS taken (user_id, to_id)"
        " ON taken.user_id = u.id AND u.manager_id IS NOT DISTINCT FROM taken.to_id"
        " WHERE u.state NOT IN ('DEACTIVATING', 'DELETED') ORDER BY u.id FOR UPDATE OF u",
        [[row["user_id"] for row in taken], [row["to_id"] for row in taken]],
    )
    return len(taken), [User.from_row(row) for row in rows]


async def count_moves(reader: Reader, process_id: UUID) -> int:
    count: int = await reader.scalar("SELECT count(*) FROM report_moves WHERE process_id = %s", [process_id])
    return count
