"""Requests as they were when they were submitted, for simulations."""

from datetime import datetime
from typing import Final

from services.contracts.states import ApprovalAction
from services.kit.db.database import Reader, Row
from services.opportunity import amounts

_CUSTOMER: Final = (
    "jsonb_build_object('kind', c.kind, 'birth_date', c.birth_date, 'risk_tolerance', c.risk_tolerance,"
    " 'profile_complete', coalesce(c.profile_complete, false), 'profile_reviewed_at', c.profile_reviewed_at)"
)


async def submitted(reader: Reader, since: datetime, until: datetime, limit: int) -> list[Row]:
    """The newest first. ``kind``, ``amount``, ``currency`` and ``customer`` are those of the last submission; where
    that evidence was erased, those of now, and ``known_now`` says so. ``rates`` are those that it kept. ``named``: its
    author named the approvers."""
    return await reader.all(
        "SELECT a.id, a.number, a.requester_id, a.submitted_at, a.rates, a.wish IS NOT NULL AS named,"  # noqa: S608
        " u.name AS requester_name, s.seen IS NULL AS known_now, coalesce(s.seen ->> 'kind', a.kind) AS kind,"
        f" CASE WHEN s.seen IS NULL THEN {amounts.exact('a')} ELSE (s.seen ->> 'amount')::numeric END AS amount,"
        " coalesce(s.seen ->> 'currency', a.currency) AS currency,"
        " CASE WHEN s.seen IS NOT NULL THEN nullif(s.seen -> 'customer', 'null')"
        f" WHEN c.id IS NOT NULL THEN {_CUSTOMER} END AS customer"
        " FROM (SELECT * FROM approvals WHERE submitted_at >= %(since)s AND submitted_at < %(until)s"
        "  ORDER BY submitted_at DESC, id DESC LIMIT %(limit)s) a"
        " LEFT JOIN user_copies u ON u.id = a.requester_id LEFT JOIN customer_copies c ON c.id = a.customer_id"
        " LEFT JOIN LATERAL (SELECT p.content -> 'snapshot' AS seen FROM approval_history h"
        "  LEFT JOIN approval_history_personal p ON p.history_id = h.id WHERE h.approval_id = a.id"
        "  AND h.action = %(submit)s ORDER BY h.sequence DESC LIMIT 1) s ON true"
        " ORDER BY a.submitted_at DESC, a.id DESC",
        {"since": since, "until": until, "limit": limit, "submit": ApprovalAction.SUBMIT.value},
    )
