"""The steps' diary: what the process page and `GET /sagas/{id}` show.

These run on the queue of the process's home service, as local activities, and write its own ledger tables.
"""

from uuid import UUID

from temporalio import activity

from services.contracts.steps import Acknowledged
from services.kit.models import CamelModel
from services.kit.processes.statuses import ProcessStatus, StepStatus


class StepRecord(CamelModel):
    process_id: UUID
    step: str
    status: StepStatus
    done: int | None = None
    total: int | None = None
    detail: str | None = None
    attempt: int = 1


class ProcessRecord(CamelModel):
    process_id: UUID
    status: ProcessStatus
    detail: str | None = None


@activity.defn(name="ledger.record_step")
async def record_step(record: StepRecord) -> Acknowledged:
    """Note the state of one step; the latest record of a step wins."""
    raise NotImplementedError


@activity.defn(name="ledger.record_status")
async def record_status(record: ProcessRecord) -> Acknowledged:
    """Note the state of the whole process and publish it; a terminal state is written once."""
    raise NotImplementedError
