"""What a person makes of their inbox: saved views, and requests that they set aside for a while.

Both are theirs alone. What is set aside still waits: its deadline runs, others see and decide it, it is escalated.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from services.contracts.states import ApprovalState
from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.errors import Conflict, NotFound, PreconditionFailed, Text, Unprocessable
from services.kit.events.audit import record_audit
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.text.folding import fold
from services.kit.trust.principal import Principal
from services.opportunity import actions
from services.opportunity.errors import DeadlineNear, TooManyViews
from services.opportunity.repository import approvals
from services.opportunity.repository import inbox as repository
from services.opportunity.schemas.inbox import SnoozeInput, ViewInput
from services.opportunity.service import views as shown

MOST_VIEWS: Final = 30
LONGEST_SNOOZE: Final = timedelta(days=90)


# Views ----------------------------------------------------------------------------------------------


async def views(reader: Reader, principal: Principal) -> dict[str, Any]:
    return {"items": await repository.views(reader, principal.user_id)}


async def create_view(uow: UnitOfWork, principal: Principal, wish: ViewInput) -> Row:
    if await repository.hold_views(uow, principal.user_id) >= MOST_VIEWS:
        raise TooManyViews(MOST_VIEWS)
    view_id = new_id()
    await repository.insert_view(uow, await _values(uow, principal, wish, view_id))
    return await _view(uow, principal, view_id)


async def change_view(uow: UnitOfWork, principal: Principal, view_id: UUID, version: int, wish: ViewInput) -> Row:
    await repository.hold_views(uow, principal.user_id)
    before = await _view(uow, principal, view_id)
    if before["version"] != version:
        raise PreconditionFailed(before["version"])
    await repository.update_view(uow, await _values(uow, principal, wish, view_id))
    return await _view(uow, principal, view_id)


async def delete_view(uow: UnitOfWork, principal: Principal, view_id: UUID) -> None:
    if not await repository.delete_view(uow, principal.user_id, view_id):
        raise NotFound()


async def _values(uow: UnitOfWork, principal: Principal, wish: ViewInput, view_id: UUID) -> dict[str, Any]:
    """The row's new content; the view that was the default before is it no longer."""
    name_key, now = fold(wish.name), clock.now()
    if await repository.named(uow, principal.user_id, name_key, but=view_id):
        message = Text("同じ名前のビューがすでにあります", "You have a view of this name already")
        raise Unprocessable.field("/name", "name_taken", message)
    if wish.is_default:
        await repository.unset_default(uow, principal.user_id, now)
    return {
        "id": view_id,
        "user_id": principal.user_id,
        "name": wish.name,
        "name_key": name_key,
        "filter": wish.filter.model_dump(mode="json", by_alias=True, exclude_none=True),
        "is_default": wish.is_default,
        "at": now,
    }


async def _view(reader: Reader, principal: Principal, view_id: UUID) -> Row:
    row = await repository.view(reader, principal.user_id, view_id)
    if row is None:
        raise NotFound()
    return row


# Snoozes --------------------------------------------------------------------------------------------


async def snooze(uow: UnitOfWork, principal: Principal, approval_id: UUID, wish: SnoozeInput) -> dict[str, Any]:
    """Out of the caller's inbox until then. Raises DeadlineNear within a day of the deadline, Conflict for a request
    that does not wait for the caller."""
    await shown.require_visible(uow, principal, approval_id)
    now = clock.now()
    if not now < wish.until <= now + LONGEST_SNOOZE:
        message = Text("これから90日以内の日時を指定してください", "Choose a time within the next 90 days")
        raise Unprocessable.field("/until", "until_out_of_range", message)
    row = await approvals.lock(uow, approval_id)
    if row is None:
        raise NotFound()
    # It can be returned also while an opinion is awaited before it can be approved.
    waits = actions.RETURN.name in (await shown.detail(uow, principal, approval_id))["allowedActions"]
    if not waits or row.state is not ApprovalState.PENDING:
        raise Conflict(Text("あなたの承認待ちではありません", "It does not wait for you"))
    if row.deadline_at is not None and row.deadline_at <= now + repository.NEAR:
        raise DeadlineNear()
    who_and_what = {"user_id": principal.user_id, "approval_id": approval_id}
    await repository.snooze(uow, who_and_what | {"until": wish.until, "history_length": row.history_length, "at": now})
    latest = wish.until if row.deadline_at is None else min(wish.until, row.deadline_at - repository.NEAR)
    await record_audit(
        uow,
        action="approval.snooze",
        resource_type="approval",
        resource_id=approval_id,
        detail={"number": row.number, "until": wish.until},
    )
    return {"approvalId": approval_id, "until": wish.until, "wakesAt": latest}


async def wake(uow: UnitOfWork, principal: Principal, approval_id: UUID) -> None:
    """Back into the caller's inbox; a repeat does no harm."""
    await shown.require_visible(uow, principal, approval_id)
    if await repository.wake(uow, principal.user_id, approval_id):
        await record_audit(uow, action="approval.wake", resource_type="approval", resource_id=approval_id)
