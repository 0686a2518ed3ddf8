"""The ledger of a process: what the process page and `GET /sagas/{id}` show.

These run on the queue of the process's home service, as local activities, and write its own ledger tables.
"""

from uuid import UUID

from temporalio import activity

from services.contracts.steps import Acknowledged, SweepResult
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


class ProcessReference(CamelModel):
    process_id: UUID


class KnownStep(CamelModel):
    status: StepStatus
    detail: str | None = None


class KnownProcess(CamelModel):
    """What earlier runs of the workflow left in the ledger; it says which way a new run goes."""

    status: ProcessStatus
    detail: str | None = None
    decided: bool
    """The pivot has committed: nothing is undone any more."""
    turned_back_for: str | None = None
    """Why what was done is being undone; None while the process goes forward."""
    steps: dict[str, KnownStep]


class Turning(CamelModel):
    process_id: UUID
    reason: str


class Turned(CamelModel):
    """`decided`: too late, the pivot has committed."""

    decided: bool


@activity.defn(name="ledger.reconcile_processes")
async def reconcile_processes() -> SweepResult:
    """Start open processes again whose workflow is lost; `found` counts what was mended."""
    raise NotImplementedError


class EndedProcesses(CamelModel):
    process_ids: list[UUID]


@activity.defn(name="ledger.ended_long_ago")
async def ended_long_ago() -> EndedProcesses:
    """Some processes whose steps' answers nobody can need any more."""
    raise NotImplementedError


@activity.defn(name="ledger.steps_forgotten")
async def steps_forgotten(processes: EndedProcesses) -> Acknowledged:
    """Every service has deleted the answers of their steps."""
    raise NotImplementedError


@activity.defn(name="steps.forget")
async def forget_steps(processes: EndedProcesses) -> Acknowledged:
    """Delete what their steps have recorded in the database of the service on whose queue this runs."""
    raise NotImplementedError


@activity.defn(name="ledger.load_process")
async def load_process(process: ProcessReference) -> KnownProcess:
    """Where the process stands, whichever run of its workflow brought it there."""
    raise NotImplementedError


@activity.defn(name="ledger.turn_back")
async def turn_back(turning: Turning) -> Turned:
    """Note that the process is being undone from now on, unless its pivot has committed."""
    raise NotImplementedError


@activity.defn(name="ledger.record_step")
async def record_step(record: StepRecord) -> Acknowledged:
    """Note the state of one step; the latest record of a step wins."""
    raise NotImplementedError


@activity.defn(name="ledger.record_status")
async def record_status(record: ProcessRecord) -> Acknowledged:
    """Note the state of the whole process and publish it; a terminal state is written once."""
    raise NotImplementedError
