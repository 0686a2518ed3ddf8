"""Meetings and tasks as rules see them: one row each, typed."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal, Self, TypeVar
from uuid import UUID

from services.contracts.states import MeetingState, TaskPriority, TaskState
from services.kit.db.record import members
from services.kit.db.unit_of_work import Row


@dataclass(frozen=True, slots=True)
class MeetingRecord:
    TABLE: ClassVar[Literal["meetings"]] = "meetings"

    id: UUID
    customer_id: UUID
    user_id: UUID
    attendee_ids: list[UUID]
    title: str
    starts_at: datetime
    ends_at: datetime
    place: str | None
    agenda: str | None
    outcome: str | None
    next_step: str | None
    state: MeetingState
    version: int
    created_at: datetime
    deleted_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Columns that rules don't need are left out."""
        return cls(**members(cls, row) | {"state": MeetingState(row["state"])})


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """`timed`: a timer has something left to tell about the task, unless it is deleted."""

    TABLE: ClassVar[Literal["tasks"]] = "tasks"

    id: UUID
    customer_id: UUID | None
    user_id: UUID
    title: str
    description: str | None
    priority: TaskPriority
    due_date: datetime | None
    lead_hours: int
    state: TaskState
    completed_at: datetime | None
    due_soon_for: datetime | None
    """The due date that was told as soon already."""
    timed: bool
    version: int
    created_at: datetime
    deleted_at: datetime | None

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Columns that rules don't need are left out."""
        enums = {"state": TaskState(row["state"]), "priority": TaskPriority(row["priority"])}
        return cls(**members(cls, row) | enums)

    @property
    def due(self) -> datetime:
        """The due date of a task that is `timed`."""
        assert self.due_date is not None
        return self.due_date


Record = TypeVar("Record", MeetingRecord, TaskRecord)
"""What processes that hide or move records do with one kind of them."""
