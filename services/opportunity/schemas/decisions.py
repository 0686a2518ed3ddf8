"""Bodies and answers of what moves a submitted request."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.contracts.processes import Decision
from services.kit.models import CamelModel, ResponseModel
from services.opportunity.schemas.approvals import ApprovalOutput
from services.opportunity.schemas.fields import Comment, Revision, StagePosition
from services.opportunity.suitability import Flag

MAX_BULK = 100
Flags = Annotated[list[Flag], Field(max_length=len(Flag))]


class Seen(CamelModel):
    """What the caller looked at while they decided; a request that moved on since then is not decided."""

    revision: Revision | None = None
    stage: StagePosition | None = None

    @property
    def seen(self) -> dict[str, int]:
        given = {"revision": self.revision, "stage": self.stage}
        return {name: value for name, value in given.items() if value is not None}


class DecisionInput(Seen):
    comment: Comment | None = None
    acknowledged_flags: Flags | None = None
    """Given where requests are approved in bulk: one that has other flags as well is not approved."""

    @property
    def terms(self) -> dict[str, Any]:
        acknowledged = self.acknowledged_flags
        return self.seen if acknowledged is None else self.seen | {"acknowledged_flags": acknowledged}


class StepInInput(Seen):
    """``insteadOf``: the approver whose place the caller takes. ``comment``: why; it stands in the history."""

    instead_of: UUID
    decision: Decision = Decision.APPROVE
    comment: Comment

    @property
    def terms(self) -> dict[str, Any]:
        return self.seen | {"instead_of": self.instead_of}


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


class AddApproverInput(CamelModel):
    """``before``: they are asked before the present stage, otherwise after it."""

    user_id: UUID
    before: bool = False
    comment: Comment | None = None


class AskOpinionInput(CamelModel):
    """``blocks``: decision and clock of the stage wait until the question is answered or withdrawn."""

    user_id: UUID
    question: Comment
    blocks: bool = True


class GiveOpinionInput(CamelModel):
    opinion: Comment


class DeclineOpinionInput(CamelModel):
    reason: Comment


class WithdrawOpinionInput(CamelModel):
    """``userId``: who was asked."""

    user_id: UUID
    reason: Comment | None = None


class BulkItem(Seen):
    id: UUID
    acknowledged_flags: Flags = Field(default_factory=list)
    """Flags of this request that the approver has taken note of. Who approves many at once says so for each."""

    @property
    def terms(self) -> dict[str, Any]:
        return self.seen | {"acknowledged_flags": self.acknowledged_flags}


class BulkDecision(CamelModel):
    decision: Decision
    comment: Comment | None = None
    items: Annotated[list[BulkItem], Field(min_length=1, max_length=MAX_BULK)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({item.id for item in self.items}) != len(self.items):
            raise PydanticCustomError("items_repeated", "A request is named twice")
        return self


class BulkResult(ResponseModel):
    """``approval`` with status 200, otherwise the ``problem`` that this row met."""

    id: UUID
    status: int
    approval: ApprovalOutput | None = None
    problem: dict[str, Any] | None = None


class BulkAnswer(ResponseModel):
    results: list[BulkResult]
