"""Trying routes out: who would get a request, what a version would have changed, and who is named where."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.contracts.money import Money
from services.contracts.states import ApprovalKind, StepIn
from services.kit.models import CamelModel, ResponseModel
from services.kit.running.zone import LocalTime
from services.opportunity.matching import Condition
from services.opportunity.schemas.fields import DEFAULT_CURRENCY, Amount, Currency, PageQuery, Person, require_decimals
from services.opportunity.schemas.previews import PreviewStage
from services.opportunity.schemas.rates import KeptRate
from services.opportunity.schemas.routes import LeftOutFor, RouteContent
from services.opportunity.suitability import Flag

SIMULATED_DAYS = 90


class DraftedVersion(CamelModel):
    """What an administrator is writing: it takes the place of the route's own version, or stands beside all routes."""

    route_id: UUID | None = None
    route: RouteContent


class TrialInput(CamelModel):
    """Who would get this? ``at``: when it is submitted, now without it; versions planned until then have taken over."""

    kind: ApprovalKind
    amount: Amount | None = None
    currency: Currency = DEFAULT_CURRENCY
    requester_id: UUID
    customer_id: UUID | None = None
    at: LocalTime | None = None
    draft: DraftedVersion | None = None

    @model_validator(mode="after")
    def _in_decimals_of_the_currency(self) -> Self:
        require_decimals(self.currency, {("amount",): self.amount})
        return self


class RouteRef(ResponseModel):
    """``version`` is null for what is only drafted."""

    route_id: UUID | None
    version: int | None
    name: str
    drafted: bool


class TriedRoute(RouteRef):
    """Of each condition that the route sets whether the request meets it. ``beyond``: there is no rate between the
    amount and the route's limits, so it counts as larger than all of them. ``displaced``: it fits, but only for that
    reason, and another route has limits that the amount can be measured by."""

    taken: bool
    met: list[Condition]
    failed: list[Condition]
    displaced: bool
    beyond: bool = False


class TrialProblem(ResponseModel):
    """What the submission would be refused for, in the caller's language."""

    code: str
    message: str


class LeftOutPerson(Person):
    reason: LeftOutFor


class TriedStage(PreviewStage):
    left_out: list[LeftOutPerson]
    problem: TrialProblem | None


class Trial(ResponseModel):
    """``routes``: in the order in which they were looked at; without one that is taken the built-in policy chooses.
    ``yenAmount`` and ``rates``: what the amount is worth, and by which rates it was compared."""

    at: datetime
    taken: RouteRef | None
    routes: list[TriedRoute]
    flags: list[Flag]
    """Without those that rest on the kind's own fields, which a trial does not ask for."""
    yen_amount: int | None = None
    rates: list[KeptRate] = Field(default_factory=list)
    stages: list[TriedStage]
    problem: TrialProblem | None


class SimulationInput(CamelModel):
    draft: DraftedVersion
    days: Annotated[int, Field(ge=1, le=SIMULATED_DAYS)] = SIMULATED_DAYS


class WayStage(ResponseModel):
    name: str
    approvers: list[Person]
    step_in: StepIn = StepIn.NEVER


class Way(ResponseModel):
    """``route`` is null for the built-in policy."""

    route: RouteRef | None
    stages: list[WayStage]
    problem: TrialProblem | None


class ChangedRequest(ResponseModel):
    approval_id: UUID
    number: str
    kind: ApprovalKind
    amount: Money | None
    currency: str
    yen_amount: int | None = None
    rates: list[KeptRate] = Field(default_factory=list)
    requester_id: UUID
    requester_name: str | None
    submitted_at: datetime
    before: Way
    after: Way


class Simulation(ResponseModel):
    """Requests of the period, the newest first, that the drafted version would send elsewhere than today's routes do.

    Kinds, amounts, rates and customers are those of the submission (rates of its day where it kept none of a currency);
    superiors, roles and who can decide are those of now.
    ``knownNow`` counts requests whose evidence was erased, and which are read as they are now.
    """

    since: datetime
    until: datetime
    looked_at: int
    more: bool
    """There are older ones that were not looked at."""
    named: int
    """Their approvers were named by their authors: no route has a say."""
    known_now: int
    changed: int
    items: list[ChangedRequest]
    """The first of those that changed."""


class Part(StrEnum):
    APPROVER = "APPROVER"
    ESCALATION = "ESCALATION"
    VIEWER = "VIEWER"
    REVIEWER = "REVIEWER"
    DEPARTMENT_HEAD = "DEPARTMENT_HEAD"
    """As the head of a department, for as long as they are that."""


class NamingQuery(PageQuery):
    user_id: UUID


class NamedPlace(ResponseModel):
    """``stage`` counts from 0."""

    stage: int
    stage_name: str
    part: Part


class NamingVersion(ResponseModel):
    route_id: UUID
    version: int
    name: str
    valid_from: datetime
    planned: bool
    active: bool
    places: list[NamedPlace]


class NamingPage(ResponseModel):
    items: list[NamingVersion]
    next_cursor: str | None


class AlarmKind(StrEnum):
    UNABLE = "UNABLE"
    """It names people who can't decide any more."""
    TOO_FEW = "TOO_FEW"
    """And so fewer can than the stage asks for: requests are refused."""
    NOBODY = "NOBODY"


class RouteAlarm(ResponseModel):
    route_id: UUID
    version: int
    name: str
    planned: bool
    valid_from: datetime
    stage: int
    stage_name: str
    kind: AlarmKind
    people: list[LeftOutPerson]
    message: str | None
    """What submissions are refused for, in the caller's language."""


class RouteAlarms(ResponseModel):
    items: list[RouteAlarm]
