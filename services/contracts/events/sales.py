"""Events of meetings and tasks."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.contracts.states import MeetingState, TaskPriority, TaskState
from services.contracts.topics import SALES_EVENTS
from services.kit.events.envelope import EventPayload


class MeetingSnapshot(EventPayload):
    topic: ClassVar[str] = SALES_EVENTS

    meeting_id: UUID
    customer_id: UUID
    user_id: UUID
    title: str
    state: MeetingState
    starts_at: datetime
    ends_at: datetime
    deleted: bool = False
    created_at: datetime


class MeetingCreated(MeetingSnapshot):
    event_type: ClassVar[str] = "meeting.created"


class MeetingUpdated(MeetingSnapshot):
    event_type: ClassVar[str] = "meeting.updated"


class MeetingDeleted(MeetingSnapshot):
    event_type: ClassVar[str] = "meeting.deleted"


class MeetingRestored(MeetingSnapshot):
    event_type: ClassVar[str] = "meeting.restored"


class TaskSnapshot(EventPayload):
    topic: ClassVar[str] = SALES_EVENTS

    task_id: UUID
    customer_id: UUID | None
    user_id: UUID
    title: str
    state: TaskState
    priority: TaskPriority
    due_date: datetime | None
    lead_hours: int
    completed_at: datetime | None = None
    deleted: bool = False
    created_at: datetime


class TaskCreated(TaskSnapshot):
    event_type: ClassVar[str] = "task.created"


class TaskUpdated(TaskSnapshot):
    event_type: ClassVar[str] = "task.updated"


class TaskCompleted(TaskSnapshot):
    event_type: ClassVar[str] = "task.completed"


class TaskDeleted(TaskSnapshot):
    event_type: ClassVar[str] = "task.deleted"


class TaskRestored(TaskSnapshot):
    event_type: ClassVar[str] = "task.restored"


class TaskDueSoon(EventPayload):
    """A fact, at most once per task and due date."""

    topic: ClassVar[str] = SALES_EVENTS
    event_type: ClassVar[str] = "task.due_soon"

    task_id: UUID
    title: str
    due_date: datetime
    user_id: UUID
    customer_id: UUID | None


class TaskOverdue(TaskDueSoon):
    """A fact, at most once per task and due date."""

    event_type: ClassVar[str] = "task.overdue"
