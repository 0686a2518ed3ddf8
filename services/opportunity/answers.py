"""Answers of the approvals API."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from services.contracts.states import ApprovalAction, ApprovalKind, ApprovalState, StageMode
from services.kit.models import ResponseModel
from services.opportunity.schemas import RouteInput
from services.opportunity.suitability import Flag


class Person(ResponseModel):
    id: UUID
    name: str | None


class StageOutput(ResponseModel):
    name: str
    approver_ids: list[UUID]
    mode: StageMode
    quorum: int | None
    deadline_hours: int | None
    business_days: bool = False
    escalate_to: UUID | None
    escalated_to: UUID | None = None
    viewer_ids: list[UUID] = Field(default_factory=list)
    approvers: list[Person] = Field(default_factory=list)
    approved_by: list[UUID] = Field(default_factory=list)


class ApprovalOutput(ResponseModel):
    """``waitingFor``: whose answer the current stage awaits. ``stage`` counts from 0."""

    id: UUID
    number: str
    customer_id: UUID | None
    customer_name: str | None
    requester_id: UUID
    requester_name: str | None
    owner_id: UUID
    kind: ApprovalKind
    title: str
    description: str
    amount: int | None
    currency: str
    generation: int
    state: ApprovalState
    stage: int
    stages: list[StageOutput]
    revision: int
    flags: list[Flag]
    waiting_for: list[Person]
    deadline_at: datetime | None
    previous_id: UUID | None
    process_id: UUID | None
    submitted_at: datetime | None
    decided_at: datetime | None
    decided_by: UUID | None
    decided_by_name: str | None
    held_by: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[ApprovalAction]
    customer_facts: dict[str, Any] | None = None
    """In the answer for one request: what an approver needs to know of the customer."""


class ApprovalPage(ResponseModel):
    items: list[ApprovalOutput]
    next_cursor: str | None


class BulkResult(ResponseModel):
    """``approval`` with status 200, otherwise the ``problem`` that this row met."""

    id: UUID
    status: int
    approval: ApprovalOutput | None = None
    problem: dict[str, Any] | None = None


class BulkAnswer(ResponseModel):
    results: list[BulkResult]


class PreviewPerson(Person):
    absent: bool
    proxies: list[Person]


class PreviewStage(ResponseModel):
    name: str
    mode: StageMode
    quorum: int | None
    deadline_hours: int | None
    business_days: bool
    escalate_to: UUID | None
    approver_ids: list[UUID]
    approvers: list[PreviewPerson]


class Preview(ResponseModel):
    route_id: UUID | None
    flags: list[Flag]
    stages: list[PreviewStage]


class Counts(ResponseModel):
    waiting: int
    requested: int
    returned: int
    drafts: int


class RouteOutput(RouteInput):
    id: UUID
    version: int
    created_at: datetime
    updated_at: datetime


class RoutePage(ResponseModel):
    items: list[RouteOutput]
    next_cursor: str | None


class ProxyOutput(ResponseModel):
    id: UUID
    from_id: UUID
    from_name: str | None
    to_id: UUID
    to_name: str | None
    starts_at: datetime
    ends_at: datetime
    version: int
    created_at: datetime


class ProxyPage(ResponseModel):
    items: list[ProxyOutput]
    next_cursor: str | None


class HistoryEntry(ResponseModel):
    """``stage`` and ``revision`` are those that the actor saw, ``state`` is what came of it.

    ``comment`` is null where none was given and where it was erased (``erased``).
    """

    id: UUID
    sequence: int
    at: datetime
    action: ApprovalAction
    actor_id: UUID | None
    actor_name: str | None
    on_behalf_of_id: UUID | None
    on_behalf_of_name: str | None
    role: str
    generation: int
    stage: int
    revision: int
    state: ApprovalState
    process_id: UUID | None
    comment: str | None
    erased: bool
    commitment: str
    previous_hash: str
    hash: str


class HistoryPage(ResponseModel):
    items: list[HistoryEntry]
    next_cursor: str | None


class CommentOutput(ResponseModel):
    """``purpose``: DECISION for what was said with a decision, COMMENT for a remark beside it."""

    id: UUID
    approval_id: UUID
    author_id: UUID
    author_name: str | None
    body: str
    purpose: str
    created_at: datetime


class CommentPage(ResponseModel):
    items: list[CommentOutput]
    next_cursor: str | None


class WorkloadItem(ResponseModel):
    kind: str
    count: int


class WorkloadConflict(ResponseModel):
    """Why the successor can't take this item over as it is; ``resolution`` is what the process does instead."""

    kind: str
    resource_id: UUID
    number: str
    reason: str
    resolution: str


class Workload(ResponseModel):
    items: list[WorkloadItem]
    conflicts: list[WorkloadConflict]
