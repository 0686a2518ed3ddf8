"""Approval requests as the gateway answers them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import Field

from frontend.ui.formats import Amount
from frontend.ui.time_zone import local, office_now
from frontend.ui.views import View


class Person(View):
    id: str
    name: str | None = None
    absent: bool = False
    absent_from: str | None = None
    absent_until: str | None = None
    """Both also of an absence that is planned to begin within the time of the stage."""
    proxies: list[Person] = Field(default_factory=list)


class Stage(View):
    name: str
    approver_ids: list[str] = Field(default_factory=list)
    mode: str = "ANY"
    quorum: int | None = None
    deadline_hours: int | None = None
    step_in: str = "NEVER"
    approvers: list[Person] = Field(default_factory=list)
    approved_by: list[str] = Field(default_factory=list)
    vacant_ids: list[str] = Field(default_factory=list)
    viewers: list[Person] = Field(default_factory=list)
    view_when: str = "STAGE"
    reviewers: list[Person] = Field(default_factory=list)
    """In the preview only: who is shown the request, and who reviews it after the decision."""


class Shortage(View):
    """Why a stage stands still: people who can't decide, and places that nobody has."""

    votes_missing: int = 0
    unable: list[Person] = Field(default_factory=list)
    vacant: list[Person] = Field(default_factory=list)


class AwaitedOpinion(View):
    """A question that is not answered yet; what was answered stands in the history."""

    asked: Person
    asker: Person
    blocks: bool = False
    may_withdraw: bool = False
    question: str | None = None
    asked_at: str | None = None


class AssetsShare(View):
    """The amount in whole percent of the assets: at least, and at most (None: nothing bounds it)."""

    low: int
    high: int | None = None


class CustomerProfile(View):
    """`experience` is None while none of the later answers is known here."""

    name: str | None = None
    kind: str | None = None
    relationship: str | None = None
    state: str | None = None
    risk_tolerance: str | None = None
    assets_band: str | None = None
    income_band: str | None = None
    objectives: list[str] | None = None
    experience: dict[str, str] | None = None
    horizon: str | None = None
    fund_source: str | None = None
    investor_class: str | None = None
    profile_reviewed_at: str | None = None
    assets_share: AssetsShare | None = None


class CustomerFacts(CustomerProfile):
    """What is kept with a decision."""

    id: str
    age: int | None = None


class FlagGround(View):
    """What a flag compares with."""

    product: str | None = None
    number: str | None = None
    approval_id: str | None = None
    """Where the person may open it."""
    amount: Amount | None = None
    currency: str = "JPY"
    decided_at: str | None = None
    risk_class: str | None = None
    risk_tolerance: str | None = None


class Rate(View):
    """What one unit of a currency was worth in yen, as a decimal text."""

    currency: str
    yen_per_unit: str
    valid_from: str


class LegalHold(View):
    """Why and by whom is null for all but administrators and auditors."""

    id: str
    office: str
    set_at: str
    set_by_name: str | None = None
    reason: str | None = None
    may_release: bool = False


class Approval(View):
    """One request. `stage` counts from 0; `allowed_actions` is what the caller may do with it now."""

    id: str
    number: str = ""
    title: str = ""
    description: str | None = None
    kind: str = "OTHER"
    customer_id: str | None = None
    customer_name: str | None = None
    requester_id: str = ""
    requester_name: str | None = None
    amount: Amount | None = None
    currency: str = "JPY"
    yen_amount: int | None = None
    rates: list[Rate] = Field(default_factory=list)
    """By which the amount was compared when it was submitted."""
    fields: dict[str, Any] = Field(default_factory=dict)
    """What its kind asks for."""
    state: str = "DRAFT"
    stage: int = 0
    stages: list[Stage] = Field(default_factory=list)
    revision: int = 1
    flags: list[str] = Field(default_factory=list)
    flag_grounds: dict[str, FlagGround] = Field(default_factory=dict)
    waiting_for: list[Person] = Field(default_factory=list)
    opinions: list[AwaitedOpinion] = Field(default_factory=list)
    deadline_at: str | None = None
    business_days_left: int | None = None
    route_id: str | None = None
    route_version: int | None = None
    previous_id: str | None = None
    process_id: str | None = None
    held_by: str | None = None
    submitted_at: str | None = None
    decided_at: str | None = None
    decided_by_name: str | None = None
    created_at: str | None = None
    allowed_actions: list[str] = Field(default_factory=list)
    stands_in_for: Person | None = None
    """In whose place the caller would decide, as a proxy."""
    steps_in_for: list[Person] = Field(default_factory=list)
    """In whose places the caller may decide as their superior."""
    waiting_since: str | None = None
    snoozed_until: str | None = None
    terms_changed: bool = False
    attachment_count: int = 0
    shortage: Shortage | None = None
    legal_holds: list[LegalHold] = Field(default_factory=list)
    customer_facts: CustomerFacts | None = None

    def may(self, action: str) -> bool:
        return action in self.allowed_actions

    @property
    def takes_files(self) -> bool:
        """While it is a draft or was returned, from its requester."""
        return self.state in ("DRAFT", "RETURNED") and (self.may("SUBMIT") or self.may("RESUBMIT"))

    def takes(self, decision: str) -> bool:
        """Whether the caller can decide so, in whosever place."""
        if self.steps_in_for:
            return decision == "RETURN" or not self.decision_waits_for
        return self.may(decision)

    @property
    def is_decidable(self) -> bool:
        """Whether it can be decided at all: while an opinion is awaited, it can still be returned."""
        return self.may("APPROVE") or self.may("RETURN")

    @property
    def decision_waits_for(self) -> list[Person]:
        """Whose opinion must be there, or be given up, before it is decided."""
        return [question.asked for question in self.opinions if question.blocks]

    @property
    def clock_stands(self) -> bool:
        """Whether the time of the stage stands still for an opinion."""
        stage = self.current_stage
        return self.state == "PENDING" and bool(self.decision_waits_for and stage and stage.deadline_hours)

    @property
    def can_wait(self) -> bool:
        """Whether it may be set aside: its deadline is more than a day away."""
        deadline = local(self.deadline_at)
        return deadline is None or deadline > office_now() + timedelta(days=1)

    @property
    def ticket(self) -> str:
        """What a decision names: the request as the person saw it."""
        return f"{self.id}/{self.revision}/{self.stage}"

    @property
    def current_stage(self) -> Stage | None:
        return self.stages[self.stage] if 0 <= self.stage < len(self.stages) else None

    @property
    def next_stage(self) -> Stage | None:
        return self.stages[self.stage + 1] if self.stage + 1 < len(self.stages) else None

    @property
    def votes_missing(self) -> int:
        """How many approvals the current stage still needs."""
        stage = self.current_stage
        if stage is None:
            return 0
        needed = {"ALL": len(stage.approver_ids), "QUORUM": stage.quorum or 1}.get(stage.mode, 1)
        return max(needed - len(stage.approved_by), 0)


class Attachment(View):
    """A file of a request; with `removed_at` one that only earlier revisions have."""

    id: str
    name: str
    media_type: str = ""
    size: int = 0
    sha256: str = ""
    state: str = "CLEAN"
    found: str | None = None
    revision: int = 1
    uploaded_by_name: str | None = None
    uploaded_at: str
    removed_at: str | None = None
    removed_revision: int | None = None
    purged_at: str | None = None
    purge_rule: str | None = None
    purge_term: int | None = None

    @property
    def is_picture(self) -> bool:
        return self.media_type.startswith("image/")

    @property
    def is_shown_in_place(self) -> bool:
        """By browsers themselves."""
        return self.is_picture or self.media_type == "application/pdf"


class Attachments(View):
    """`is_known`: whether they could be read at all."""

    items: list[Attachment] = Field(default_factory=list)
    scanned: bool = False
    max_bytes: int = 0
    max_count: int = 0
    is_known: bool = True

    @property
    def present(self) -> list[Attachment]:
        return [item for item in self.items if item.removed_at is None]

    @property
    def former(self) -> list[Attachment]:
        return [item for item in self.items if item.removed_at is not None]


class HistoryEntry(View):
    id: str = ""
    sequence: int = 0
    at: str
    action: str
    actor_id: str | None = None
    actor_name: str | None = None
    on_behalf_of_name: str | None = None
    role: str | None = None
    stage: int | None = None
    revision: int | None = None
    process_id: str | None = None
    comment: str | None = None
    asked_name: str | None = None
    """Of what is about an opinion: who was asked for it."""
    verdict: str | None = None
    to_name: str | None = None
    erased: bool = False
    keeps_evidence: bool = False
    hash: str | None = None
    previous_hash: str | None = None

    @property
    def was_among_many(self) -> bool:
        """A person's decision that a process carried out with others."""
        return self.process_id is not None and self.action in ("APPROVE", "REJECT", "RETURN")


class Comment(View):
    """A comment beside the decisions."""

    body: str
    author_name: str | None = None
    purpose: str = "COMMENT"
    created_at: str


class Counts(View):
    waiting: int = 0
    opinions: int = 0
    snoozed: int = 0
    stuck: int = 0
    requested: int = 0
    returned: int = 0
    drafts: int = 0
    to_read: int = 0
    to_review: int = 0
    consulted: int = 0


class Route(View):
    """What the preview answers."""

    stages: list[Stage] = Field(default_factory=list)
    flags: list[str] = Field(default_factory=list)
    flag_grounds: dict[str, FlagGround] = Field(default_factory=dict)
    amount: Amount | None = None
    currency: str = "JPY"
    yen_amount: int | None = None
    rates: list[Rate] = Field(default_factory=list)


class ApprovalPage(View):
    items: list[Approval] = Field(default_factory=list)
    next_cursor: str | None = None


class Figure(View):
    value: float | None = None


class WeeklyReport(View):
    """The part of approval-statistics that the chart needs."""

    figures: dict[str, Figure] = Field(default_factory=dict)
    weekly: list[dict[str, Any]] = Field(default_factory=list)
    as_of: str | None = None
