"""Bodies and parameters of the HTTP API (times UTC, ids UUIDv7)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from services.contracts.states import MeetingState, TaskPriority, TaskState
from services.kit.http.paging import DEFAULT_LIMIT, CursorText, Limit
from services.kit.models import CamelModel, QueryModel, ResponseModel
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.text.fields import Line, Lines
from services.sales_activity.due import MAX_LEAD_HOURS, Bound, DueDate, Instant
from services.sales_activity.models import DEFAULT_LEAD_HOURS

TITLE_MAX = 200
TEXT_MAX = 10_000
PLACE_MAX = 200
ATTENDEES_MAX = 50
QUERY_MAX = 100


def _distinct(values: list[UUID]) -> list[UUID]:
    return list(dict.fromkeys(values))


Title = Annotated[str, Line(TITLE_MAX)]
LongText = Annotated[str, Lines(TEXT_MAX)]
Place = Annotated[str, Line(PLACE_MAX, minimum=0)]
LeadHours = Annotated[int, Field(ge=0, le=MAX_LEAD_HOURS)]
SearchText = Annotated[str, Line(QUERY_MAX)]
Attendees = Annotated[list[UUID], Field(max_length=ATTENDEES_MAX), AfterValidator(_distinct)]


class _MeetingFields(CamelModel):
    customer_id: UUID
    title: Title
    starts_at: Instant
    ends_at: Instant
    attendee_ids: Attendees = Field(default_factory=list)
    place: Place | None = None
    agenda: LongText | None = None
    outcome: LongText | None = None
    next_step: LongText | None = None


class MeetingCreate(_MeetingFields):
    """`userId` None: the caller. A meeting that took place already can be recorded as HELD."""

    user_id: UUID | None = None
    state: Literal[MeetingState.PLANNED, MeetingState.HELD] = MeetingState.PLANNED


class MeetingUpdate(CamelModel):
    """Members that are left out keep their value, null clears one. Defaults are never read: only what was sent is."""

    customer_id: UUID = Field(default_factory=new_id)
    user_id: UUID = Field(default_factory=new_id)
    title: Title = Field(default_factory=str)
    starts_at: Instant = Field(default_factory=clock.now)
    ends_at: Instant = Field(default_factory=clock.now)
    attendee_ids: Attendees = Field(default_factory=list)
    place: Place | None = None
    agenda: LongText | None = None
    outcome: LongText | None = None
    next_step: LongText | None = None
    state: MeetingState = Field(default_factory=lambda: MeetingState.PLANNED)


AllowedActions = Annotated[
    list[Literal["CHANGE"]], Field(description="What the caller may do with it; empty for who only reads it.")
]


class MeetingView(ResponseModel):
    id: UUID
    customer_id: UUID
    customer_name: str | None
    user_id: UUID
    user_name: str | None
    attendee_ids: list[UUID]
    title: str
    starts_at: datetime
    ends_at: datetime
    place: str | None
    agenda: str | None
    outcome: str | None
    next_step: str | None
    state: MeetingState
    allowed_actions: AllowedActions
    version: int
    created_at: datetime
    updated_at: datetime


class _TaskFields(CamelModel):
    customer_id: UUID | None = None
    title: Title
    description: LongText | None = None
    priority: TaskPriority = TaskPriority.NORMAL
    due_date: DueDate | None = None
    lead_hours: LeadHours = DEFAULT_LEAD_HOURS


class TaskCreate(_TaskFields):
    """`userId` None: the caller."""

    user_id: UUID | None = None


class TaskUpdate(CamelModel):
    """Members that are left out keep their value, null clears one. Defaults are never read: only what was sent is."""

    customer_id: UUID | None = None
    user_id: UUID = Field(default_factory=new_id)
    title: Title = Field(default_factory=str)
    description: LongText | None = None
    priority: TaskPriority = Field(default_factory=lambda: TaskPriority.NORMAL)
    due_date: DueDate | None = None
    lead_hours: LeadHours = Field(default_factory=int)


class TaskStatusChange(CamelModel):
    status: TaskState


class TaskView(ResponseModel):
    """`dueSoon` and `overdue` are derived from the due date when the task is read."""

    id: UUID
    customer_id: UUID | None
    customer_name: str | None
    user_id: UUID
    user_name: str | None
    title: str
    description: str | None
    priority: TaskPriority
    due_date: datetime | None
    lead_hours: int
    state: TaskState
    completed_at: datetime | None
    due_soon: bool
    overdue: bool
    allowed_actions: AllowedActions
    version: int
    created_at: datetime
    updated_at: datetime


class _ListQuery(QueryModel):
    limit: Limit = DEFAULT_LIMIT
    cursor: CursorText = None


class MeetingsOfCustomerQuery(_ListQuery):
    state: MeetingState | None = None


TeamOf = Annotated[UUID | None, Field(description="Only records of this user and of everybody who reports to them.")]


class MeetingListQuery(_ListQuery):
    customer_id: UUID | None = None
    user_id: UUID | None = None
    team_of: TeamOf = None
    state: MeetingState | None = None
    starts_after: Bound | None = None
    starts_before: Bound | None = None
    q: SearchText | None = None
    sort: Literal["startsAt", "-startsAt", "createdAt", "-createdAt"] = "-startsAt"


class TaskListQuery(_ListQuery):
    """`state` may be repeated: any of them."""

    customer_id: UUID | None = None
    user_id: UUID | None = None
    team_of: TeamOf = None
    state: Annotated[list[TaskState], Field(max_length=len(TaskState))] = Field(default_factory=list)
    priority: TaskPriority | None = None
    due_after: Bound | None = None
    due_before: Bound | None = None
    overdue: bool | None = None
    q: SearchText | None = None
    sort: Literal["dueDate", "-dueDate", "createdAt", "-createdAt"] = "dueDate"


class OverdueQuery(_ListQuery):
    customer_id: UUID | None = None
    user_id: UUID | None = None
    team_of: TeamOf = None


class WorkloadItem(ResponseModel):
    kind: str
    count: int


class Workload(ResponseModel):
    """What a deletion would have to hide or hand over; conflicts need a decision first."""

    items: list[WorkloadItem]
    conflicts: list[dict[str, str]]
