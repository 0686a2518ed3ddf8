"""Approval routes 承認ルート."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.contracts.states import ApprovalKind, RiskTolerance, StageMode, ViewWhen
from services.kit.models import CamelModel, ResponseModel
from services.kit.running.zone import LocalTime
from services.kit.text.fields import Lines
from services.opportunity.schemas.fields import (
    DEFAULT_CURRENCY,
    MAX_APPROVERS,
    MAX_STAGES,
    Amount,
    Currency,
    Hours,
    StageName,
    require_decimals,
)


class Resolver(StrEnum):
    """Who that is depends on the request."""

    MANAGER_OF_REQUESTER = "MANAGER_OF_REQUESTER"
    MANAGER_OF_MANAGER = "MANAGER_OF_MANAGER"
    ROLE_APPROVER = "ROLE:approver"
    ROLE_MANAGER = "ROLE:manager"


RESOLVERS_OF_ONE: Final = frozenset({Resolver.MANAGER_OF_REQUESTER, Resolver.MANAGER_OF_MANAGER})
"""They find one person at most; roles find any number."""


class LeftOutFor(StrEnum):
    """Why somebody whom a stage names is not asked."""

    REQUESTER = "REQUESTER"
    GONE = "GONE"
    SUSPENDED = "SUSPENDED"
    BEING_REPLACED = "BEING_REPLACED"
    """A process is just giving their work to somebody else."""
    NO_PERMISSION = "NO_PERMISSION"


class RouteStage(CamelModel):
    """What must hold beyond the types is checked by ``service.stages``, for routes and requests alike."""

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
    view_when: ViewWhen = ViewWhen.STAGE
    reviewer_ids: Annotated[list[UUID], Field(default_factory=list, max_length=MAX_APPROVERS)]


class RouteContent(CamelModel):
    """``minAmount`` is included, ``maxAmount`` is not; an empty ``riskTolerances`` means any.

    Amounts are of ``currency``. An amount in another currency is compared by the rates of its day; without one, it
    counts as larger than all of them.
    """

    name: StageName
    kind: ApprovalKind | None = None
    min_amount: Amount | None = None
    max_amount: Amount | None = None
    currency: Currency = DEFAULT_CURRENCY
    min_age: Annotated[int, Field(ge=0, le=150)] | None = None
    risk_tolerances: Annotated[list[RiskTolerance], Field(default_factory=list, max_length=len(RiskTolerance))]
    priority: Annotated[int, Field(ge=-1000, le=1000)] = 0
    stages: Annotated[list[RouteStage], Field(min_length=1, max_length=MAX_STAGES)]
    active: bool = True
    """An inactive route is taken by no request; from an instant on, it is retired."""

    @model_validator(mode="after")
    def _some_amount_fits(self) -> Self:
        require_decimals(self.currency, {("minAmount",): self.min_amount, ("maxAmount",): self.max_amount})
        if self.min_amount is not None and self.max_amount is not None and self.min_amount >= self.max_amount:
            raise PydanticCustomError("amounts_empty", "minAmount lies below maxAmount")
        return self


class RouteInput(RouteContent):
    """``validFrom``: when the version takes over, in the future; now without it. ``note``: why, for who looks later."""

    valid_from: LocalTime | None = None
    note: Annotated[str, Lines(1_000, trimmed=True)] = ""


class RouteState(StrEnum):
    """PLANNED: there is no version that counts yet. INACTIVE: requests do not take it."""

    CURRENT = "CURRENT"
    PLANNED = "PLANNED"
    INACTIVE = "INACTIVE"


class VersionState(StrEnum):
    CURRENT = "CURRENT"
    """The one that counts, an inactive one too."""
    PLANNED = "PLANNED"
    PAST = "PAST"
    WITHDRAWN = "WITHDRAWN"
    """It was planned, and never counted."""


class PlannedVersion(ResponseModel):
    version: int
    valid_from: datetime
    active: bool


class _Made(RouteContent):
    """Who made a version, when and why; ``createdBy`` is null for what is older than versions are."""

    version: int
    valid_from: datetime
    note: str
    created_by: UUID | None
    created_by_name: str | None
    process_id: UUID | None
    """The process that handed the places of somebody over to somebody else."""
    created_at: datetime


class RouteOutput(_Made):
    """The version that counts; of a route that has not begun, the one that will count first."""

    id: UUID
    updated_at: datetime
    """When the version was written."""
    state: RouteState
    planned: list[PlannedVersion]
    """What takes over, in the order in which it will."""


class RoutePage(ResponseModel):
    items: list[RouteOutput]
    next_cursor: str | None


class RouteVersionOutput(_Made):
    route_id: UUID
    state: VersionState
    withdrawn_at: datetime | None


class RouteVersionPage(ResponseModel):
    items: list[RouteVersionOutput]
    next_cursor: str | None
