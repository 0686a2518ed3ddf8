"""What this service answers; queries stand beside the endpoints that take them."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from services.analytics.mail.repository import MailState
from services.analytics.mail.wishes import Language, Timing, WhenAway
from services.analytics.reports.figures import Unit
from services.analytics.reports.period import GroupBy
from services.analytics.reports.sql import By
from services.contracts.money import Money
from services.contracts.states import NotificationType
from services.kit.models import CamelModel, ResponseModel
from services.kit.processes.saga_parts import SagaProgress, SagaStep
from services.kit.processes.statuses import ProcessStatus


class Span(ResponseModel):
    """Dates in the report's time zone; ``to`` is not part of it."""

    start: date = Field(alias="from")
    end: date = Field(alias="to")


class ReportPeriod(Span):
    time_zone: str
    group_by: GroupBy | None
    by: By | None


class FigureView(ResponseModel):
    """``value`` null: there was nothing to divide by; of amounts, the yen. ``link``: the list of exactly what it
    counts (a rate: its numerator), on this origin."""

    value: float | None
    unit: Unit
    numerator: int | None = None
    denominator: int | None = None
    amounts: dict[str, Money] | None = Field(None, description="A sum of money in each of its currencies (ISO 4217).")
    link: str | None


class GroupKey(ResponseModel):
    """A rep, or the manager after whom a team is called."""

    id: UUID
    name: str | None


class ReportGroup(ResponseModel):
    period: Span
    key: GroupKey | None
    figures: dict[str, FigureView]


class ReportView(ResponseModel):
    """``figures``: the whole period; ``groups``: its parts, by rep or team; ``weekly``: a series for charts."""

    report: str
    period: ReportPeriod
    as_of: datetime
    data_through: datetime | None
    figures: dict[str, FigureView]
    breakdowns: dict[str, list[dict[str, Any]]]
    groups: list[ReportGroup]
    weekly: list[dict[str, Any]]


class MetricView(ResponseModel):
    metric: str
    day: date
    count: int
    amounts: dict[str, Money] = Field(description="By currency (ISO 4217).")


class MetricList(ResponseModel):
    items: list[MetricView]
    as_of: datetime


class NotificationView(ResponseModel):
    id: UUID
    type: NotificationType
    title: str
    body: str
    resource_type: str
    resource_id: UUID
    read_at: datetime | None
    created_at: datetime


class UnreadView(ResponseModel):
    """``items``: the newest of them."""

    count: int
    items: list[NotificationView]


class MarkedView(ResponseModel):
    marked: int


class PreferenceView(CamelModel):
    type: NotificationType
    in_app: bool
    mail: bool | None = Field(None, description="Absent or null in a body: stays as it is.")


class MailPreferencesView(CamelModel):
    """A digest comes on business days only, where `businessDaysOnly` says so. `whenAway` HOLD: what comes during an
    absence is told in one mail after it."""

    timing: Timing
    digest_at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="On the clock of Japan.")]
    business_days_only: bool
    when_away: WhenAway
    language: Language


class PreferencesChange(CamelModel):
    """Types that are not named, and `mail` where it is absent, stay as they are."""

    items: list[PreferenceView] = Field(default=[], max_length=100)
    mail: MailPreferencesView | None = None


class MailFailureView(ResponseModel):
    since: datetime
    reason: str = Field(description="What the mail server said, without the address.")


class MailStateView(ResponseModel):
    """`available`: the firm has a mail server. `failing`: one's own address refused mail, so none goes there."""

    available: bool
    failing: MailFailureView | None


class PreferencesView(ResponseModel):
    items: list[PreferenceView]
    mail: MailPreferencesView
    mail_state: MailStateView


class MailDefault(CamelModel):
    type: NotificationType
    mail: bool


class MailDefaultsChange(CamelModel):
    """Types that are not named stay as they are."""

    defaults: Annotated[list[MailDefault], Field(min_length=1, max_length=100)]


class FailingAddress(ResponseModel):
    user_id: UUID
    name: str | None
    since: datetime
    reason: str


class MailAdministrationView(ResponseModel):
    """`counts`: mails by state; those that are finished, of the last seven days. `defaults`: for who has not chosen."""

    available: bool
    sender: str
    counts: dict[MailState, int]
    defaults: list[MailDefault]
    failing: list[FailingAddress]


class SagaView(ResponseModel):
    """``resourceName``: of the customer or user, or a request's number. Names are null where they are not known, or
    where the caller may not read that customer or user."""

    id: UUID
    type: str
    workflow_id: str
    resource_id: UUID
    resource_name: str | None
    actor_id: UUID | None
    actor_name: str | None
    status: ProcessStatus
    detail: str | None
    steps: list[SagaStep]
    progress: SagaProgress
    started_at: datetime
    finished_at: datetime | None
    temporal_url: str | None
