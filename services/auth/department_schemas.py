"""What the endpoints of departments take and give."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from services.kit.models import CamelModel, ResponseModel
from services.kit.text.fields import Line

Code = Annotated[str, Line(20)]


class DepartmentInput(CamelModel):
    """``code``: what the firm's other systems call it; ``headId``: who leads it, of whichever department they are."""

    name: Annotated[str, Line(100)]
    code: Code | None = None
    parent_id: UUID | None = None
    head_id: UUID | None = None


class DepartmentView(ResponseModel):
    id: UUID
    name: str
    code: str | None
    parent_id: UUID | None
    head_id: UUID | None
    head_name: str | None
    members: int
    """People who belong to it themselves, not to one below it."""
    version: int
    created_at: datetime
    updated_at: datetime


class DepartmentNode(DepartmentView):
    depth: int
    """0 at the top."""


class DepartmentTree(ResponseModel):
    items: list[DepartmentNode]
    """Each right before those below it; beside each other by name."""


class DepartmentCopy(ResponseModel):
    """What other services keep of a department."""

    department_id: UUID
    name: str
    code: str | None
    parent_id: UUID | None
    head_id: UUID | None
    deleted: bool
    aggregate_version: int


class DepartmentCopies(ResponseModel):
    items: list[DepartmentCopy]
