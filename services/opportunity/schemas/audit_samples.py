"""Audit samples 監査サンプル: what is drawn, what was found, and how they are shown."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.contracts.money import Money
from services.contracts.states import TERMINAL_APPROVAL_STATES, ApprovalKind, ApprovalState
from services.kit.models import CamelModel, ResponseModel
from services.kit.running.zone import LocalTime
from services.kit.text.fields import Line, Lines
from services.opportunity.schemas.fields import DEFAULT_CURRENCY, Amount, Currency, Title, require_decimals
from services.opportunity.suitability import Flag

MAX_SAMPLE: Final = 200
"""Requests: more than audit samples have, and few enough that somebody can wait for their dossiers."""
MAX_POPULATION: Final = 100_000

Seed = Annotated[str, Line(100)]
Note = Annotated[str, Lines(4_000, trimmed=True)]
Result = Annotated[str, Lines(10_000, minimum=1, trimmed=True)]
Position = Annotated[int, Field(ge=1, le=MAX_SAMPLE)]


class Assessment(StrEnum):
    """What an auditor says of a request. Whoever takes an assessment back makes it OPEN again."""

    OPEN = "OPEN"
    NO_FINDING = "NO_FINDING"
    FINDING = "FINDING"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class SampleState(StrEnum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class Population(CamelModel):
    """Which requests are drawn from: those decided in [``decidedFrom``, ``decidedTo``), and what narrows them.

    Empty lists narrow nothing. ``flags``: with any of them. Amounts are compared within one currency, as in lists.
    """

    decided_from: LocalTime
    decided_to: LocalTime
    kinds: Annotated[list[ApprovalKind], Field(default_factory=list, max_length=len(ApprovalKind))]
    states: Annotated[list[ApprovalState], Field(default_factory=list, max_length=len(TERMINAL_APPROVAL_STATES))]
    flags: Annotated[list[Flag], Field(default_factory=list, max_length=len(Flag))]
    currency: Currency | None = None
    min_amount: Amount | None = None
    max_amount: Amount | None = None

    @model_validator(mode="after")
    def _can_hold_something(self) -> Self:
        if self.decided_to <= self.decided_from:
            raise PydanticCustomError("period_empty", "Value should end after it begins")
        if not TERMINAL_APPROVAL_STATES.issuperset(self.states):
            raise PydanticCustomError("state_undecided", "Value should name states of decided requests only")
        if self.currency is None and (self.min_amount is not None or self.max_amount is not None):
            self.currency = DEFAULT_CURRENCY
        currency = self.currency or DEFAULT_CURRENCY
        require_decimals(currency, {("minAmount",): self.min_amount, ("maxAmount",): self.max_amount})
        return self


class SampleInput(CamelModel):
    """``seed``: as it was agreed on; without one the service draws it. ``previousId``: the sample that this one follows
    up, for whoever has something to add to a closed one."""

    title: Title
    population: Population
    count: Annotated[int, Field(ge=1, le=MAX_SAMPLE)]
    seed: Seed | None = None
    previous_id: UUID | None = None


class AssessmentInput(CamelModel):
    """``note``: what was found (所見); a finding has one."""

    assessment: Assessment
    note: Note = ""


class ClosingInput(CamelModel):
    result: Result


class Progress(ResponseModel):
    """How many requests of the sample have been assessed how."""

    total: int
    open: int
    no_finding: int
    finding: int
    not_applicable: int


class SampleSummary(ResponseModel):
    id: UUID
    title: str
    state: SampleState
    progress: Progress
    drawn_at: datetime
    drawn_by_id: UUID
    drawn_by_name: str | None
    closed_at: datetime | None
    version: int


class SampleOutput(SampleSummary):
    """``count``: how many were asked for. ``populationSize`` and ``populationSha256`` are those of the list of numbers
    at the instant of drawing (`population.txt` of the export); what is decided later changes neither."""

    population: Population
    population_size: int
    population_sha256: Annotated[str, Field(alias="populationSha256")]
    algorithm: str
    seed: str
    seed_given: bool
    count: int
    previous_id: UUID | None
    previous_title: str | None
    closed_by_id: UUID | None
    closed_by_name: str | None
    result: str | None


class SamplePage(ResponseModel):
    items: list[SampleSummary]
    next_cursor: str | None


class SampleItem(ResponseModel):
    """A drawn request. ``version`` counts its assessments, 0 before the first; it is the ETag of the item."""

    position: int
    approval_id: UUID
    number: str
    title: str
    kind: ApprovalKind
    state: ApprovalState
    amount: Money | None
    currency: str
    decided_at: datetime | None
    assessment: Assessment
    note: str
    assessed_at: datetime | None
    assessed_by_id: UUID | None
    assessed_by_name: str | None
    version: int


class SampleItems(ResponseModel):
    """All of them, in the order in which they were drawn: at most 200."""

    items: list[SampleItem]
    next_cursor: str | None


class AssessmentEntry(ResponseModel):
    version: int
    assessment: Assessment
    note: str
    assessed_at: datetime
    assessed_by_id: UUID
    assessed_by_name: str | None


class SampleItemDetail(SampleItem):
    """``history``: every assessment that was ever written down, the first one first."""

    history: list[AssessmentEntry]
