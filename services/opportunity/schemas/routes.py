"""Approval routes 承認ルート."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.contracts.states import ApprovalKind, RiskTolerance, StageMode
from services.kit.models import CamelModel, ResponseModel
from services.opportunity.schemas.fields import MAX_APPROVERS, MAX_STAGES, Amount, Hours, StageName


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


class RouteOutput(RouteInput):
    id: UUID
    version: int
    created_at: datetime
    updated_at: datetime


class RoutePage(ResponseModel):
    items: list[RouteOutput]
    next_cursor: str | None
