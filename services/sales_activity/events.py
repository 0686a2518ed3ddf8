"""Rows as the events that tell about them."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from services.contracts.events.sales import MeetingSnapshot, TaskDueSoon, TaskSnapshot
from services.kit.db.unit_of_work import Row

MeetingEvent = TypeVar("MeetingEvent", bound=MeetingSnapshot)
TaskEvent = TypeVar("TaskEvent", bound=TaskSnapshot)
TimerEvent = TypeVar("TimerEvent", bound=TaskDueSoon)


def meeting_event(kind: type[MeetingEvent], row: Row) -> MeetingEvent:
    """`row` is a whole row of `meetings`."""
    return kind(
        meeting_id=row["id"],
        customer_id=row["customer_id"],
        user_id=row["user_id"],
        title=row["title"],
        state=row["state"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        deleted=row["deleted_at"] is not None,
        created_at=row["created_at"],
    )


def task_event(kind: type[TaskEvent], row: Row) -> TaskEvent:
    """`row` is a whole row of `tasks`."""
    return kind(
        task_id=row["id"],
        customer_id=row["customer_id"],
        user_id=row["user_id"],
        title=row["title"],
        state=row["state"],
        priority=row["priority"],
        due_date=row["due_date"],
        lead_hours=row["lead_hours"],
        completed_at=row["completed_at"],
        deleted=row["deleted_at"] is not None,
        created_at=row["created_at"],
    )


def timer_event(kind: type[TimerEvent], row: Row, due_date: datetime) -> TimerEvent:
    user_id: UUID = row["user_id"]
    return kind(
        task_id=row["id"], title=row["title"], due_date=due_date, user_id=user_id, customer_id=row["customer_id"]
    )
