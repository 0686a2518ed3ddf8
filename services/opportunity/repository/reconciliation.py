"""Rows to compare with workflows."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.contracts.states import OPEN_APPROVAL_STATES, TERMINAL_APPROVAL_STATES, ApprovalState
from services.kit.db.database import Reader, Row


async def open_rows(reader: Reader, after: UUID, settled: datetime, limit: int) -> list[Row]:
    """Requests that need a running workflow, unchanged since ``settled``; a held draft needs none."""
    return await reader.all(
        "SELECT id, generation FROM approvals WHERE id > %s AND state = ANY(%s) AND updated_at < %s"
        " AND state_before IS DISTINCT FROM %s ORDER BY id LIMIT %s",
        [after, [state.value for state in OPEN_APPROVAL_STATES], settled, ApprovalState.DRAFT, limit],
    )


async def ended_rows(reader: Reader, ids: Sequence[str], settled: datetime) -> list[Row]:
    """Of these requests the ones that have ended, or live on in a later generation."""
    return await reader.all(
        "SELECT id, generation, state, event_version FROM approvals WHERE id = ANY(%s::uuid[]) AND updated_at < %s"
        " AND (state = ANY(%s) OR generation > 1)",
        [list(ids), settled, [state.value for state in TERMINAL_APPROVAL_STATES]],
    )
