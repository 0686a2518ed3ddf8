"""One decision on up to 500 requests, as a batch that is decided after the answer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.contracts.money import Money
from services.contracts.processes import Decision
from services.contracts.states import ApprovalState
from services.kit.models import CamelModel, ResponseModel
from services.opportunity.schemas.decisions import BulkItem, Flags
from services.opportunity.schemas.fields import Comment, PageQuery
from services.opportunity.suitability import Flag

MAX_BATCH: Final = 500


class BulkItemStatus(StrEnum):
    """``DECIDED``: by this batch. ``REFUSED``: for a reason that stays. ``FAILED``: it could not be reached, and may be
    tried again. ``CANCELLED``: the rest was called off before its turn."""

    WAITING = "WAITING"
    DECIDED = "DECIDED"
    REFUSED = "REFUSED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class BulkDecisionState(StrEnum):
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"


def _distinct(ids: list[UUID]) -> None:
    if len(set(ids)) != len(ids):
        raise PydanticCustomError("items_repeated", "A request is named twice")


class NewBulkDecision(CamelModel):
    """``revision`` and ``stage`` of an item: what the caller looked at; without them, what the request is now."""

    decision: Decision
    comment: Comment | None = None
    items: Annotated[list[BulkItem], Field(min_length=1, max_length=MAX_BATCH)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        _distinct([item.id for item in self.items])
        return self


class NotedItem(CamelModel):
    id: UUID
    acknowledged_flags: Annotated[Flags, Field(min_length=1)]


class BulkRetryInput(CamelModel):
    """``noted``: requests that were refused for points to note, of which the approver has taken note by now."""

    noted: Annotated[list[NotedItem], Field(default_factory=list, max_length=MAX_BATCH)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        _distinct([item.id for item in self.noted])
        return self


class BulkCounts(ResponseModel):
    """How many items have which status."""

    waiting: int
    decided: int
    refused: int
    failed: int
    cancelled: int


class BulkDecisionOutput(ResponseModel):
    """``attempt`` counts the tries of what had failed, from 1. ``processId``: the process of the newest one."""

    id: UUID
    decision: Decision
    comment: str | None
    state: BulkDecisionState
    total: int
    counts: BulkCounts
    attempt: int
    process_id: UUID
    actor_id: UUID
    actor_name: str | None
    created_at: datetime
    cancelled_at: datetime | None


class BulkDecisionPage(ResponseModel):
    items: list[BulkDecisionOutput]
    next_cursor: str | None


class BulkItemOutput(ResponseModel):
    """``number`` to ``approvalState`` tell of the request as it is now; null for who may not see it. ``problem``: why
    the item was refused or failed (RFC 9457); a lost race names who was faster, and when."""

    id: UUID
    position: int
    status: BulkItemStatus
    revision: int | None
    stage: int | None
    acknowledged_flags: list[Flag]
    attempt: int
    ended_at: datetime | None
    problem: dict[str, Any] | None
    number: str | None
    title: str | None
    customer_name: str | None
    amount: Money | None
    currency: str | None
    approval_state: ApprovalState | None


class BulkItemPage(ResponseModel):
    items: list[BulkItemOutput]
    next_cursor: str | None


class BulkItemQuery(PageQuery):
    status: BulkItemStatus | None = None
