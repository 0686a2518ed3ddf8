"""Events of departments. Each carries the full state that copies keep."""

from typing import ClassVar
from uuid import UUID

from services.contracts.topics import DEPARTMENT_EVENTS
from services.kit.events.envelope import EventPayload


class DepartmentSnapshot(EventPayload):
    topic: ClassVar[str] = DEPARTMENT_EVENTS

    department_id: UUID
    name: str
    code: str | None
    parent_id: UUID | None
    """The department above; None for one at the top."""
    head_id: UUID | None
    deleted: bool


class DepartmentCreated(DepartmentSnapshot):
    event_type: ClassVar[str] = "department.created"


class DepartmentUpdated(DepartmentSnapshot):
    event_type: ClassVar[str] = "department.updated"


class DepartmentDeleted(DepartmentSnapshot):
    event_type: ClassVar[str] = "department.deleted"
