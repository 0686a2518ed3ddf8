"""What a deletion would hand over, hold or cancel."""

from uuid import UUID

from services.kit.models import ResponseModel


class WorkloadItem(ResponseModel):
    kind: str
    count: int


class WorkloadConflict(ResponseModel):
    """Why the successor can't take this item over as it is; ``resolution`` is what the process does instead."""

    kind: str
    resource_id: UUID
    number: str
    reason: str
    resolution: str


class Workload(ResponseModel):
    items: list[WorkloadItem]
    conflicts: list[WorkloadConflict]
