"""All rows about one request, for its dossier."""

from uuid import UUID

from services.kit.db.database import Reader, Row, UnitOfWork


async def hold(uow: UnitOfWork, approval_id: UUID) -> None:
    """The request stays as it is until the transaction ends; others may look at it."""
    await uow.execute("SELECT 1 FROM approvals WHERE id = %s FOR SHARE", [approval_id])


async def history(reader: Reader, approval_id: UUID) -> list[Row]:
    """Whole entries, oldest first; ``salt`` and ``content`` are null once erased."""
    return await reader.all(
        "SELECT h.*, p.salt, p.content FROM approval_history h"
        " LEFT JOIN approval_history_personal p ON p.history_id = h.id WHERE h.approval_id = %s ORDER BY h.sequence",
        [approval_id],
    )


async def votes(reader: Reader, approval_id: UUID) -> list[Row]:
    return await reader.all(
        "SELECT generation, revision, stage, approver_id, voter_id, decision, at FROM approval_votes"
        " WHERE approval_id = %s ORDER BY at, approver_id",
        [approval_id],
    )


async def proxies_used(reader: Reader, approval_id: UUID) -> list[Row]:
    """Those by which somebody acted in another's name."""
    return await reader.all(
        "SELECT p.id, p.from_id, p.to_id, p.starts_at, p.ends_at FROM approval_proxies p WHERE EXISTS"
        " (SELECT 1 FROM approval_history h WHERE h.approval_id = %s AND h.on_behalf_of = p.from_id"
        "  AND h.actor_id = p.to_id AND h.at BETWEEN p.starts_at AND p.ends_at) ORDER BY p.starts_at, p.id",
        [approval_id],
    )


async def remarks(reader: Reader, approval_id: UUID) -> list[Row]:
    """Comments beside the decisions, oldest first."""
    return await reader.all(
        "SELECT id, author_id, body, created_at FROM approval_comments WHERE approval_id = %s AND purpose = 'COMMENT'"
        " ORDER BY created_at, id",
        [approval_id],
    )


async def customer_name(reader: Reader, customer_id: UUID) -> str | None:
    name: str | None = await reader.scalar("SELECT name FROM customer_copies WHERE id = %s", [customer_id])
    return name
