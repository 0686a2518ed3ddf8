"""Saved views of the inbox, and requests that somebody has set aside."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import model_validator

from services.contracts.states import ApprovalKind, ApprovalState
from services.kit.models import CamelModel, ResponseModel
from services.kit.running.zone import LocalTime
from services.kit.text.fields import Line
from services.opportunity.schemas.approvals import ApprovalSort, InboxSort
from services.opportunity.schemas.fields import DEFAULT_CURRENCY, Amount, Currency, require_decimals


class InboxTab(StrEnum):
    """``MINE``: what waits for the caller. ``SNOOZED``: what of it they have set aside. ``STUCK``: what waits for
    people below them, where they may step in. ``OPINIONS``: what awaits their opinion."""

    MINE = "MINE"
    SNOOZED = "SNOOZED"
    STUCK = "STUCK"
    OPINIONS = "OPINIONS"
    REQUESTED = "REQUESTED"
    ALL = "ALL"


class InboxDue(StrEnum):
    """Relative to the day on which the view is opened: the week is that day and the six after it."""

    OVERDUE = "OVERDUE"
    TODAY = "TODAY"
    WEEK = "WEEK"


class ViewFilter(CamelModel):
    """What a view narrows its list by. ``minAmount`` is in ``currency``, or in yen where none is kept. ``due`` is for
    what waits, ``state`` for the other lists, and each has orders of its own; where they mean nothing they are kept and
    do nothing."""

    tab: InboxTab = InboxTab.MINE
    q: Annotated[str, Line(100)] | None = None
    kind: ApprovalKind | None = None
    state: ApprovalState | None = None
    flagged: bool | None = None
    due: InboxDue | None = None
    min_amount: Amount | None = None
    currency: Currency | None = None
    sort: InboxSort | ApprovalSort | None = None

    @model_validator(mode="after")
    def _in_decimals_of_the_currency(self) -> Self:
        require_decimals(self.currency or DEFAULT_CURRENCY, {("minAmount",): self.min_amount})
        return self


class ViewInput(CamelModel):
    """``isDefault``: it opens where nothing else is asked for, and no other view does."""

    name: Annotated[str, Line(40)]
    filter: ViewFilter
    is_default: bool = False


class ViewOutput(ResponseModel):
    id: UUID
    name: str
    filter: ViewFilter
    is_default: bool
    version: int


class ViewList(ResponseModel):
    """All of the caller's, by name."""

    items: list[ViewOutput]


class SnoozeInput(CamelModel):
    until: LocalTime


class SnoozeOutput(ResponseModel):
    """``wakesAt``: when it comes back at the latest, if nothing happens to it before; a day before its deadline where
    that is earlier than ``until``."""

    approval_id: UUID
    until: datetime
    wakes_at: datetime
