"""Audit samples as the gateway answers them."""

from __future__ import annotations

from pydantic import Field

from frontend.opportunity.dossier import Signature
from frontend.ui.formats import YEN, Amount
from frontend.ui.views import View

OPEN, CLOSED = "OPEN", "CLOSED"


class Progress(View):
    total: int = 0
    open: int = 0
    no_finding: int = 0
    finding: int = 0
    not_applicable: int = 0

    @property
    def done(self) -> int:
        return self.total - self.open


class Population(View):
    decided_from: str
    decided_to: str
    kinds: list[str] = Field(default_factory=list)
    states: list[str] = Field(default_factory=list)
    flags: list[str] = Field(default_factory=list)
    currency: str | None = None
    min_amount: Amount | None = None
    max_amount: Amount | None = None


class SampleSummary(View):
    id: str
    title: str
    state: str = OPEN
    progress: Progress
    drawn_at: str
    drawn_by_name: str | None = None
    closed_at: str | None = None

    @property
    def is_closed(self) -> bool:
        return self.state == CLOSED


class Sample(SampleSummary):
    population: Population
    population_size: int
    population_sha256: str = Field(alias="populationSha256")
    algorithm: str = ""
    seed: str
    seed_given: bool = False
    count: int
    previous_id: str | None = None
    previous_title: str | None = None
    closed_by_name: str | None = None
    result: str | None = None


class SamplePage(View):
    items: list[SampleSummary] = Field(default_factory=list)
    next_cursor: str | None = None


class SampleItem(View):
    position: int
    approval_id: str
    number: str
    title: str = ""
    kind: str = "OTHER"
    state: str = ""
    amount: Amount | None = None
    currency: str = YEN
    decided_at: str | None = None
    assessment: str = OPEN
    note: str = ""
    assessed_at: str | None = None
    assessed_by_name: str | None = None

    @property
    def is_open(self) -> bool:
        return self.assessment == OPEN


class AssessmentEntry(View):
    version: int
    assessment: str
    note: str = ""
    assessed_at: str
    assessed_by_name: str | None = None


class SampleItemDetail(SampleItem):
    history: list[AssessmentEntry] = Field(default_factory=list)


class Items(View):
    items: list[SampleItem] = Field(default_factory=list)


class SheetMade(View):
    at: str
    for_name: str | None = None


class SheetAssessment(View):
    assessment: str
    note: str = ""
    at: str
    by_id: str


class SheetItem(View):
    position: int
    assessments: list[SheetAssessment] = Field(default_factory=list)


class SheetRecord(View):
    items: list[SheetItem] = Field(default_factory=list)
    people: dict[str, str | None] = Field(default_factory=dict)


class Sheet(View):
    """What was signed."""

    record: SheetRecord
    record_sha256: str = Field(alias="recordSha256")
    made: SheetMade
    signature: Signature
