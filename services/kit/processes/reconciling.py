"""Compares the open processes of a home service with the workflows that Temporal runs; the ledger wins.

A workflow may be lost in many ways: somebody terminated it, it failed or timed out, Temporal lost its data or its
retention passed. Its process is started again under the same id, where its steps are answered with what the lost run
did. Only a workflow that fails again and again is left to a person, who may ask for one more try or for the undo.
"""

import logging
from collections.abc import Callable
from typing import Final
from uuid import UUID

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from services.kit.db.database import Database
from services.kit.db.unit_of_work import Row
from services.kit.processes.ledger import finish_process
from services.kit.processes.restarting import restart
from services.kit.processes.statuses import ProcessStatus
from services.kit.running.context import ActorContext

log = logging.getLogger(__name__)

PAGE: Final = 500
MOST_RESTARTS: Final = 3
"""Of a workflow that fails by itself: a defect, which the next try will find again."""
WORKFLOW_FAILED: Final = "workflow_failed"
WORKFLOW_LOST: Final = "workflow_lost"

_OPEN: Final = (
    "SELECT id, workflow_id, type, status, restarts, start IS NOT NULL AS startable FROM processes AS p"
    " WHERE finished_at IS NULL AND id > %s"
    " AND NOT EXISTS (SELECT FROM intents AS i WHERE i.workflow_id = p.workflow_id AND i.delivered_at IS NULL)"
    " ORDER BY id LIMIT %s"
)
"""Without those that the relay is about to tell Temporal of."""


async def reconcile(db: Database, temporal: Client, heartbeat: Callable[..., None]) -> int:
    """How many processes were started again or shown as in need of attention. ``heartbeat`` is called in between."""
    running: dict[str, set[str]] = {}
    mended, after = 0, UUID(int=0)
    while True:
        async with db.reader() as reader:
            rows = await reader.all(_OPEN, [after, PAGE])
        for row in rows:
            if row["type"] not in running:
                running[row["type"]] = await _running(temporal, row["type"], heartbeat)
            if row["workflow_id"] not in running[row["type"]]:
                mended += await _mend(db, temporal, row)
            heartbeat(mended)
        if len(rows) < PAGE:
            return mended
        after = rows[-1]["id"]


async def _running(temporal: Client, workflow: str, heartbeat: Callable[..., None]) -> set[str]:
    """May be a few seconds behind, so whatever is missing is looked at by itself."""
    found = set()
    query = f"WorkflowType = '{workflow}' AND ExecutionStatus = 'Running'"
    async for execution in temporal.list_workflows(query, page_size=PAGE):
        found.add(execution.id)
        heartbeat(len(found))
    return found


async def workflow_status(temporal: Client, workflow_id: str) -> WorkflowExecutionStatus | None:
    """Of its newest run; None if Temporal does not know it (any more)."""
    try:
        return (await temporal.get_workflow_handle(workflow_id).describe()).status
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


async def _mend(db: Database, temporal: Client, row: Row) -> bool:
    status = await workflow_status(temporal, row["workflow_id"])
    if status in (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW):
        return False
    was = "UNKNOWN" if status is None else status.name
    log.warning("process without a workflow", extra={"workflow_id": row["workflow_id"], "status": was})
    context = ActorContext.system(process_id=row["id"])
    async with db.transaction(context) as uow:
        hopeless = status is WorkflowExecutionStatus.FAILED and row["restarts"] >= MOST_RESTARTS
        if row["startable"] and not hopeless:
            return await restart(uow, row["id"], was=was)
        if row["status"] == ProcessStatus.NEEDS_ATTENTION:
            return False
        detail = WORKFLOW_FAILED if row["startable"] else WORKFLOW_LOST
        await finish_process(uow, process_id=row["id"], status=ProcessStatus.NEEDS_ATTENTION, detail=detail)
    return True
