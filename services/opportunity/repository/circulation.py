"""To whom requests are shown, and what they answered."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.running.ids import new_id
from services.opportunity.circulating import CALLED_OFF, CONSULTABLE, DECIDED, Purpose, Shown
from services.opportunity.record import Approval

MOST_PARTS = 500
"""Shown of one request: the newest."""


async def begin(
    uow: UnitOfWork,
    approval: Approval,
    purpose: Purpose,
    users: Iterable[UUID],
    *,
    since: datetime,
    due_at: datetime | None = None,
) -> list[UUID]:
    """Who is asked from now on; whoever has been asked for this revision already is not asked again."""
    asked = sorted(users)
    if not asked:
        return []
    rows = await uow.all(
        "INSERT INTO approval_circulation (id, approval_id, purpose, user_id, generation, revision, since, due_at)"
        " SELECT id, %(approval)s, %(purpose)s, user_id, %(generation)s, %(revision)s, %(since)s, %(due)s"
        " FROM unnest(%(ids)s::uuid[], %(users)s::uuid[]) AS u (id, user_id) ON CONFLICT DO NOTHING RETURNING user_id",
        {
            "approval": approval.id,
            "purpose": purpose,
            "generation": approval.progress.generation,
            "revision": approval.progress.revision,
            "since": since,
            "due": due_at,
            "ids": [new_id() for _ in asked],
            "users": asked,
        },
    )
    return [row["user_id"] for row in rows]


async def ask_again(uow: UnitOfWork, approval: Approval, user_id: UUID, since: datetime) -> None:
    """A consultation of this revision that was ended, begun anew."""
    await uow.execute(
        "UPDATE approval_circulation SET ended_at = NULL, since = %s WHERE approval_id = %s AND purpose = 'CONSULT'"
        " AND user_id = %s AND generation = %s AND revision = %s",
        [since, approval.id, user_id, approval.progress.generation, approval.progress.revision],
    )


async def end_passed(uow: UnitOfWork, approval: Approval, ever: Shown, at: datetime) -> int:
    """Ends what is not asked any more: of an earlier revision, of whom no stage names now, or called off. How many."""
    progress = approval.progress
    return await uow.execute(
        "UPDATE approval_circulation c SET ended_at = %(at)s WHERE c.approval_id = %(id)s AND c.ended_at IS NULL"
        " AND CASE c.purpose"
        "  WHEN 'CONSULT' THEN NOT %(consultable)s OR c.user_id IN (%(requester)s, %(owner)s)"
        "  WHEN 'REVIEW' THEN c.user_id <> ALL(%(reviewers)s::uuid[])"
        "  ELSE %(called_off)s OR c.user_id <> ALL(%(readers)s::uuid[])"
        "   OR (c.generation, c.revision) <> (%(generation)s, %(revision)s) END",
        {
            "id": approval.id,
            "at": at,
            "consultable": progress.state in CONSULTABLE,
            "called_off": progress.state in CALLED_OFF,
            "requester": progress.requester_id,
            "owner": progress.owner_id,
            "readers": sorted(ever.readers),
            "reviewers": sorted(ever.reviewers),
            "generation": progress.generation,
            "revision": progress.revision,
        },
    )


async def end(uow: UnitOfWork, part_id: UUID, at: datetime) -> None:
    await uow.execute("UPDATE approval_circulation SET ended_at = %s WHERE id = %s AND ended_at IS NULL", [at, part_id])


async def newest(reader: Reader, approval_id: UUID, user_id: UUID, purpose: Purpose) -> Row | None:
    """What the user was asked last, answered or not."""
    return await reader.one(
        "SELECT id, revision, answered_at, ended_at FROM approval_circulation WHERE approval_id = %s AND user_id = %s"
        " AND purpose = %s ORDER BY generation DESC, revision DESC LIMIT 1",
        [approval_id, user_id, purpose],
    )


async def answer(
    uow: UnitOfWork, part_id: UUID, *, at: datetime, history_id: UUID, verdict: str | None, ends: bool
) -> None:
    await uow.execute(
        "UPDATE approval_circulation SET answered_at = %(at)s, history_id = %(entry)s,"
        " verdict = coalesce(%(verdict)s, verdict), ended_at = CASE WHEN %(ends)s THEN %(at)s ELSE ended_at END"
        " WHERE id = %(id)s",
        {"id": part_id, "at": at, "entry": history_id, "verdict": verdict, "ends": ends},
    )


async def of(reader: Reader, approval_id: UUID) -> list[Row]:
    """As the API shows it: newest revision first, within it in the order in which they were asked."""
    return await reader.all(
        'SELECT c.purpose, c.user_id AS "userId", u.name AS "userName", c.generation, c.revision, c.since,'
        ' c.due_at AS "dueAt", c.answered_at AS "answeredAt", c.verdict, c.ended_at AS "endedAt",'
        " p.content ->> 'comment' AS comment FROM approval_circulation c"
        " LEFT JOIN user_copies u ON u.id = c.user_id"
        " LEFT JOIN approval_history_personal p ON p.history_id = c.history_id WHERE c.approval_id = %s"
        " ORDER BY c.generation DESC, c.revision DESC, c.since, c.id LIMIT %s",
        [approval_id, MOST_PARTS],
    )


async def count_consulted(reader: Reader, approval_id: UUID, beside: Iterable[UUID]) -> int:
    """How many others than these have been shown the request before its submission, of all its revisions."""
    count: int = await reader.scalar(
        "SELECT count(DISTINCT user_id) FROM approval_circulation WHERE approval_id = %s AND purpose = 'CONSULT'"
        " AND user_id <> ALL(%s)",
        [approval_id, list(beside)],
    )
    return count


async def counts(reader: Reader, user_id: UUID) -> Row:
    """What the user was asked and has not answered, by purpose."""
    row = await reader.one(
        "SELECT count(*) FILTER (WHERE purpose = 'READ') AS \"toRead\","
        " count(*) FILTER (WHERE purpose = 'REVIEW') AS \"toReview\","
        " count(*) FILTER (WHERE purpose = 'CONSULT') AS consulted"
        " FROM approval_circulation WHERE user_id = %s AND ended_at IS NULL",
        [user_id],
    )
    assert row is not None
    return row


_LEFT_BEHIND = (
    "FROM approval_circulation c JOIN approvals a ON a.id = c.approval_id WHERE c.user_id = %(user)s"
    " AND c.ended_at IS NULL AND (c.purpose = 'CONSULT' OR a.state = ANY(%(decided)s))"
)
"""What is asked of a leaver and goes with no place of an open request: reviews and readings of what was decided, and
opinions on drafts."""


def _leaver(user_id: UUID) -> Row:
    return {"user": user_id, "decided": [state.value for state in DECIDED]}


async def left_behind(reader: Reader, user_id: UUID, limit: int) -> list[UUID]:
    rows = await reader.all(
        f"SELECT c.id {_LEFT_BEHIND} ORDER BY c.id LIMIT %(limit)s", _leaver(user_id) | {"limit": limit}
    )
    return [row["id"] for row in rows]


async def count_left_behind(reader: Reader, user_id: UUID) -> int:
    count: int = await reader.scalar(f"SELECT count(*) {_LEFT_BEHIND}", _leaver(user_id))
    return count


async def lock(uow: UnitOfWork, part_id: UUID) -> Row | None:
    """With its request's row locked before, as every change of a request does."""
    approval_id = await uow.scalar("SELECT approval_id FROM approval_circulation WHERE id = %s", [part_id])
    if approval_id is None:
        return None
    await uow.execute("SELECT 1 FROM approvals WHERE id = %s FOR UPDATE", [approval_id])
    return await uow.one(
        "SELECT c.id, c.approval_id, c.purpose, c.user_id, c.generation, c.revision, c.ended_at, a.state,"
        " a.requester_id, a.owner_id FROM approval_circulation c JOIN approvals a ON a.id = c.approval_id"
        " WHERE c.id = %s",
        [part_id],
    )


async def give(uow: UnitOfWork, part: Row, user_id: UUID) -> bool:
    """The same is asked of somebody else; False for whom it is asked of already, or was."""
    given = await uow.execute(
        "UPDATE approval_circulation c SET user_id = %(to)s, ended_at = NULL WHERE c.id = %(id)s AND NOT EXISTS"
        " (SELECT 1 FROM approval_circulation o WHERE (o.approval_id, o.purpose, o.generation, o.revision)"
        "  = (c.approval_id, c.purpose, c.generation, c.revision) AND o.user_id = %(to)s AND o.id <> c.id)",
        {"id": part["id"], "to": user_id},
    )
    return given > 0
