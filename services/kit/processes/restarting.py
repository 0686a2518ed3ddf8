"""Starting a process again whose workflow was lost: terminated, failed, timed out, or forgotten by Temporal."""

from uuid import UUID

from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.audit import record_audit
from services.kit.processes import intents
from services.kit.processes.statuses import TERMINAL_PROCESS_STATUSES


async def restart(uow: UnitOfWork, process_id: UUID, *, was: str) -> bool:
    """One more run under the same workflow id; its steps are answered with what the lost run did.

    ``was``: how the workflow was found, for the audit log. False if the process has ended meanwhile.
    """
    process = await uow.one("SELECT workflow_id, status, start FROM processes WHERE id = %s FOR UPDATE", [process_id])
    if process is None or process["status"] in TERMINAL_PROCESS_STATUSES or process["start"] is None:
        return False
    await intents.start_again(uow, process["workflow_id"], process["start"])
    await uow.execute("UPDATE processes SET restarts = restarts + 1 WHERE id = %s", [process_id])
    await record_audit(
        uow,
        action="process.restart",
        resource_type="process",
        resource_id=process_id,
        detail={"workflowId": process["workflow_id"], "was": was},
    )
    return True
