"""Processes: one open process for each resource that is in the middle of one, and a workflow that drives it."""

from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import Final

from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from deploy.invariants.events import REPORTED
from deploy.invariants.model import Violation
from deploy.invariants.system import HOME_SERVICES, System
from services.kit.running import clock

CASCADE_DEADLINE: Final = timedelta(hours=1)
"""No cascade takes this long unless something stands still; approvals wait for people and have none."""
COMMAND_DEADLINE: Final = timedelta(minutes=1)
APPROVAL: Final = "approval"
IN_BETWEEN: Final = {
    "customer": ("customers", ("DELETING", "RESTORING")),
    "auth": ("users", ("DEACTIVATING",)),
}


async def correspond_to_rows(system: System) -> list[Violation]:
    """A resource in a state between has exactly one open process, and an open cascade has such a resource."""
    found = []
    for service, (table, states) in IN_BETWEEN.items():
        between = set(
            await system.column(service, f"SELECT id FROM {table} WHERE state = ANY(%s)", [list(states)])  # noqa: S608
        )
        open_ = await system.column(service, "SELECT resource_id FROM processes WHERE finished_at IS NULL")
        found += [
            Violation(f"{service}:{r}", "is in the middle of a process that is not open") for r in between - set(open_)
        ]
        # A restoration of a user has no state of its own in between, so only more than one is wrong there.
        found += [
            Violation(f"{service}:{r}", "has more than one open process") for r in set(open_) if open_.count(r) > 1
        ]
    return found


async def fences_have_a_process(system: System) -> list[Violation]:
    """A fence is held by an open process or by the deletion that ended with its resource gone."""
    known = {}
    for service in HOME_SERVICES:
        for row in await system.all(service, "SELECT id, type, status FROM processes"):
            known[row["id"]] = row
    found = []
    for service in ("customer", "sales_activity", "opportunity"):
        for table in ("user_copies",) if service == "customer" else ("user_copies", "customer_copies"):
            rows = await system.all(
                service,
                f"SELECT id, blocked_by_process FROM {table} WHERE blocked_by_process IS NOT NULL",  # noqa: S608
            )
            for row in rows:
                process = known.get(row["blocked_by_process"])
                if process is None or process["status"] == "COMPENSATED":
                    found.append(Violation(f"{service}.{table}:{row['id']}", f"is blocked by {process or 'nothing'}"))
    return found


async def none_overdue(system: System) -> list[Violation]:
    """No cascade is open beyond its deadline or waits for a person."""
    found = []
    for service in HOME_SERVICES:
        rows = await system.all(
            service,
            "SELECT id, type, status, detail FROM processes WHERE finished_at IS NULL AND type <> %s"
            " AND (started_at < now() - %s OR status = 'NEEDS_ATTENTION') LIMIT %s",
            [APPROVAL, CASCADE_DEADLINE, REPORTED],
        )
        found += [Violation(f"{service}:{r['id']}", f"{r['type']} is {r['status']}: {r['detail']}") for r in rows]
    return found


async def no_command_lingers(system: System) -> list[Violation]:
    """What somebody asked of a request is carried out or refused at once. A command that its workflow could not settle
    by itself is a pending activity, which holds up all that are asked after it."""
    found = []
    rows = await system.all(
        "opportunity",
        "SELECT id, workflow_id FROM processes WHERE finished_at IS NULL AND type = %s ORDER BY started_at",
        [APPROVAL],
    )
    for row in rows:
        for pending in await _pending_activities(system, row["workflow_id"]):
            since = pending.scheduled_time.ToDatetime(tzinfo=UTC)
            if clock.now() - since > COMMAND_DEADLINE:
                command = f"{pending.activity_type.name} since {since:%H:%M:%S}, tried {pending.attempt} times"
                found.append(Violation(f"opportunity:{row['id']}", command))
    return found[:REPORTED]


async def _pending_activities(system: System, workflow_id: str) -> Sequence[PendingActivityInfo]:
    try:
        described = await system.temporal.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return ()
        raise
    return described.raw_description.pending_activities


async def have_their_workflow(system: System) -> list[Violation]:
    """Every open process has a running workflow, or says that it needs attention."""
    found = []
    for service in HOME_SERVICES:
        rows = await system.all(
            service,
            "SELECT id, workflow_id FROM processes WHERE finished_at IS NULL AND status <> 'NEEDS_ATTENTION'"
            " ORDER BY started_at",
        )
        for row in rows:
            status = await workflow_status(system, row["workflow_id"])
            if status is not WorkflowExecutionStatus.RUNNING:
                name = "unknown to Temporal" if status is None else status.name
                found.append(Violation(f"{service}:{row['id']}", f"workflow {row['workflow_id']} is {name}"))
    return found


async def workflow_status(system: System, workflow_id: str) -> WorkflowExecutionStatus | None:
    try:
        return (await system.temporal.get_workflow_handle(workflow_id).describe()).status
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
