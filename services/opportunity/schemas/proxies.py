"""Proxies 代理承認."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from services.kit.models import CamelModel, ResponseModel


class ProxyInput(CamelModel):
    """``fromId`` is the caller unless an administrator says otherwise. Half-open period, UTC."""

    from_id: UUID | None = None
    to_id: UUID
    starts_at: datetime
    ends_at: datetime

    @model_validator(mode="after")
    def _a_period(self) -> Self:
        if self.starts_at.tzinfo is None or self.ends_at.tzinfo is None:
            raise PydanticCustomError("timezone_missing", "Times need a UTC offset")
        if self.starts_at >= self.ends_at:
            raise PydanticCustomError("period_empty", "startsAt lies before endsAt")
        return self


class ProxyOutput(ResponseModel):
    id: UUID
    from_id: UUID
    from_name: str | None
    to_id: UUID
    to_name: str | None
    starts_at: datetime
    ends_at: datetime
    version: int
    created_at: datetime


class ProxyPage(ResponseModel):
    items: list[ProxyOutput]
    next_cursor: str | None
