"""Retention: what was deleted is gone, and went neither before its time nor while it was held."""

from typing import Final

from deploy.invariants.events import REPORTED
from deploy.invariants.model import Violation
from deploy.invariants.system import System
from services.kit.errors import Unavailable

_EARLY: Final = (
    "SELECT f.id FROM approval_attachments f JOIN approvals a ON a.id = f.approval_id WHERE f.purge_rule = 'RETENTION'"
    " AND (a.decided_at <= f.purge_begun_at - make_interval(years => f.purge_term)) IS NOT TRUE LIMIT %s"
)
_HELD: Final = (
    "SELECT DISTINCT f.id FROM approval_attachments f JOIN legal_holds l ON l.approval_id = f.approval_id"
    " AND f.purge_begun_at > l.set_at AND (l.released_at IS NULL OR f.purge_begun_at < l.released_at) LIMIT %s"
)
_UNTOLD: Final = (
    "SELECT f.id FROM approval_attachments f WHERE f.purged_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM audit_entries"
    " e WHERE e.action = 'approval.purge_files' AND e.resource_id = f.approval_id"
    " AND e.detail -> 'files' @> jsonb_build_array(jsonb_build_object('id', f.id::text, 'sha256', f.sha256))) LIMIT %s"
)
_UNFINISHED: Final = (
    "SELECT f.id FROM approval_attachments f WHERE f.purged_at IS NULL"
    " AND f.purge_begun_at < now() - interval '3 days' LIMIT %s"
)
"""A run a day goes on with what an earlier one left."""
_FAULTS: Final = (
    (_EARLY, "was deleted before its retention had passed"),
    (_HELD, "was deleted though its request was held"),
    (_UNTOLD, "was deleted, which no audit entry tells"),
    (_UNFINISHED, "is to be deleted for days, and its row does not say that it was"),
)


async def deleted_by_rule(system: System) -> list[Violation]:
    """Each deleted file is asked for once at the storage."""
    found = [
        Violation(f"attachment:{row['id']}", fault)
        for statement, fault in _FAULTS
        for row in await system.all("opportunity", statement, [REPORTED])
    ]
    if system.attachments is None:
        return found
    for row in await system.all(
        "opportunity", "SELECT id FROM approval_attachments WHERE purged_at IS NOT NULL ORDER BY id"
    ):
        if len(found) >= REPORTED:
            break
        try:
            if await system.attachments.exists(str(row["id"])):
                found.append(Violation(f"attachment:{row['id']}", "was deleted, and its file is still there"))
        except Unavailable as error:
            found.append(Violation(f"attachment:{row['id']}", f"whether its file is gone can't be told: {error}"))
    return found
