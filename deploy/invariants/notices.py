"""Notices: nobody is still asked for what is over, by what the services themselves say of it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from deploy.invariants.events import REPORTED
from deploy.invariants.model import Violation
from deploy.invariants.system import Row, System

Over = Callable[[Row, Row], bool]
"""Whether a notice is about what its record (the second) no longer asks for."""

_UNREAD: Final = (
    "SELECT id, recipient_id, type, resource_id, params ->> 'dueDate' AS due_date FROM notifications"
    " WHERE resource_type = %s AND read_at IS NULL AND deleted_at IS NULL"
    " AND coalesce((params ->> 'count')::int, 1) = 1"
)
_ON_THE_WAY: Final = ("PENDING", "ON_HOLD")


def _request_over(notice: Row, request: Row) -> bool:
    state = request["state"]
    if notice["type"] in ("APPROVAL_WAITING", "APPROVAL_DUE"):
        return state not in _ON_THE_WAY or (state == "PENDING" and notice["recipient_id"] not in request["waiting"])
    if notice["type"] == "OPINION_ASKED":
        return notice["recipient_id"] not in request["asked"]
    if notice["type"] in ("OPINION_GIVEN", "OPINION_ENDED", "APPROVAL_REASSIGNED"):
        return state not in _ON_THE_WAY
    if notice["type"] in ("APPROVAL_CONSULTED", "APPROVAL_ADVISED"):
        return state not in ("DRAFT", "RETURNED", "ON_HOLD")
    if notice["type"] == "APPROVAL_TO_READ":
        return state in ("RECALLED", "CANCELLED")
    return notice["type"] == "APPROVAL_RETURNED" and state not in ("RETURNED", "ON_HOLD")


def _task_over(notice: Row, task: Row) -> bool:
    if task["deleted_at"] is not None or task["state"] not in ("OPEN", "IN_PROGRESS"):
        return True
    moved = notice["due_date"] is not None and task["due_date"] != datetime.fromisoformat(notice["due_date"])
    return moved or bool(task["user_id"] != notice["recipient_id"])


def _customer_over(notice: Row, customer: Row) -> bool:
    gone = customer["state"] in ("DELETED", "PURGING", "PURGED")
    return gone or bool(customer["assigned_sales_id"] != notice["recipient_id"])


def _process_over(notice: Row, process: Row) -> bool:
    return notice["type"] == "PROCESS_NEEDS_ATTENTION" and process["finished_at"] is not None


SOURCES: Final[Sequence[tuple[str, str, str, Over]]] = (
    (
        "approval",
        "opportunity",
        "SELECT a.id, a.state,"
        " ARRAY(SELECT w.approver_id FROM approval_waiting w WHERE w.approval_id = a.id) AS waiting,"
        " ARRAY(SELECT p.user_id FROM approval_participants p WHERE p.approval_id = a.id"
        " AND p.relation = 'ASKED') AS asked"
        " FROM approvals a WHERE a.id = ANY(%s)",
        _request_over,
    ),
    (
        "task",
        "sales_activity",
        "SELECT id, state, user_id, due_date, deleted_at FROM tasks WHERE id = ANY(%s)",
        _task_over,
    ),
    ("customer", "customer", "SELECT id, state, assigned_sales_id FROM customers WHERE id = ANY(%s)", _customer_over),
    (
        "saga",
        "analytics",
        "SELECT process_id AS id, finished_at FROM read_model.process_views WHERE process_id = ANY(%s)",
        _process_over,
    ),
)


async def none_of_what_is_over(system: System) -> list[Violation]:
    """No unread notice asks for what was decided, finished, deleted or handed on."""
    found = []
    for resource, service, statement, over in SOURCES:
        unread = await system.all("analytics", _UNREAD, [resource])
        records = await system.all(service, statement, [[notice["resource_id"] for notice in unread]])
        by_id = {record["id"]: record for record in records}
        late = [notice for notice in unread if (record := by_id.get(notice["resource_id"])) and over(notice, record)]
        found += [
            Violation(f"notification:{notice['id']}", f"{notice['type']} of a {resource} that is over")
            for notice in late[:REPORTED]
        ]
    return found
