"""Queries about this service's copies of users and customers."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.contracts.permissions import Scope
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.sales_activity.access import Viewer
from services.sales_activity.repository.scopes import of_customers, people_in


async def lock_user(uow: UnitOfWork, user_id: UUID, viewer: Viewer) -> Row | None:
    """State, fence and `reachable` (in the viewer's scope), locked against a fence until the transaction ends."""
    reachable = "TRUE" if viewer.scope is Scope.ALL else f"u.id = ANY({people_in(viewer)})"
    return await uow.one(
        f"SELECT u.state, u.blocked_by_process, {reachable} AS reachable"  # noqa: S608
        " FROM user_copies AS u WHERE u.id = %(id)s FOR SHARE OF u",
        viewer.params | {"id": user_id},
    )


async def lock_users(uow: UnitOfWork, user_ids: Sequence[UUID]) -> list[Row]:
    return await uow.all(
        "SELECT id, state, blocked_by_process FROM user_copies WHERE id = ANY(%s) ORDER BY id FOR SHARE",
        [list(user_ids)],
    )


async def lock_customer(uow: UnitOfWork, customer_id: UUID, viewer: Viewer) -> Row | None:
    """State, fence and `visible`, locked against a fence until the transaction ends."""
    return await uow.one(
        f"SELECT c.state, c.blocked_by_process, {of_customers(viewer, 'c.id')} AS visible"  # noqa: S608
        " FROM customer_copies AS c WHERE c.id = %(id)s FOR SHARE OF c",
        viewer.params | {"id": customer_id},
    )


async def customer_visible(reader: Reader, customer_id: UUID, viewer: Viewer) -> bool:
    visible: Any = await reader.scalar(
        f"SELECT {of_customers(viewer, 'c.id')} FROM customer_copies AS c"  # noqa: S608
        " WHERE c.id = %(id)s AND c.state IN ('ACTIVE', 'DELETING', 'RESTORING')",
        viewer.params | {"id": customer_id},
    )
    return bool(visible)


async def lock_leaver(uow: UnitOfWork, user_id: UUID) -> Row | None:
    """Waits for those who hold the copy FOR SHARE, and makes later ones wait."""
    return await uow.one("SELECT id, manager_id FROM user_copies WHERE id = %s FOR UPDATE", [user_id])


async def team_of(reader: Reader, user_id: UUID) -> set[UUID]:
    """The user and everybody who reports to them, over all levels."""
    return {row["id"] for row in await reader.all("SELECT team_of(%s) AS id", [user_id])}
