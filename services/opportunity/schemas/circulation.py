"""Circulation: who reads, who reviews after the decision, who is consulted before the submission."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.contracts.states import Verdict
from services.kit.models import CamelModel, ResponseModel
from services.opportunity.circulating import Purpose
from services.opportunity.schemas.approvals import ApprovalOutput
from services.opportunity.schemas.fields import Comment, PageQuery, Revision

MOST_CONSULTED = 20
"""People to whom one request is shown before its submission, counted over all its revisions."""


class Reading(CamelModel):
    """``revision``: the one that was read; 409 where another has come since."""

    revision: Revision | None = None


class Review(CamelModel):
    """``finding``: something is wrong, which ``comment`` says. Requester and approvers are told of every comment."""

    revision: Revision | None = None
    finding: bool = False
    comment: Comment | None = None

    @model_validator(mode="after")
    def _a_finding_is_told(self) -> Self:
        if self.finding and self.comment is None:
            raise PydanticCustomError("finding_without_comment", "A finding needs a comment")
        return self


class Consultation(CamelModel):
    """``comment``: what they are asked to look at."""

    user_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_CONSULTED)]
    comment: Comment | None = None


class Advice(CamelModel):
    """What they think of it (``verdict``), say of it, or both. ``revision``: the one that they saw."""

    revision: Revision | None = None
    verdict: Verdict | None = None
    comment: Comment | None = None

    @model_validator(mode="after")
    def _something_is_said(self) -> Self:
        if self.verdict is None and self.comment is None:
            raise PydanticCustomError("nothing_said", "Give a verdict or a comment")
        if self.verdict in (Verdict.CLEAR, Verdict.FINDING):
            raise PydanticCustomError("verdict_unfit", "A verdict on a draft is SUPPORTS or CONCERNED")
        return self


class Part(ResponseModel):
    """What was asked of somebody for one revision. ``answeredAt``: when they confirmed, reviewed, or last gave their
    opinion; ``comment`` and ``verdict`` came with that. ``endedAt``: nothing is asked of them any more since then."""

    purpose: Purpose
    user_id: UUID
    user_name: str | None
    generation: int
    revision: int
    since: datetime
    due_at: datetime | None
    answered_at: datetime | None
    verdict: Verdict | None
    comment: str | None
    ended_at: datetime | None


class Circulation(ResponseModel):
    """``asked``: what the caller can answer now."""

    items: list[Part]
    asked: list[Purpose]


class CirculatedQuery(PageQuery):
    """``answered``: what the caller has answered, not what is open; of consultations, those that are over."""

    purpose: Purpose
    answered: bool = False


class CirculatedOutput(ApprovalOutput):
    shown_since: datetime
    review_due_at: datetime | None
    answered_at: datetime | None


class CirculatedPage(ResponseModel):
    items: list[CirculatedOutput]
    next_cursor: str | None
