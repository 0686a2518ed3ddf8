"""Attachments: what was decided on is what the row says, and what the row says is what the file holds."""

from typing import Final

from deploy.invariants.events import REPORTED
from deploy.invariants.model import Violation
from deploy.invariants.system import Row, System
from services.kit.errors import Unavailable
from services.kit.files.storage import FileMissing, digest_of

_KEPT: Final = (
    "SELECT id, size, sha256 FROM approval_attachments WHERE state <> 'INFECTED' AND purge_begun_at IS NULL"
    " AND (removed_revision IS NULL OR removed_revision > revision) ORDER BY id"
)
_DECIDED_ON: Final = (
    "SELECT h.id AS entry, seen ->> 'id' AS id, seen ->> 'sha256' AS seen, f.sha256 FROM approval_history h"
    " JOIN approval_history_personal p ON p.history_id = h.id"
    " CROSS JOIN LATERAL jsonb_array_elements(coalesce(p.content #> '{snapshot,attachments}', '[]')) AS seen"
    " LEFT JOIN approval_attachments f ON f.id = (seen ->> 'id')::uuid AND f.approval_id = h.approval_id"
    " WHERE f.sha256 IS DISTINCT FROM seen ->> 'sha256' LIMIT %s"
)


async def files_match(system: System) -> list[Violation]:
    """Every kept file is read once: as long as reading all of them takes. Those that retention deleted: `retention`."""
    found = [
        Violation(f"history:{row['entry']}:{row['id']}", f"decided on {row['seen']}, the row says {row['sha256']}")
        for row in await system.all("opportunity", _DECIDED_ON, [REPORTED])
    ]
    for row in await system.all("opportunity", _KEPT):
        fault = await _fault(system, row)
        if fault is not None:
            found.append(Violation(f"attachment:{row['id']}", fault))
        if len(found) >= REPORTED:
            break
    return found


async def _fault(system: System, row: Row) -> str | None:
    if system.attachments is None:
        return "no place for attachments is configured, so its file can't be compared"
    try:
        stored = await digest_of(system.attachments, str(row["id"]))
    except FileMissing:
        return "its file is missing"
    except Unavailable as error:
        return f"its file can't be read: {error}"
    if (stored.size, stored.sha256) == (row["size"], row["sha256"]):
        return None
    return f"its file has {stored.size} bytes and hash {stored.sha256}, its row {row['size']} and {row['sha256']}"
