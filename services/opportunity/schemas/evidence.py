"""What an approver saw: the request and the customer as an entry of the history kept them."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from services.contracts.money import Money
from services.contracts.states import ApprovalKind, PurgeRule
from services.kit.models import ResponseModel
from services.opportunity.schemas.approvals import AssetsShare, FlagGround, StageOutput
from services.opportunity.schemas.comments import HistoryEntry
from services.opportunity.schemas.kind_fields import KindFields
from services.opportunity.schemas.rates import KeptRate


class CustomerSeen(ResponseModel):
    """The facts about a customer that a decision rests on."""

    name: str | None
    kind: str | None
    relationship: str | None
    state: str | None
    assigned_sales_id: UUID | None
    assigned_sales_name: str | None
    birth_date: date | None
    risk_tolerance: str | None
    assets_band: str | None
    income_band: str | None = None
    objectives: list[str] | None = None
    experience: dict[str, str] | None = None
    horizon: str | None = None
    fund_source: str | None = None
    investor_class: str | None = None
    """This and those above are null as well in what was kept before the service knew them, ``experience`` and
    ``objectives`` only then."""
    profile_complete: bool
    profile_reviewed_at: datetime | None
    assets_share: AssetsShare | None = None


class AttachmentSeen(ResponseModel):
    """A file that belonged to the request then. ``size`` in bytes. ``purgedAt``, by ``purgeRule`` after ``purgeTerm``
    years or days: since when nobody is given it any more."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    purged_at: datetime | None = None
    purge_rule: PurgeRule | None = None
    purge_term: int | None = None


class OpinionSeen(ResponseModel):
    """A question of the current stage. ``answer`` is null where there was none yet."""

    asked_id: UUID
    asked_name: str | None
    asker_id: UUID
    asker_name: str | None
    blocks: bool
    question: str | None
    answer: str | None


class RequestSeen(ResponseModel):
    """A request with its customer at one moment."""

    title: str
    description: str
    kind: ApprovalKind
    amount: Money | None
    currency: str
    yen_amount: int | None = None
    rates: list[KeptRate] = Field(default_factory=list)
    """By which the amount was compared. Both empty as well for what was kept before there were rates."""
    fields: KindFields = Field(default_factory=dict)
    """Empty as well for what was kept before kinds had any."""
    customer_id: UUID | None
    flags: list[str]
    flag_grounds: dict[str, FlagGround] = Field(default_factory=dict)
    """Empty as well for what was kept before flags compared anything."""
    revision: int
    stages: list[StageOutput]
    customer: CustomerSeen | None
    attachments: list[AttachmentSeen]
    """Empty as well for what was kept before requests had any."""
    opinions: list[OpinionSeen]
    """The same."""


class EntryOutput(ResponseModel):
    """One entry of a request's history with what its actor saw.

    ``seen`` is null where the action keeps nothing (``entry.keepsEvidence`` is false) and where it was erased
    (``entry.erased``). ``now`` is the same of this moment, to compare.
    """

    entry: HistoryEntry
    seen: RequestSeen | None
    now: RequestSeen
