"""Steps and progress of a process as the API shows them, for its home service and for the list of all processes.

Apart from the router, which loads Temporal's client: who only lists processes does without it.
"""

from datetime import datetime

from services.kit.models import ResponseModel
from services.kit.processes.statuses import StepStatus


class SagaStep(ResponseModel):
    name: str
    status: StepStatus
    done: int | None
    total: int | None
    started_at: datetime | None
    finished_at: datetime | None
    detail: str | None


class SagaProgress(ResponseModel):
    done: int
    total: int
