"""Approval routes, trials and simulations as the gateway answers them."""

from __future__ import annotations

from pydantic import Field

from frontend.opportunity.views import Person, Rate, Stage
from frontend.ui.formats import Amount
from frontend.ui.views import View


class RouteStage(View):
    name: str
    approver_ids: list[str] = Field(default_factory=list)
    resolvers: list[str] = Field(default_factory=list)
    mode: str = "ANY"
    quorum: int | None = None
    deadline_hours: int | None = None
    business_days: bool = False
    escalate_to: str | None = None
    escalate_to_resolver: str | None = None
    step_in: str = "NEVER"
    viewer_ids: list[str] = Field(default_factory=list)
    view_when: str = "STAGE"
    reviewer_ids: list[str] = Field(default_factory=list)

    @property
    def people(self) -> list[str]:
        """Everybody whom it names."""
        escalation = [self.escalate_to] if self.escalate_to else []
        return [*self.approver_ids, *escalation, *self.viewer_ids, *self.reviewer_ids]


class RouteContent(View):
    name: str
    kind: str | None = None
    min_amount: Amount | None = None
    max_amount: Amount | None = None
    currency: str = "JPY"
    min_age: int | None = None
    risk_tolerances: list[str] = Field(default_factory=list)
    priority: int = 0
    stages: list[RouteStage] = Field(default_factory=list)
    active: bool = True
    version: int = 0
    valid_from: str | None = None
    note: str = ""
    created_by: str | None = None
    created_by_name: str | None = None
    process_id: str | None = None
    state: str = "CURRENT"

    @property
    def people(self) -> list[str]:
        return [user_id for stage in self.stages for user_id in stage.people]


class PlannedVersion(View):
    version: int
    valid_from: str
    active: bool = True


class ApprovalRoute(RouteContent):
    """In the version that counts; before the first one does, in that."""

    id: str
    planned: list[PlannedVersion] = Field(default_factory=list)


class RoutePage(View):
    items: list[ApprovalRoute] = Field(default_factory=list)
    next_cursor: str | None = None


class RouteVersion(RouteContent):
    route_id: str
    withdrawn_at: str | None = None


class VersionPage(View):
    items: list[RouteVersion] = Field(default_factory=list)
    next_cursor: str | None = None


class LeftOut(Person):
    reason: str = ""


class Alarm(View):
    route_id: str
    version: int
    name: str
    planned: bool = False
    valid_from: str
    stage: int = 0
    stage_name: str = ""
    kind: str = "UNABLE"
    people: list[LeftOut] = Field(default_factory=list)
    message: str | None = None


class RouteRef(View):
    route_id: str | None = None
    version: int | None = None
    name: str = ""
    drafted: bool = False


class TriedRoute(RouteRef):
    taken: bool = False
    met: list[str] = Field(default_factory=list)
    failed: list[str] = Field(default_factory=list)
    displaced: bool = False
    beyond: bool = False


class TrialProblem(View):
    message: str


class TriedStage(Stage):
    left_out: list[LeftOut] = Field(default_factory=list)
    problem: TrialProblem | None = None


class Trial(View):
    at: str
    taken: RouteRef | None = None
    routes: list[TriedRoute] = Field(default_factory=list)
    flags: list[str] = Field(default_factory=list)
    currency: str = "JPY"
    yen_amount: int | None = None
    rates: list[Rate] = Field(default_factory=list)
    stages: list[TriedStage] = Field(default_factory=list)
    problem: TrialProblem | None = None


class WayStage(View):
    name: str
    approvers: list[Person] = Field(default_factory=list)
    step_in: str = "NEVER"


class Way(View):
    route: RouteRef | None = None
    stages: list[WayStage] = Field(default_factory=list)
    problem: TrialProblem | None = None


class ChangedRequest(View):
    approval_id: str
    number: str
    kind: str
    amount: Amount | None = None
    currency: str = "JPY"
    yen_amount: int | None = None
    rates: list[Rate] = Field(default_factory=list)
    requester_name: str | None = None
    submitted_at: str
    before: Way
    after: Way


class Simulation(View):
    since: str
    until: str
    looked_at: int = 0
    more: bool = False
    named: int = 0
    known_now: int = 0
    changed: int = 0
    changes: list[ChangedRequest] = Field(default_factory=list, alias="items")


class NamedPlace(View):
    stage: int
    stage_name: str
    part: str


class Naming(View):
    route_id: str
    version: int
    name: str
    valid_from: str
    planned: bool = False
    active: bool = True
    places: list[NamedPlace] = Field(default_factory=list)


class NamingPage(View):
    versions: list[Naming] = Field(default_factory=list, alias="items")
    next_cursor: str | None = None
