"""Templates of requests."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from services.kit.models import CamelModel, ResponseModel
from services.kit.text.fields import Line

TemplateName = Annotated[str, Line(80)]


class TemplateInput(CamelModel):
    """``approvalId``: the request whose content is kept. ``firmWide``: for everybody, by an administrator."""

    name: TemplateName
    approval_id: UUID
    firm_wide: bool = False


class TemplateRename(CamelModel):
    name: TemplateName


class TemplateOutput(ResponseModel):
    """``content``: members of a request that do not belong to one customer. ``ownerId`` is null for the firm's."""

    id: UUID
    name: str
    owner_id: UUID | None
    content: dict[str, Any]
    may_change: bool
    version: int
    created_at: datetime
    updated_at: datetime


class TemplateList(ResponseModel):
    """All that the caller can use: their number is limited."""

    items: list[TemplateOutput]
