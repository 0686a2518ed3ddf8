"""Requests: what is sent, what is shown, and how lists are filtered."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from services.contracts.money import Money
from services.contracts.states import (
    ApprovalAction,
    ApprovalKind,
    ApprovalState,
    CustomerKind,
    Experience,
    FundSource,
    Horizon,
    InvestorClass,
    MoneyBand,
    Objective,
    Product,
    Relationship,
    RiskTolerance,
    StageMode,
    StepIn,
    ViewWhen,
)
from services.kit.models import CamelModel, QueryModel, ResponseModel
from services.kit.running.zone import LocalTime
from services.kit.text.fields import Line
from services.opportunity.schemas.fields import (
    DEFAULT_CURRENCY,
    MAX_APPROVERS,
    MAX_STAGES,
    Amount,
    Currency,
    Description,
    Hours,
    PageQuery,
    Person,
    StageName,
    Title,
    require_decimals,
)
from services.opportunity.schemas.kind_fields import KindFields, amounts_in, parsed
from services.opportunity.schemas.rates import KeptRate
from services.opportunity.schemas.retention import HoldShown
from services.opportunity.suitability import Flag


class StageInput(CamelModel):
    """What must hold beyond the types is checked by ``service.stages``, for routes and requests alike."""

    name: StageName
    approver_ids: Annotated[list[UUID], Field(min_length=1, max_length=MAX_APPROVERS)]
    mode: StageMode = StageMode.ANY
    quorum: Annotated[int, Field(ge=1, le=MAX_APPROVERS)] | None = None
    deadline_hours: Hours | None = None
    business_days: bool = False
    escalate_to: UUID | None = None
    step_in: StepIn = StepIn.NEVER
    viewer_ids: Annotated[list[UUID], Field(default_factory=list, max_length=MAX_APPROVERS)]
    view_when: ViewWhen = ViewWhen.STAGE
    reviewer_ids: Annotated[list[UUID], Field(default_factory=list, max_length=MAX_APPROVERS)]


Stages = Annotated[list[StageInput], Field(min_length=1, max_length=MAX_STAGES)]


class ApprovalContent(CamelModel):
    customer_id: UUID | None = None
    kind: ApprovalKind
    title: Title
    description: Description = ""
    amount: Amount | None = None
    currency: Currency = DEFAULT_CURRENCY
    fields: KindFields = Field(default_factory=dict)
    """Left out of a change, they stay while the kind stays."""
    approver_id: UUID | None = None
    """One stage with this approver; without it and without ``stages`` the policy chooses the route."""
    stages: Stages | None = None

    @field_validator("fields")
    @classmethod
    def _of_the_kind(cls, given: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        # Without a kind, that is what is wrong.
        return parsed(info.data["kind"], given) if "kind" in info.data else given

    @model_validator(mode="after")
    def _in_decimals_of_the_currency(self) -> Self:
        require_decimals(self.currency, {("amount",): self.amount} | amounts_in(self.kind, self.fields))
        return self

    @model_validator(mode="after")
    def _one_way_to_name_approvers(self) -> Self:
        if self.approver_id is not None and self.stages is not None:
            raise PydanticCustomError("approver_and_stages", "Give approverId or stages, not both")
        return self


class NewApproval(ApprovalContent):
    draft: bool = False
    previous_id: UUID | None = None
    """The rejected or recalled request that is asked for again."""


class StageOutput(ResponseModel):
    name: str
    approver_ids: list[UUID]
    mode: StageMode
    quorum: int | None
    deadline_hours: int | None
    business_days: bool = False
    escalate_to: UUID | None
    escalated_to: UUID | None = None
    step_in: StepIn = StepIn.NEVER
    viewer_ids: list[UUID] = Field(default_factory=list)
    view_when: ViewWhen = ViewWhen.STAGE
    reviewer_ids: list[UUID] = Field(default_factory=list)
    vacant_ids: list[UUID] = Field(default_factory=list)
    approvers: list[Person] = Field(default_factory=list)
    approved_by: list[UUID] = Field(default_factory=list)


class Shortage(ResponseModel):
    """``unable``: approvers who can't decide and have no proxy. ``vacant``: who left a place that nobody took."""

    votes_missing: int
    unable: list[Person]
    vacant: list[Person]


class AwaitedOpinion(ResponseModel):
    """A question to ``asked`` by ``asker`` that is not answered yet. ``blocks``: the decision waits for it.

    ``question`` and ``askedAt`` stand in the answer for one request only.
    """

    asked: Person
    asker: Person
    blocks: bool
    may_withdraw: bool
    question: str | None = None
    asked_at: datetime | None = None


class FlagGround(ResponseModel):
    """What a flag rests on. FIRST_IN_PRODUCT: ``product``. AMOUNT_RISE: the largest request that was approved in the
    same currency within a year, with its ``approvalId`` where the caller may open it. RISK_ABOVE_TOLERANCE:
    ``riskClass`` of the product and the customer's ``riskTolerance``."""

    product: Product | None = None
    number: str | None = None
    approval_id: UUID | None = None
    amount: Money | None = None
    currency: str | None = None
    decided_at: datetime | None = None
    risk_class: RiskTolerance | None = None
    risk_tolerance: RiskTolerance | None = None


class AssetsShare(ResponseModel):
    """The amount in whole percent of the customer's financial assets: at least ``low``, at most ``high``.

    ``high`` is null for a band that begins at nothing.
    """

    low: int
    high: int | None


class CustomerFacts(ResponseModel):
    """What this service knows of a customer, and keeps with each decision.

    ``objectives`` and ``experience`` are null while nothing has been told of them; the other answers may be missing in
    the profile as well.
    """

    id: UUID
    name: str | None
    kind: CustomerKind | None
    relationship: Relationship | None
    state: str | None
    age: int | None
    """Completed years on today's date in Japan."""
    risk_tolerance: RiskTolerance | None
    assets_band: MoneyBand | None
    income_band: MoneyBand | None
    objectives: list[Objective] | None
    experience: dict[Product, Experience] | None
    horizon: Horizon | None
    fund_source: FundSource | None
    investor_class: InvestorClass | None
    profile_complete: bool
    profile_reviewed_at: datetime | None
    assets_share: AssetsShare | None


class ApprovalOutput(ResponseModel):
    """``waitingFor``: whose answer the current stage awaits. ``stage`` counts from 0."""

    id: UUID
    number: str
    customer_id: UUID | None
    customer_name: str | None
    requester_id: UUID
    requester_name: str | None
    owner_id: UUID
    kind: ApprovalKind
    title: str
    description: str
    amount: Money | None
    currency: str
    yen_amount: int | None = None
    """What the amount is worth by ``rates``, in whole yen, rounded up; null for yen, and without a rate."""
    rates: list[KeptRate] = Field(default_factory=list)
    """Those of the day of the submission, by which routes were chosen."""
    fields: KindFields
    generation: int
    state: ApprovalState
    stage: int
    stages: list[StageOutput]
    revision: int
    flags: list[Flag]
    flag_grounds: dict[Flag, FlagGround]
    """For flags that compare: with what, at the last submission."""
    route_id: UUID | None
    """The approval route that it took; None where its approvers were named or the built-in policy chose."""
    route_version: int | None
    """The version of it; None for drafts, and for what was submitted before routes had versions."""
    waiting_for: list[Person]
    opinions: list[AwaitedOpinion]
    """Whose opinion the current stage awaits; what was given stands in the history."""
    deadline_at: datetime | None
    """Of the current stage; null while its clock stands, and where it has none."""
    business_days_left: int | None
    """While PENDING in a stage whose time runs on business days only; a day that has begun counts whole."""
    previous_id: UUID | None
    process_id: UUID | None
    submitted_at: datetime | None
    decided_at: datetime | None
    decided_by: UUID | None
    decided_by_name: str | None
    held_by: UUID | None
    terms_changed: bool
    """While RETURNED: the next resubmission goes to the first stage, as what was approved there has changed."""
    short_since: datetime | None
    """Since when the current stage has fewer people who can decide than it asks for."""
    attachment_count: int
    """Files that belong to it now."""
    version: int
    created_at: datetime
    updated_at: datetime
    allowed_actions: list[ApprovalAction]
    snoozed_until: datetime | None = None
    """In the caller's list of what they have set aside: until when."""
    stands_in_for: Person | None
    """In whose place the caller would decide, as a proxy; null for their own place, and for who can't decide now."""
    steps_in_for: list[Person] = Field(default_factory=list)
    """In whose places the caller may decide as their superior; empty for who decides in their own place or as a proxy.
    """
    waiting_since: datetime | None = None
    """In lists of what waits: since when it has for the caller, for those in whose place they decide, or below them."""
    shortage: Shortage | None = None
    """In the answer for one request: why its stage stands still."""
    legal_holds: list[HoldShown] | None = None
    """Of one request, not in lists."""
    customer_facts: CustomerFacts | None = None
    """In the answer for one request: what an approver needs to know of the customer."""


class ApprovalPage(ResponseModel):
    items: list[ApprovalOutput]
    next_cursor: str | None


class Counts(ResponseModel):
    """``waiting``: without what the caller has set aside, which is ``snoozed``. ``opinions``: requests that await the
    caller's opinion. ``stuck``: what waits for people below the caller, who may step in for them."""

    waiting: int
    stuck: int
    snoozed: int
    opinions: int
    requested: int
    returned: int
    drafts: int
    to_read: int
    """Of these three: what the caller was shown and has not answered."""
    to_review: int
    consulted: int


class ApprovalSort(StrEnum):
    NEWEST = "-createdAt"
    OLDEST = "createdAt"


class InboxSort(StrEnum):
    WAITING_LONGEST = "since"
    DEADLINE = "deadlineAt"
    LARGEST = "-amount"


class Narrowed(QueryModel):
    """What the inbox and every other list can be narrowed by.

    Amounts are compared within one currency: the bounds keep requests in ``currency`` only, in yen if none is given.
    ``flagged``: with any flag, or with none. ``dueBefore``: the deadline of the current stage.
    """

    q: Annotated[str, Line(100)] | None = None
    kind: ApprovalKind | None = None
    customer_id: UUID | None = None
    requester_id: UUID | None = None
    flag: Flag | None = None
    flagged: bool | None = None
    currency: Currency | None = None
    min_amount: Amount | None = None
    max_amount: Amount | None = None
    due_before: LocalTime | None = None

    @model_validator(mode="after")
    def _amounts_have_a_currency(self) -> Self:
        if self.currency is None and (self.min_amount is not None or self.max_amount is not None):
            self.currency = DEFAULT_CURRENCY
        currency = self.currency or DEFAULT_CURRENCY
        require_decimals(currency, {("minAmount",): self.min_amount, ("maxAmount",): self.max_amount})
        return self

    @property
    def narrowed(self) -> dict[str, Any]:
        """What was given, by its Python name, without order and place in the list."""
        return self.model_dump(exclude={"sort", "limit", "cursor", "snoozed", "stuck"}, exclude_none=True)


class InboxQuery(PageQuery, Narrowed):
    """``snoozed``: what the caller has set aside, which is left out otherwise. ``stuck``: instead, what waits for
    people below the caller who may step in for them; nobody sets that aside."""

    snoozed: bool = False
    stuck: bool = False
    sort: InboxSort = InboxSort.WAITING_LONGEST


class ApprovalChoice(Narrowed):
    """Which requests are meant, wherever they are listed or taken together."""

    state: ApprovalState | None = None
    approver_id: UUID | None = None
    owner_id: UUID | None = None
    submitted_after: LocalTime | None = None
    submitted_before: LocalTime | None = None
    decided_after: LocalTime | None = None
    decided_before: LocalTime | None = None
    from_: Annotated[LocalTime | None, Field(alias="from")] = None
    to: LocalTime | None = None


class ApprovalFilters(PageQuery, ApprovalChoice):
    """``wantsOpinion``: those that await the caller's opinion, or all others."""

    wants_opinion: bool | None = None
    sort: ApprovalSort = ApprovalSort.NEWEST
