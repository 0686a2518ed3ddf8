"""Queries about single tasks and lists of them."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.text.search import matching
from services.sales_activity.access import Viewer
from services.sales_activity.record import TaskRecord
from services.sales_activity.repository.pages import Listing
from services.sales_activity.repository.scopes import of_people, of_team, visible_tasks, ways_to_see_tasks

LIVE = "t.state IN ('OPEN', 'IN_PROGRESS')"

_VIEW = f"""
    t.id, t.customer_id AS "customerId", c.name AS "customerName", t.user_id AS "userId", u.name AS "userName",
    t.title, t.description, t.priority, t.due_date AS "dueDate", t.lead_hours AS "leadHours", t.state,
    t.completed_at AS "completedAt",
    coalesce({LIVE} AND t.due_date >= %(now)s
        AND t.due_date - make_interval(hours => t.lead_hours) <= %(now)s, false) AS "dueSoon",
    coalesce({LIVE} AND t.due_date < %(now)s, false) AS overdue,
    t.version, t.created_at AS "createdAt", t.updated_at AS "updatedAt"
"""
_JOINS = """
    LEFT JOIN customer_copies AS c ON c.id = t.customer_id LEFT JOIN user_copies AS u ON u.id = t.user_id
"""

NO_DUE_DATE_LAST = "coalesce(t.due_date, 'infinity'::timestamptz)"

_FILTERS = {
    "customer_id": "t.customer_id = %(customer_id)s",
    "user_id": "t.user_id = %(user_id)s",
    "team_of": of_team("t"),
    "state": "t.state = ANY(%(state)s)",
    "priority": "t.priority = %(priority)s",
    "due_after": "t.due_date >= %(due_after)s",
    "due_before": "t.due_date < %(due_before)s",
}
_SEARCH_TEXT = "task_search_text(t.title, t.description)"


async def view(reader: Reader, task_id: UUID, viewer: Viewer, now: Any) -> Row | None:
    """The task as the API shows it, None if it isn't there or the viewer may not see it."""
    return await reader.one(
        f"SELECT {_VIEW} FROM tasks AS t {_JOINS}"  # noqa: S608
        f" WHERE t.id = %(id)s AND t.deleted_at IS NULL AND {visible_tasks(viewer)}",
        viewer.params | {"id": task_id, "now": now},
    )


async def listed(
    reader: Reader,
    viewer: Viewer,
    *,
    filters: Mapping[str, Any],
    overdue: bool | None,
    by_due_date: bool,
    descending: bool,
    after: tuple[Any, UUID] | None,
    limit: int,
    now: Any,
) -> list[Row]:
    """`limit` + 1 rows after the key (due date or creation, id); tasks without a due date stand behind all others."""
    key = NO_DUE_DATE_LAST if by_due_date else "t.created_at"
    conditions = ["t.deleted_at IS NULL"]
    conditions += [_FILTERS[name] for name, value in filters.items() if value is not None and name != "q"]
    if overdue is not None:
        late = f"({LIVE} AND t.due_date < %(now)s)"
        conditions.append(late if overdue else f"{late} IS NOT TRUE")
    params: dict[str, Any] = {**filters, **viewer.params, "now": now, "limit": limit + 1}
    if filters.get("q") is not None:
        found, looked_for = matching(filters["q"], _SEARCH_TEXT, f"search_grams({_SEARCH_TEXT})")
        conditions += found
        params |= looked_for
    if after is not None:
        sign = "<" if descending else ">"
        conditions.append(f"({key}, t.id) {sign} (coalesce(%(after)s::timestamptz, 'infinity'), %(after_id)s)")
        params |= {"after": after[0], "after_id": after[1]}
    listing = Listing("tasks", "t", key, ways_to_see_tasks(viewer), conditions, descending)
    return await reader.all(listing.statement(_VIEW, _JOINS), params)


async def insert(uow: UnitOfWork, values: Mapping[str, Any]) -> TaskRecord:
    row = await uow.one(
        "INSERT INTO tasks (id, customer_id, user_id, title, description, priority, due_date, lead_hours, state,"
        " due_soon_for, version, event_version, created_by, created_at, updated_at)"
        " VALUES (%(id)s, %(customer_id)s, %(user_id)s, %(title)s, %(description)s, %(priority)s, %(due_date)s,"
        " %(lead_hours)s, 'OPEN', %(due_soon_for)s, 1, 1, %(created_by)s, %(now)s, %(now)s) RETURNING *",
        values,
    )
    assert row is not None
    return TaskRecord.from_row(row)


async def lock(uow: UnitOfWork, task_id: UUID, reader: Viewer, writer: Viewer) -> tuple[TaskRecord, bool] | None:
    """The locked task, and whether it is in the writer's reach; None if it isn't there or may not be seen."""
    row = await uow.one(
        f"SELECT t.*, {of_people(writer, 't')} AS writable FROM tasks AS t"  # noqa: S608
        f" WHERE t.id = %(id)s AND t.deleted_at IS NULL AND {visible_tasks(reader)} FOR UPDATE OF t",
        reader.params | {"id": task_id},
    )
    return None if row is None else (TaskRecord.from_row(row), row["writable"])


async def update(uow: UnitOfWork, task: TaskRecord, now: datetime) -> TaskRecord:
    """Writes what people edit."""
    row = await uow.one(
        "UPDATE tasks SET customer_id = %(customer_id)s, user_id = %(user_id)s, title = %(title)s,"
        " description = %(description)s, priority = %(priority)s, due_date = %(due_date)s, lead_hours = %(lead_hours)s,"
        " due_soon_for = %(due_soon_for)s, version = version + 1, updated_at = %(now)s WHERE id = %(id)s RETURNING *",
        asdict(task) | {"now": now},
    )
    assert row is not None
    return TaskRecord.from_row(row)


async def set_state(uow: UnitOfWork, task_id: UUID, state: str, now: datetime) -> TaskRecord:
    row = await uow.one(
        "UPDATE tasks SET state = %(state)s, completed_at = CASE %(state)s WHEN 'COMPLETED' THEN %(now)s END,"
        " version = version + 1, updated_at = %(now)s WHERE id = %(id)s RETURNING *",
        {"id": task_id, "state": state, "now": now},
    )
    assert row is not None
    return TaskRecord.from_row(row)


async def delete(uow: UnitOfWork, task_id: UUID, now: datetime) -> TaskRecord:
    row = await uow.one(
        "UPDATE tasks SET deleted_at = %(now)s, version = version + 1, updated_at = %(now)s"
        " WHERE id = %(id)s RETURNING *",
        {"id": task_id, "now": now},
    )
    assert row is not None
    return TaskRecord.from_row(row)
