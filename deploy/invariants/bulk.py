"""Bulk decisions: what an item says is what happened to its request."""

from typing import Final

from deploy.invariants.events import REPORTED
from deploy.invariants.model import Violation
from deploy.invariants.system import System

_FORGOTTEN: Final = (
    "SELECT i.batch_id, i.position FROM bulk_decision_items i JOIN bulk_decisions b ON b.id = i.batch_id"
    " JOIN processes p ON p.id = b.process_id WHERE i.status = 'WAITING' AND p.finished_at IS NOT NULL LIMIT %s"
)
_DECIDED: Final = (
    "SELECT i.batch_id, i.position, count(h.id) AS entries FROM bulk_decision_items i"
    " JOIN bulk_decisions b ON b.id = i.batch_id"
    " LEFT JOIN (processes p JOIN approval_history h ON h.process_id = p.id) ON p.resource_id = b.id"
    " AND h.approval_id = i.approval_id AND h.actor_id = b.actor_id AND h.action = b.decision"
    " GROUP BY i.batch_id, i.position, i.status HAVING count(h.id) <> (i.status = 'DECIDED')::integer LIMIT %s"
)


async def items_tell_the_truth(system: System) -> list[Violation]:
    """An item that says so was decided once by its batch, no other was, and none waits in a batch that has finished."""
    forgotten = await system.all("opportunity", _FORGOTTEN, [REPORTED])
    untrue = await system.all("opportunity", _DECIDED, [REPORTED])
    return [
        Violation(f"bulk:{row['batch_id']}:{row['position']}", "waits though its batch has finished")
        for row in forgotten
    ] + [
        Violation(f"bulk:{row['batch_id']}:{row['position']}", f"was decided {row['entries']} times by its batch")
        for row in untrue
    ]
