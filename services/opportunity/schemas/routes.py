"""Approval routes 承認ルート."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.contracts.states import ApprovalKind, RiskTolerance, StageMode
from services.kit.models import CamelModel, ResponseModel
from services.opportunity.schemas.fields import (
    DEFAULT_CURRENCY,
    MAX_APPROVERS,
    MAX_STAGES,
    Amount,
    Currency,
    Hours,
    StageName,
)


class Resolver(StrEnum):
    """Who that is depends on the request."""

    MANAGER_OF_REQUESTER = "MANAGER_OF_REQUESTER"
    MANAGER_OF_MANAGER = "MANAGER_OF_MANAGER"
    ROLE_APPROVER = "ROLE:approver"
    ROLE_MANAGER = "ROLE:manager"


RESOLVERS_OF_ONE: Final = frozenset({Resolver.MANAGER_OF_REQUESTER, Resolver.MANAGER_OF_MANAGER})
"""They find one person at most; roles find any number."""


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


class RouteInput(CamelModel):
    """``minAmount`` is included, ``maxAmount`` is not; an empty ``riskTolerances`` means any.

    Amounts are of ``currency``. There are no rates: an amount in another currency counts as larger than all of them.
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

    @model_validator(mode="after")
    def _some_amount_fits(self) -> Self:
        if self.min_amount is not None and self.max_amount is not None and self.min_amount >= self.max_amount:
            raise PydanticCustomError("amounts_empty", "minAmount lies below maxAmount")
        return self


class RouteOutput(RouteInput):
    id: UUID
    version: int
    created_at: datetime
    updated_at: datetime


class RoutePage(ResponseModel):
    items: list[RouteOutput]
    next_cursor: str | None
