"""The events of ``process.events``: each carries the whole state of its process."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from services.kit.events.envelope import EventPayload
from services.kit.processes.statuses import ProcessStatus, StepStatus

PROCESS_TOPIC: Final = "process.events"


class ProcessStepState(EventPayload):
    """One step inside of a process event; times are UTC, counts are rows or requests."""

    name: str
    status: StepStatus
    done: int | None = None
    total: int | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    detail: str | None = None


class ProcessProgress(EventPayload):
    done: int
    total: int


class ProcessSnapshot(EventPayload):
    """The whole state of a process, so that the newest version is all that a projection needs."""

    topic: ClassVar[str] = PROCESS_TOPIC

    process_id: UUID
    workflow_id: str
    type: str
    resource_id: UUID
    actor_id: UUID | None
    status: ProcessStatus
    detail: str | None = None
    steps: list[ProcessStepState]
    progress: ProcessProgress
    started_at: datetime
    finished_at: datetime | None = None


class ProcessStarted(ProcessSnapshot):
    event_type: ClassVar[str] = "process.started"


class ProcessStepCompleted(ProcessSnapshot):
    event_type: ClassVar[str] = "process.step_completed"


class ProcessCompleted(ProcessSnapshot):
    event_type: ClassVar[str] = "process.completed"


class ProcessCompensated(ProcessSnapshot):
    event_type: ClassVar[str] = "process.compensated"


class ProcessNeedsAttention(ProcessSnapshot):
    event_type: ClassVar[str] = "process.needs_attention"
