"""What several bodies of the approvals API share: limits, and types of single values."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from services.kit.http.paging import CURSOR_MAX_LENGTH, DEFAULT_LIMIT, MAX_LIMIT
from services.kit.models import QueryModel, ResponseModel

MAX_STAGES = 10
MAX_APPROVERS = 20
MAX_DEADLINE_HOURS = 24 * 365
MAX_AMOUNT = 10**15
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Description = Annotated[str, StringConstraints(max_length=10_000)]
Comment = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)]
Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
StageName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Hours = Annotated[int, Field(ge=1, le=MAX_DEADLINE_HOURS)]
StagePosition = Annotated[int, Field(ge=0, lt=MAX_STAGES)]
Revision = Annotated[int, Field(ge=1, le=2**31 - 1)]


class PageQuery(QueryModel):
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[str, StringConstraints(max_length=CURSOR_MAX_LENGTH)] | None = None


class Person(ResponseModel):
    id: UUID
    name: str | None
