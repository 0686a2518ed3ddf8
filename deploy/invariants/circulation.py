"""Circulation: receipts are of those who were asked, and nothing is asked of anybody beyond its time."""

from typing import Final

from deploy.invariants.events import REPORTED
from deploy.invariants.model import Violation
from deploy.invariants.system import System

ANSWERS: Final = {"READ": "READ", "POST_REVIEW": "REVIEW", "ADVISE": "CONSULT"}
"""By action in the history, what was asked."""


async def answered_as_asked(system: System) -> list[Violation]:
    """Each reading, review and opinion in a history is of somebody who was asked for it and is not the requester, and
    each answer has its entry."""
    found = []
    for action, purpose in ANSWERS.items():
        unasked = await system.all(
            "opportunity",
            "SELECT h.id, h.actor_id FROM approval_history h JOIN approvals a ON a.id = h.approval_id"
            " WHERE h.action = %s AND (h.actor_id = a.requester_id OR NOT EXISTS (SELECT 1 FROM approval_circulation c"
            "  WHERE c.approval_id = h.approval_id AND c.purpose = %s AND c.user_id = h.actor_id"
            "  AND c.answered_at IS NOT NULL)) LIMIT %s",
            [action, purpose, REPORTED],
        )
        found += [Violation(f"history:{r['id']}", f"{action} by {r['actor_id']}, who was not asked") for r in unasked]
    untold = await system.all(
        "opportunity",
        "SELECT c.id FROM approval_circulation c JOIN approval_history h ON h.id = c.history_id"
        " WHERE h.approval_id <> c.approval_id OR h.actor_id <> c.user_id"
        " OR c.purpose <> CASE h.action WHEN 'READ' THEN 'READ' WHEN 'POST_REVIEW' THEN 'REVIEW' ELSE 'CONSULT' END"
        " LIMIT %s",
        [REPORTED],
    )
    return found + [Violation(f"circulation:{r['id']}", "its entry tells of something else") for r in untold]


async def asked_in_time(system: System) -> list[Violation]:
    """No opinion is asked for on what was submitted or ended, no review of what is undecided, and no reading of what
    was called off, or of a revision that is not the present one."""
    late = await system.all(
        "opportunity",
        "SELECT c.id, c.purpose, a.state FROM approval_circulation c JOIN approvals a ON a.id = c.approval_id"
        " WHERE c.ended_at IS NULL AND CASE c.purpose"
        "  WHEN 'CONSULT' THEN a.state NOT IN ('DRAFT', 'RETURNED', 'ON_HOLD')"
        "  WHEN 'REVIEW' THEN a.state NOT IN ('APPROVED', 'REJECTED')"
        "  ELSE a.state IN ('RECALLED', 'CANCELLED') OR (c.generation, c.revision) <> (a.generation, a.revision) END"
        " LIMIT %s",
        [REPORTED],
    )
    return [Violation(f"circulation:{r['id']}", f"{r['purpose']} is asked of a {r['state']}") for r in late]
