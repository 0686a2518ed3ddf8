"""Bodies and query parameters of the approvals API."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.contracts.processes import Decision
from services.contracts.states import ApprovalKind, ApprovalState, RiskTolerance, StageMode
from services.kit.http.paging import CURSOR_MAX_LENGTH, DEFAULT_LIMIT, MAX_LIMIT
from services.kit.models import CamelModel, QueryModel

MAX_STAGES = 10
MAX_APPROVERS = 20
MAX_DEADLINE_HOURS = 24 * 365
MAX_AMOUNT = 10**15
MAX_BULK = 100

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Description = Annotated[str, StringConstraints(max_length=10_000)]
Comment = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)]
Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
StageName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Hours = Annotated[int, Field(ge=1, le=MAX_DEADLINE_HOURS)]
StagePosition = Annotated[int, Field(ge=0, lt=MAX_STAGES)]
Revision = Annotated[int, Field(ge=1, le=2**31 - 1)]


class StageInput(CamelModel):
    name: StageName
    approver_ids: Annotated[list[UUID], Field(min_length=1, max_length=MAX_APPROVERS)]
    mode: StageMode = StageMode.ANY
    quorum: Annotated[int, Field(ge=1, le=MAX_APPROVERS)] | None = None
    deadline_hours: Hours | None = None
    business_days: bool = False
    escalate_to: UUID | None = None
    viewer_ids: Annotated[list[UUID], Field(default_factory=list, max_length=MAX_APPROVERS)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.approver_ids)) != len(self.approver_ids):
            raise PydanticCustomError("approvers_repeated", "An approver is named twice")
        if (self.mode is StageMode.QUORUM) != (self.quorum is not None):
            raise PydanticCustomError("quorum_mismatch", "A quorum belongs to the mode QUORUM and only to it")
        if self.quorum is not None and self.quorum > len(self.approver_ids):
            raise PydanticCustomError("quorum_unreachable", "The quorum is larger than the number of approvers")
        return self


Stages = Annotated[list[StageInput], Field(min_length=1, max_length=MAX_STAGES)]


class ApprovalContent(CamelModel):
    customer_id: UUID | None = None
    kind: ApprovalKind
    title: Title
    description: Description = ""
    amount: Amount | None = None
    currency: Currency = "JPY"
    approver_id: UUID | None = None
    """One stage with this approver; without it and without ``stages`` the policy chooses the route."""
    stages: Stages | None = None

    @model_validator(mode="after")
    def _one_way_to_name_approvers(self) -> Self:
        if self.approver_id is not None and self.stages is not None:
            raise PydanticCustomError("approver_and_stages", "Give approverId or stages, not both")
        return self


class NewApproval(ApprovalContent):
    draft: bool = False
    previous_id: UUID | None = None
    """The rejected or recalled request that is asked for again."""


class RouteQuestion(ApprovalContent):
    """Body of the preview: the same as a new request; a title is not needed yet."""

    title: Title = "—"


class DecisionInput(CamelModel):
    comment: Comment | None = None
    revision: Revision | None = None
    stage: StagePosition | None = None


class CommentInput(CamelModel):
    """``body`` of a remark beside the decision."""

    body: Comment


class ReasonInput(CamelModel):
    comment: Comment | None = None
    reason: Comment | None = None

    @property
    def text(self) -> str | None:
        return self.comment or self.reason


class ReassignInput(CamelModel):
    from_id: UUID
    to_id: UUID
    reason: Comment


class BulkItem(CamelModel):
    id: UUID
    revision: Revision | None = None
    stage: StagePosition | None = None


class BulkDecision(CamelModel):
    decision: Decision
    comment: Comment | None = None
    items: Annotated[list[BulkItem], Field(min_length=1, max_length=MAX_BULK)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({item.id for item in self.items}) != len(self.items):
            raise PydanticCustomError("items_repeated", "A request is named twice")
        return self


class ApprovalSort(StrEnum):
    NEWEST = "-createdAt"
    OLDEST = "createdAt"


class InboxSort(StrEnum):
    WAITING_LONGEST = "since"
    DEADLINE = "deadlineAt"


class PageQuery(QueryModel):
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[str, StringConstraints(max_length=CURSOR_MAX_LENGTH)] | None = None


class InboxQuery(PageQuery):
    sort: InboxSort = InboxSort.WAITING_LONGEST


class ApprovalFilters(PageQuery):
    state: ApprovalState | None = None
    kind: ApprovalKind | None = None
    customer_id: UUID | None = None
    requester_id: UUID | None = None
    approver_id: UUID | None = None
    owner_id: UUID | None = None
    submitted_after: datetime | None = None
    submitted_before: datetime | None = None
    decided_after: datetime | None = None
    decided_before: datetime | None = None
    q: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] | None = None
    from_: Annotated[datetime | None, Field(alias="from")] = None
    to: datetime | None = None
    sort: ApprovalSort = ApprovalSort.NEWEST


class Resolver(StrEnum):
    """Who that is depends on the request."""

    MANAGER_OF_REQUESTER = "MANAGER_OF_REQUESTER"
    MANAGER_OF_MANAGER = "MANAGER_OF_MANAGER"
    ROLE_APPROVER = "ROLE:approver"
    ROLE_MANAGER = "ROLE:manager"


class RouteStage(CamelModel):
    name: StageName
    approver_ids: Annotated[list[UUID], Field(default_factory=list, max_length=MAX_APPROVERS)]
    resolvers: Annotated[list[Resolver], Field(default_factory=list, max_length=4)]
    mode: StageMode = StageMode.ANY
    quorum: Annotated[int, Field(ge=1, le=MAX_APPROVERS)] | None = None
    deadline_hours: Hours | None = None
    business_days: bool = False
    escalate_to: UUID | None = None
    escalate_to_resolver: Resolver | None = None
    viewer_ids: Annotated[list[UUID], Field(default_factory=list, max_length=MAX_APPROVERS)]

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not self.approver_ids and not self.resolvers:
            raise PydanticCustomError("no_approvers", "A stage names approvers or how to find them")
        if (self.mode is StageMode.QUORUM) != (self.quorum is not None):
            raise PydanticCustomError("quorum_mismatch", "A quorum belongs to the mode QUORUM and only to it")
        return self


class RouteInput(CamelModel):
    """``minAmount`` is included, ``maxAmount`` is not; an empty ``riskTolerances`` means any."""

    name: StageName
    kind: ApprovalKind | None = None
    min_amount: Amount | None = None
    max_amount: Amount | None = None
    min_age: Annotated[int, Field(ge=0, le=150)] | None = None
    risk_tolerances: Annotated[list[RiskTolerance], Field(default_factory=list, max_length=len(RiskTolerance))]
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    stages: Annotated[list[RouteStage], Field(min_length=1, max_length=MAX_STAGES)]
    active: bool = True


class ProxyInput(CamelModel):
    """``fromId`` is the caller unless an administrator says otherwise. Half-open period, UTC."""

    from_id: UUID | None = None
    to_id: UUID
    starts_at: datetime
    ends_at: datetime

    @model_validator(mode="after")
    def _a_period(self) -> Self:
        if self.starts_at.tzinfo is None or self.ends_at.tzinfo is None:
            raise PydanticCustomError("timezone_missing", "Times need a UTC offset")
        if self.starts_at >= self.ends_at:
            raise PydanticCustomError("period_empty", "startsAt lies before endsAt")
        return self
