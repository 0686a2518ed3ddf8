"""Comments and the history of a request."""

from datetime import datetime
from uuid import UUID

from services.contracts.states import ApprovalAction, ApprovalState, Verdict
from services.kit.models import CamelModel, ResponseModel
from services.opportunity.schemas.fields import Comment
from services.opportunity.suitability import Flag


class CommentInput(CamelModel):
    """``body`` of a comment beside the decision."""

    body: Comment


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


class HistoryEntry(ResponseModel):
    """``stage`` and ``revision`` are those that the actor saw, ``state`` is what came of it.

    ``comment`` is null where none was given and where it was erased (``erased``).
    ``keepsEvidence``: what the actor saw was kept with the entry.
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
    verdict: Verdict | None = None
    """Of an opinion on a draft, or of a review after the decision."""
    to_name: str | None = None
    """To whom a place was given, or a draft was shown."""
    acknowledged_flags: list[Flag] | None = None
    """Of an approval among many: the points to note that the approver acknowledged; null for one made for itself."""
    asked_id: UUID | None = None
    """Of what is about an opinion: who was asked for it."""
    asked_name: str | None = None
    blocks: bool | None = None
    """Of what is about an opinion: whether the decision waited for it."""
    erased: bool
    keeps_evidence: bool
    commitment: str
    previous_hash: str
    hash: str


class HistoryPage(ResponseModel):
    items: list[HistoryEntry]
    next_cursor: str | None
