"""Approval routes 承認ルート."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.contracts.states import ApprovalKind, RiskTolerance, StageMode, StepIn, ViewWhen
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
    DEPARTMENT_HEAD = "DEPARTMENT_HEAD"
    """Of the requester's department; where that has none, or it is the requester, of the next one above."""


_SUPERIORS: Final = frozenset({Resolver.MANAGER_OF_REQUESTER, Resolver.MANAGER_OF_MANAGER})
_FIXED: Final = f"{Resolver.DEPARTMENT_HEAD}:"
_UUID: Final = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SIMPLE: Final = "|".join(Resolver)
MAX_RESOLVERS: Final = 8
ResolverText = Annotated[str, StringConstraints(pattern=rf"^({_SIMPLE}|{_FIXED}{_UUID})$")]
"""A ``Resolver``, or ``DEPARTMENT_HEAD:`` with the id of a department: its head, whoever asks."""


def head_of(department_id: UUID) -> str:
    """The resolver that finds the head of this department."""
    return f"{_FIXED}{department_id}"


def department_of(resolver: str) -> UUID | None:
    """The department that a resolver names; None for one that names none."""
    return UUID(resolver.removeprefix(_FIXED)) if resolver.startswith(_FIXED) else None


def finds_a_head(resolver: str) -> bool:
    return resolver == Resolver.DEPARTMENT_HEAD or department_of(resolver) is not None


def finds_one(resolver: str) -> bool:
    """Whether it finds one person at most; roles find any number."""
    return resolver in _SUPERIORS or finds_a_head(resolver)


def departments_named(resolvers: Iterable[str | None]) -> set[UUID]:
    found = {department_of(resolver) for resolver in resolvers if resolver is not None}
    return {department_id for department_id in found if department_id is not None}


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
    resolvers: Annotated[list[ResolverText], Field(default_factory=list, max_length=MAX_RESOLVERS)]
    mode: StageMode = StageMode.ANY
    quorum: Annotated[int, Field(ge=1, le=MAX_APPROVERS)] | None = None
    deadline_hours: Hours | None = None
    business_days: bool = False
    escalate_to: UUID | None = None
    escalate_to_resolver: ResolverText | None = None
    step_in: StepIn = StepIn.NEVER
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
