"""Starting a process again whose workflow was lost: terminated, failed, timed out, or forgotten by Temporal."""

from uuid import UUID

from services.kit.db.unit_of_work import Reader, UnitOfWork
from services.kit.events.audit import record_audit
from services.kit.processes import intents
from services.kit.processes.statuses import TERMINAL_PROCESS_STATUSES


async def awaits_its_start(reader: Reader, process_id: UUID) -> bool:
    """Whether the relay has yet to tell Temporal to start (or start again) the process's workflow."""
    return bool(
        await reader.scalar(
            "SELECT EXISTS (SELECT FROM intents AS i JOIN processes AS p ON p.workflow_id = i.workflow_id"
            " WHERE p.id = %s AND i.kind = 'start' AND i.delivered_at IS NULL)",
            [process_id],
        )
    )


async def restart(uow: UnitOfWork, process_id: UUID, *, was: str, asked: bool = False) -> bool:
    """One more run under the same workflow id; its steps are answered with what the lost run did.

    ``was``: how the workflow was found, for the audit log. ``asked``: by a person, so that what fails again and again
    is tried again and again. False if the process has ended meanwhile, or nothing is known of its start.
    """
    process = await uow.one("SELECT workflow_id, status, start FROM processes WHERE id = %s FOR UPDATE", [process_id])
    if process is None or process["status"] in TERMINAL_PROCESS_STATUSES or process["start"] is None:
        return False
    await intents.start_again(uow, process["workflow_id"], process["start"])
    await uow.execute(
        "UPDATE processes SET restarts = CASE WHEN %s THEN 0 ELSE restarts + 1 END WHERE id = %s", [asked, process_id]
    )
    await record_audit(
        uow,
        action="process.restart",
        resource_type="process",
        resource_id=process_id,
        detail={"workflowId": process["workflow_id"], "was": was},
    )
    return True
