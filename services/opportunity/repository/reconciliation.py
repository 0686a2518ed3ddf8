"""Rows to compare with workflows."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.contracts.states import TERMINAL_APPROVAL_STATES, ApprovalState
from services.kit.db.database import Reader, Row
from services.opportunity.repository import people


async def ended_rows(reader: Reader, ids: Sequence[str], settled: datetime) -> list[Row]:
    """Of these requests the ones that have ended, or live on in a later generation."""
    return await reader.all(
        "SELECT id, generation, state, event_version FROM approvals WHERE id = ANY(%s::uuid[]) AND updated_at < %s"
        " AND (state = ANY(%s) OR generation > 1)",
        [list(ids), settled, [state.value for state in TERMINAL_APPROVAL_STATES]],
    )


async def maybe_short(reader: Reader, after: UUID, limit: int) -> list[UUID]:
    """Pending requests whose stage may have too few people, or had: cheap to ask, so more than really have."""
    rows = await reader.all(
        "SELECT a.id FROM approvals a WHERE a.state = %(pending)s AND a.id > %(after)s AND (a.short_since IS NOT NULL"
        " OR jsonb_array_length(a.stages -> a.stage -> 'vacantIds') > 0"
        " OR EXISTS (SELECT 1 FROM approval_waiting w JOIN user_copies u ON u.id = w.approver_id"
        "  WHERE w.approval_id = a.id AND u.blocked_by_process IS NULL"
        "  AND (u.state = ANY(%(unable)s) OR NOT u.roles && %(deciding)s)))"
        " ORDER BY a.id LIMIT %(limit)s",
        {
            "pending": ApprovalState.PENDING,
            "after": after,
            "unable": [state.value for state in people.UNABLE_STATES],
            "deciding": people.DECIDING_ROLES,
            "limit": limit,
        },
    )
    return [row["id"] for row in rows]


async def asked_in_vain(reader: Reader, after: UUID, limit: int) -> list[UUID]:
    """Requests that await an opinion of somebody who can't give it (any more). Whose questions a process is just
    withdrawing is none of them, nor whom this service does not know yet."""
    rows = await reader.all(
        "SELECT DISTINCT p.approval_id AS id FROM approval_participants p JOIN user_copies u ON u.id = p.user_id"
        " WHERE p.relation = 'ASKED' AND p.approval_id > %(after)s AND u.blocked_by_process IS NULL"
        " AND (u.state = ANY(%(unable)s) OR NOT u.roles && %(advising)s) ORDER BY p.approval_id LIMIT %(limit)s",
        {
            "after": after,
            "unable": [state.value for state in people.UNABLE_STATES],
            "advising": people.ADVISING_ROLES,
            "limit": limit,
        },
    )
    return [row["id"] for row in rows]
