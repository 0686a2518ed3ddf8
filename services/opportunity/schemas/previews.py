"""The route that a request would take."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from services.contracts.states import StageMode, StepIn, ViewWhen
from services.kit.models import ResponseModel
from services.opportunity.schemas.approvals import ApprovalContent, FlagGround
from services.opportunity.schemas.fields import Person, Title
from services.opportunity.schemas.rates import KeptRate
from services.opportunity.suitability import Flag


class RouteQuestion(ApprovalContent):
    """Body of the preview: the same as a new request; a title is not needed yet."""

    title: Title = "—"


class PreviewPerson(Person):
    """``absentFrom`` and ``absentUntil``: the standing absence, or else the first that is planned to begin before the
    time of the stage is over; both null for neither."""

    absent: bool
    absent_from: datetime | None
    absent_until: datetime | None
    proxies: list[Person]
    """Who stands in during that absence."""


class PreviewStage(ResponseModel):
    name: str
    mode: StageMode
    quorum: int | None
    deadline_hours: int | None
    business_days: bool
    escalate_to: UUID | None
    approver_ids: list[UUID]
    step_in: StepIn = StepIn.NEVER
    approvers: list[PreviewPerson]
    viewers: list[Person] = Field(default_factory=list)
    view_when: ViewWhen = ViewWhen.STAGE
    reviewers: list[Person] = Field(default_factory=list)


class Preview(ResponseModel):
    """``yenAmount`` and ``rates``: what the amount is worth, and by which rates it is compared, if submitted now."""

    route_id: UUID | None
    flags: list[Flag]
    flag_grounds: dict[Flag, FlagGround]
    yen_amount: int | None = None
    rates: list[KeptRate] = Field(default_factory=list)
    stages: list[PreviewStage]
