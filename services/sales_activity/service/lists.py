"""Lists and single reads: what the caller may see, in a stable order, page by page."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.kit.db.unit_of_work import Reader, Row
from services.kit.errors import NotFound
from services.kit.http.paging import Cursors, page
from services.kit.running import clock
from services.kit.trust.principal import Principal
from services.sales_activity import access
from services.sales_activity.repository import copies, meetings, tasks
from services.sales_activity.schemas import MeetingListQuery, MeetingsOfCustomerQuery, OverdueQuery, TaskListQuery
from services.sales_activity.service.offers import with_actions

_PAGING = {"limit", "cursor", "sort", "overdue"}
_KEY_TYPES = (datetime, UUID)


async def task(reader: Reader, principal: Principal, task_id: UUID) -> Row:
    row = await tasks.view(reader, task_id, access.reader(principal), clock.now())
    if row is None:
        raise NotFound
    await with_actions(reader, principal, [row])
    return row


async def meeting(reader: Reader, principal: Principal, meeting_id: UUID) -> Row:
    row = await meetings.view(reader, meeting_id, access.reader(principal))
    if row is None:
        raise NotFound
    await with_actions(reader, principal, [row])
    return row


async def task_list(reader: Reader, principal: Principal, cursors: Cursors, query: TaskListQuery) -> dict[str, Any]:
    viewer = access.reader(principal)
    scope, column = f"tasks:{query.sort}", query.sort.lstrip("-")
    rows = await tasks.listed(
        reader,
        viewer,
        filters=query.model_dump(exclude=_PAGING) | {"state": [str(state) for state in query.state] or None},
        overdue=query.overdue,
        by_due_date=column == "dueDate",
        descending=query.sort.startswith("-"),
        after=_after(cursors, scope, query.cursor),
        limit=query.limit,
        now=clock.now(),
    )
    await with_actions(reader, principal, rows)
    return page(rows, query.limit, lambda row: cursors.encode(scope, (row[column], row["id"])))


async def overdue_tasks(reader: Reader, principal: Principal, cursors: Cursors, query: OverdueQuery) -> dict[str, Any]:
    """Longest overdue first."""
    listing = TaskListQuery.model_validate(query.model_dump(by_alias=True) | {"overdue": True})
    return await task_list(reader, principal, cursors, listing)


async def meeting_list(
    reader: Reader, principal: Principal, cursors: Cursors, query: MeetingListQuery
) -> dict[str, Any]:
    viewer = access.reader(principal)
    scope, column = f"meetings:{query.sort}", query.sort.lstrip("-")
    rows = await meetings.listed(
        reader,
        viewer,
        filters=query.model_dump(exclude=_PAGING),
        by_start=column == "startsAt",
        descending=query.sort.startswith("-"),
        after=_after(cursors, scope, query.cursor),
        limit=query.limit,
    )
    await with_actions(reader, principal, rows)
    return page(rows, query.limit, lambda row: cursors.encode(scope, (row[column], row["id"])))


async def meetings_of_customer(
    reader: Reader, principal: Principal, cursors: Cursors, customer_id: UUID, query: MeetingsOfCustomerQuery
) -> dict[str, Any]:
    """Newest first; 404 for a customer whom the caller may not see."""
    if not await copies.customer_visible(reader, customer_id, access.reader(principal)):
        raise NotFound
    listing = MeetingListQuery.model_validate(query.model_dump(by_alias=True) | {"customerId": customer_id})
    return await meeting_list(reader, principal, cursors, listing)


def _after(cursors: Cursors, scope: str, cursor: str | None) -> tuple[Any, UUID] | None:
    key = cursors.decode(scope, cursor, _KEY_TYPES)
    return None if key is None else (key[0], key[1])
