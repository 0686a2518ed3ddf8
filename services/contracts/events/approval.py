"""Events of approval requests: each carries the whole state, so that a read model needs no second look."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from pydantic import Field

from services.contracts.money import Money
from services.contracts.states import ApprovalKind, ApprovalState, StageMode, Verdict
from services.contracts.topics import APPROVAL_EVENTS
from services.kit.events.envelope import Envelope, EventPayload
from services.kit.models import CamelModel


class StageSnapshot(CamelModel):
    name: str
    approver_ids: list[UUID]
    mode: StageMode
    quorum: int | None = None
    deadline_hours: int | None = None
    escalate_to: UUID | None = None


class StandInSnapshot(CamelModel):
    """``user_id`` can decide in the place of ``for_id``, for whom the request waits."""

    user_id: UUID
    for_id: UUID


class ApprovalSnapshot(EventPayload):
    topic: ClassVar[str] = APPROVAL_EVENTS

    approval_id: UUID
    number: str
    customer_id: UUID | None
    requester_id: UUID
    owner_id: UUID
    kind: ApprovalKind
    title: str
    amount: Money | None
    currency: str
    fields: dict[str, Any] = Field(default_factory=dict)
    """What the kind asks for, by the names of ``GET /approvals/kinds``."""
    state: ApprovalState
    generation: int
    revision: int
    stage: int
    stages: list[StageSnapshot]
    waiting_for: list[UUID]
    """Approvers whose vote the current stage still awaits; empty unless PENDING."""
    stand_ins: list[StandInSnapshot] = Field(default_factory=list)
    """Proxies of those, by the periods that run at the time of the event; only on events after which it waits."""
    opinion_from: list[UUID] = Field(default_factory=list)
    """Who was asked for an opinion and has not answered yet."""
    deadline_at: datetime | None = None
    previous_id: UUID | None = None
    submitted_at: datetime | None = None
    decided_at: datetime | None = None
    created_at: datetime


def named_approvers(data: Mapping[str, Any]) -> list[str]:
    """Whom the stages of a request name, from the data of one of its events."""
    return sorted({approver for stage in data["stages"] for approver in stage["approverIds"]})


def with_named_approvers(envelopes: Iterable[Envelope]) -> Iterator[Envelope]:
    """Events of requests, with ``approverIds`` beside what they tell: what copies of whom requests name are made of."""
    for envelope in envelopes:
        if "stages" in envelope.data:
            data = {**envelope.data, "approverIds": named_approvers(envelope.data)}
            yield envelope.model_copy(update={"data": data})


class ApprovalActed(ApprovalSnapshot):
    """A snapshot together with who acted and what they said."""

    acted_by: UUID | None = None
    on_behalf_of: UUID | None = None
    stepped_in: bool = False
    """Whoever acted did so as a superior of the approver ``on_behalf_of`` (引上げ承認), not as their proxy."""
    comment: str | None = None
    to_read: list[UUID] = Field(default_factory=list)
    """Viewers (回覧) whom the request is shown to from now on."""
    to_review: list[UUID] = Field(default_factory=list)
    """Who is asked to review it (後閲) from now on."""


class ApprovalDrafted(ApprovalActed):
    event_type: ClassVar[str] = "approval.drafted"


class ApprovalUpdated(ApprovalActed):
    event_type: ClassVar[str] = "approval.updated"


class ApprovalRequested(ApprovalActed):
    event_type: ClassVar[str] = "approval.requested"


class ApprovalStageCompleted(ApprovalActed):
    event_type: ClassVar[str] = "approval.stage_completed"


class ApprovalApproved(ApprovalActed):
    event_type: ClassVar[str] = "approval.approved"


class ApprovalRejected(ApprovalActed):
    event_type: ClassVar[str] = "approval.rejected"


class ApprovalReturned(ApprovalActed):
    event_type: ClassVar[str] = "approval.returned"


class ApprovalTakenBack(ApprovalActed):
    """Whoever approved last took that back: it waits at the stage of that approval again."""

    event_type: ClassVar[str] = "approval.taken_back"


class ApproverAdded(ApprovalActed):
    """An approver had somebody asked before or after themselves: a stage more."""

    event_type: ClassVar[str] = "approval.approver_added"


class OpinionActed(ApprovalActed):
    """About a question to ``asked_id``, put by ``asker_id`` in the place of ``approver_id`` (often the same)."""

    asked_id: UUID
    asker_id: UUID
    approver_id: UUID
    blocks: bool
    """Whether the stage is decided only after it."""


class OpinionAsked(OpinionActed):
    """An approver asked somebody for an opinion; the comment is the question."""

    event_type: ClassVar[str] = "approval.opinion_asked"


class OpinionGiven(OpinionActed):
    """Whoever was asked gave their opinion, which is the comment."""

    event_type: ClassVar[str] = "approval.opinion_given"


class OpinionDeclined(OpinionActed):
    """Whoever was asked gives no opinion; the comment says why."""

    event_type: ClassVar[str] = "approval.opinion_declined"


class OpinionWithdrawn(OpinionActed):
    """The question is not put any more: by an approver, or because whoever was asked can't answer."""

    event_type: ClassVar[str] = "approval.opinion_withdrawn"


class ApprovalResubmitted(ApprovalActed):
    event_type: ClassVar[str] = "approval.resubmitted"


class ApprovalRecalled(ApprovalActed):
    event_type: ClassVar[str] = "approval.recalled"


class ApprovalReassigned(ApprovalActed):
    event_type: ClassVar[str] = "approval.reassigned"

    from_id: UUID
    to_id: UUID


class ApprovalEscalated(ApprovalActed):
    event_type: ClassVar[str] = "approval.escalated"


class ApprovalDue(ApprovalSnapshot):
    """A fact: the deadline of the current stage is near. At most once per stage, revision and deadline."""

    event_type: ClassVar[str] = "approval.due"


class ApprovalNudged(ApprovalActed):
    """A fact: its owner asks those whom the request waits for to look at it. At most once a day."""

    event_type: ClassVar[str] = "approval.nudged"


class ApprovalConsulted(ApprovalActed):
    """A fact: its owner shows a draft to somebody for their opinion (根回し)."""

    event_type: ClassVar[str] = "approval.consulted"

    consulted_id: UUID


class ApprovalConsultationEnded(ApprovalActed):
    """A fact: the draft is no longer shown to them."""

    event_type: ClassVar[str] = "approval.consultation_ended"

    consulted_id: UUID


class ApprovalAdvised(ApprovalActed):
    """A fact: somebody to whom a draft is shown said what they think of it."""

    event_type: ClassVar[str] = "approval.advised"

    verdict: Verdict | None = None


class ApprovalRead(ApprovalActed):
    """A fact: a viewer confirms to have read the request."""

    event_type: ClassVar[str] = "approval.read"


class ApprovalReviewed(ApprovalActed):
    """A fact: somebody reviewed it after the decision, which stands."""

    event_type: ClassVar[str] = "approval.reviewed"

    verdict: Verdict


SAID: Final = (ApprovalConsulted, ApprovalConsultationEnded, ApprovalAdvised, ApprovalRead, ApprovalReviewed)
"""Facts about those to whom a request is shown: they repeat its state without changing it."""


class ApprovalHeld(ApprovalActed):
    event_type: ClassVar[str] = "approval.held"


class ApprovalReleased(ApprovalActed):
    event_type: ClassVar[str] = "approval.released"


class ApprovalCancelled(ApprovalActed):
    event_type: ClassVar[str] = "approval.cancelled"


class ApprovalRestored(ApprovalActed):
    event_type: ClassVar[str] = "approval.restored"
