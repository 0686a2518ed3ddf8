"""Proxies 代理承認, and lists of them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.kit.models import CamelModel, ResponseModel
from services.kit.running.zone import LocalTime
from services.opportunity.schemas.fields import PageQuery


class ProxyChange(CamelModel):
    """Body of PUT. Half-open period, UTC. ``takesWaiting``: also what waits already when the period begins."""

    to_id: UUID
    starts_at: datetime
    ends_at: datetime
    takes_waiting: bool = True

    @model_validator(mode="after")
    def _a_period(self) -> Self:
        if self.starts_at.tzinfo is None or self.ends_at.tzinfo is None:
            raise PydanticCustomError("timezone_missing", "Times need a UTC offset")
        if self.starts_at >= self.ends_at:
            raise PydanticCustomError("period_empty", "startsAt lies before endsAt")
        return self


class ProxyInput(ProxyChange):
    """``fromId`` is the caller unless an administrator says otherwise."""

    from_id: UUID | None = None


class ProxyOutput(ResponseModel):
    """``ended``: somebody ended it before its time, which ``endsAt`` then tells."""

    id: UUID
    from_id: UUID
    from_name: str | None
    to_id: UUID
    to_name: str | None
    starts_at: datetime
    ends_at: datetime
    takes_waiting: bool
    ended: bool
    version: int
    created_at: datetime


class ProxyPage(ResponseModel):
    items: list[ProxyOutput]
    next_cursor: str | None


class ProxyScope(StrEnum):
    """``OWN``: given or held by the caller. ``TEAM``: of the caller and of everybody who reports to them; for
    administrators and auditors of everybody."""

    OWN = "OWN"
    TEAM = "TEAM"


class ProxyQuery(PageQuery):
    """Without a scope: the caller's own, for administrators and auditors all. ``from`` and ``to``: only those whose
    period touches this one."""

    scope: ProxyScope | None = None
    from_: Annotated[LocalTime | None, Field(alias="from")] = None
    to: LocalTime | None = None
