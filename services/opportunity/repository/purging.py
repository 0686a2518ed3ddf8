"""Files whose time has passed: which those are, and what becomes of their rows. The runs that delete them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.contracts.states import TERMINAL_APPROVAL_STATES, ApprovalState, PurgeRule
from services.kit.db.database import Reader, Row, UnitOfWork
from services.opportunity.repository.attachments import HAS_FILE
from services.opportunity.repository.legal_holds import HELD

_ENDED = sorted(state.value for state in TERMINAL_APPROVAL_STATES)
_PASSED = (
    "CASE WHEN a.state = ANY(%(ended)s) THEN a.decided_at <= %(now)s::timestamptz - make_interval(years => %(years)s)"
    " WHEN a.state = %(draft)s THEN a.updated_at <= %(now)s::timestamptz - make_interval(days => %(days)s)"
    " ELSE false END"
)
"""Condition on ``approvals a``: whether the time of its files has passed."""
_TO_PURGE = f"{HAS_FILE} AND f.purge_begun_at IS NULL"
"""Condition on ``approval_attachments f``."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long files are kept: years after the end of a request, days after the last change of a draft."""

    years: int
    days: int

    def of(self, rule: PurgeRule) -> int:
        return self.years if rule is PurgeRule.RETENTION else self.days


def _params(terms: Terms, now: datetime) -> dict[str, object]:
    return {
        "ended": _ENDED,
        "draft": ApprovalState.DRAFT.value,
        "now": now,
        "years": terms.years,
        "days": terms.days,
    }


async def due(reader: Reader, terms: Terms, now: datetime, *, after: UUID | None, limit: int) -> list[UUID]:
    """Requests that have files to purge, in the order of their ids."""
    rows = await reader.all(
        f"SELECT a.id FROM approvals a WHERE (%(after)s::uuid IS NULL OR a.id > %(after)s) AND {_PASSED}"  # noqa: S608
        f" AND NOT {HELD} AND EXISTS (SELECT 1 FROM approval_attachments f WHERE f.approval_id = a.id AND {_TO_PURGE})"
        " ORDER BY a.id LIMIT %(limit)s",
        _params(terms, now) | {"after": after, "limit": limit},
    )
    return [row["id"] for row in rows]


async def count_due(reader: Reader, terms: Terms, now: datetime) -> Row:
    """``requests``, ``files`` and ``bytes`` that a run would delete now; ``held_files`` that it would if nothing were
    held."""
    row = await reader.one(
        "SELECT count(DISTINCT a.id) FILTER (WHERE NOT held) AS requests,"  # noqa: S608
        " count(*) FILTER (WHERE NOT held) AS files, coalesce(sum(f.size) FILTER (WHERE NOT held), 0)::bigint AS bytes,"
        ' count(*) FILTER (WHERE held) AS "heldFiles" FROM approvals a'
        f" JOIN approval_attachments f ON f.approval_id = a.id CROSS JOIN LATERAL (SELECT {HELD} AS held) h"
        f" WHERE {_PASSED} AND {_TO_PURGE}",
        _params(terms, now),
    )
    assert row is not None
    return row


async def has_passed(reader: Reader, approval_id: UUID, terms: Terms, now: datetime) -> bool:
    """Of one request, which this transaction has locked."""
    found: bool = await reader.scalar(
        f"SELECT {_PASSED} FROM approvals a WHERE a.id = %(id)s",  # noqa: S608
        _params(terms, now) | {"id": approval_id},
    )
    return found


async def begin(uow: UnitOfWork, approval_id: UUID, rule: PurgeRule, term: int, at: datetime) -> list[Row]:
    """From now on nobody is given the request's files. ``id``, ``size`` and ``sha256`` of them."""
    return await uow.all(
        "UPDATE approval_attachments AS f SET purge_rule = %(rule)s, purge_term = %(term)s, purge_begun_at = %(at)s,"  # noqa: S608
        f" scan_after = NULL WHERE f.approval_id = %(id)s AND {_TO_PURGE} RETURNING f.id, f.size, f.sha256",
        {"rule": rule, "term": term, "at": at, "id": approval_id},
    )


async def begun(reader: Reader, approval_id: UUID) -> list[Row]:
    """Files that are to be deleted and may not be yet."""
    return await reader.all(
        "SELECT id, size, sha256, purge_rule, purge_term FROM approval_attachments WHERE approval_id = %s"
        " AND purge_begun_at IS NOT NULL AND purged_at IS NULL ORDER BY id",
        [approval_id],
    )


async def unfinished(reader: Reader) -> list[UUID]:
    """Requests in whose purge something died."""
    rows = await reader.all(
        "SELECT DISTINCT approval_id FROM approval_attachments WHERE purge_begun_at IS NOT NULL AND purged_at IS NULL"
    )
    return [row["approval_id"] for row in rows]


async def call_off(uow: UnitOfWork, ids: Sequence[UUID], now: datetime) -> None:
    """They are as they were; what waited for the scanner waits for it again."""
    await uow.execute(
        "UPDATE approval_attachments SET purge_rule = NULL, purge_term = NULL, purge_begun_at = NULL,"
        " scan_after = CASE WHEN state = 'QUARANTINED' THEN %s::timestamptz END"
        " WHERE id = ANY(%s) AND purged_at IS NULL",
        [now, list(ids)],
    )


async def purged(uow: UnitOfWork, attachment_id: UUID, at: datetime) -> None:
    await uow.execute("UPDATE approval_attachments SET purged_at = %s WHERE id = %s", [at, attachment_id])


async def open_run(uow: UnitOfWork, run_id: UUID, at: datetime) -> Row:
    """The run, begun now if it was not before; ``after_id`` is where it goes on."""
    row = await uow.one(
        "INSERT INTO purge_runs AS r (id, started_at) VALUES (%s, %s) ON CONFLICT (id) DO UPDATE"
        " SET started_at = r.started_at RETURNING after_id, finished_at",
        [run_id, at],
    )
    assert row is not None
    return row


async def count_purged(uow: UnitOfWork, run_id: UUID, *, files: int, size: int) -> None:
    """One request more."""
    await uow.execute(
        "UPDATE purge_runs SET requests = requests + 1, files = files + %s, bytes = bytes + %s WHERE id = %s",
        [files, size, run_id],
    )


async def go_on_after(uow: UnitOfWork, run_id: UUID, after: UUID) -> None:
    await uow.execute("UPDATE purge_runs SET after_id = %s WHERE id = %s", [after, run_id])


async def finish_run(uow: UnitOfWork, run_id: UUID, at: datetime) -> None:
    await uow.execute("UPDATE purge_runs SET finished_at = coalesce(finished_at, %s) WHERE id = %s", [at, run_id])


async def last_run(reader: Reader) -> Row | None:
    return await reader.one(
        'SELECT started_at AS "startedAt", finished_at AS "finishedAt", requests, files, bytes FROM purge_runs'
        " ORDER BY started_at DESC LIMIT 1"
    )
