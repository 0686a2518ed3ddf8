"""Records as the events that tell about them."""

from datetime import datetime
from typing import TypeVar

from services.contracts.events.sales import MeetingSnapshot, TaskDueSoon, TaskSnapshot
from services.sales_activity.record import MeetingRecord, TaskRecord

MeetingEvent = TypeVar("MeetingEvent", bound=MeetingSnapshot)
TaskEvent = TypeVar("TaskEvent", bound=TaskSnapshot)
TimerEvent = TypeVar("TimerEvent", bound=TaskDueSoon)


def meeting_event(kind: type[MeetingEvent], meeting: MeetingRecord) -> MeetingEvent:
    return kind(
        meeting_id=meeting.id,
        customer_id=meeting.customer_id,
        user_id=meeting.user_id,
        title=meeting.title,
        state=meeting.state,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        deleted=meeting.deleted_at is not None,
        created_at=meeting.created_at,
    )


def task_event(kind: type[TaskEvent], task: TaskRecord) -> TaskEvent:
    return kind(
        task_id=task.id,
        customer_id=task.customer_id,
        user_id=task.user_id,
        title=task.title,
        state=task.state,
        priority=task.priority,
        due_date=task.due_date,
        lead_hours=task.lead_hours,
        completed_at=task.completed_at,
        deleted=task.deleted_at is not None,
        created_at=task.created_at,
    )


def timer_event(kind: type[TimerEvent], task: TaskRecord, due_date: datetime) -> TimerEvent:
    return kind(
        task_id=task.id, title=task.title, due_date=due_date, user_id=task.user_id, customer_id=task.customer_id
    )
