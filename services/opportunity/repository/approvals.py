"""The write side of requests: rows in and out of the typed record."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from services.contracts.states import ApprovalState, StepIn
from services.kit.db.database import Reader, Row, UnitOfWork
from services.opportunity.models import APPROVAL_COLUMNS
from services.opportunity.progress import LastApproval
from services.opportunity.record import Approval, approval_from_row, approval_to_row

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Sort key of what waits without a deadline: last in a list by deadline."""

_COLUMNS = ", ".join(APPROVAL_COLUMNS)
_INSERT = f"INSERT INTO approvals ({_COLUMNS}) VALUES ({', '.join(f'%({name})s' for name in APPROVAL_COLUMNS)})"  # noqa: S608
_FIXED = {"id", "number", "requester_id", "event_version", "created_at"}
_UPDATE = (
    "UPDATE approvals SET "  # noqa: S608
    + ", ".join(f"{name} = %({name})s" for name in APPROVAL_COLUMNS if name not in _FIXED)
    + " WHERE id = %(id)s"
)


async def lock(uow: UnitOfWork, approval_id: UUID) -> Approval | None:
    """The request, its row locked until the transaction ends."""
    row = await uow.one(f"SELECT {_COLUMNS} FROM approvals WHERE id = %s FOR UPDATE", [approval_id])  # noqa: S608
    return None if row is None else approval_from_row(row)


async def read(reader: Reader, approval_id: UUID) -> Approval | None:
    row = await reader.one(f"SELECT {_COLUMNS} FROM approvals WHERE id = %s", [approval_id])  # noqa: S608
    return None if row is None else approval_from_row(row)


async def living_successor(reader: Reader, previous_id: UUID) -> Row | None:
    """``id`` and ``number`` of the request that asks again for another one and has not ended, or may come back: a
    restored customer's cancelled requests do."""
    return await reader.one(
        "SELECT id, number FROM approvals WHERE previous_id = %s AND (state IN ('DRAFT', 'PENDING', 'RETURNED',"
        " 'ON_HOLD') OR state = 'CANCELLED' AND cancelled_by IS NOT NULL) ORDER BY created_at LIMIT 1",
        [previous_id],
    )


async def names(reader: Reader, customer_id: UUID, user_ids: Sequence[UUID]) -> bool:
    """Whether a request about the customer names one of the users as an approver; a draft has asked nobody yet."""
    return bool(
        await reader.scalar(
            "SELECT true FROM approval_participants p JOIN approvals a ON a.id = p.approval_id"
            " WHERE p.user_id = ANY(%s) AND p.relation = 'APPROVER' AND a.customer_id = %s AND a.state <> 'DRAFT'"
            " LIMIT 1",
            [list(user_ids), customer_id],
        )
    )


async def next_number(uow: UnitOfWork, year: int) -> str:
    """RNG-2026-000412. From a sequence, so nobody waits for another's commit; a rollback leaves a gap."""
    return f"RNG-{year}-{await uow.scalar('SELECT next_approval_number(%s)', [year]):06d}"


async def insert(uow: UnitOfWork, approval: Approval) -> None:
    await uow.execute(_INSERT, _to_row(approval))


async def update(uow: UnitOfWork, approval: Approval) -> None:
    """Everything but ``event_version``, which changes with the event."""
    await uow.execute(_UPDATE, _to_row(approval))


def _to_row(approval: Approval) -> Row:
    row = approval_to_row(approval)
    wish = None if approval.wish is None else Jsonb(approval.wish)
    last = None if row["last_approval"] is None else Jsonb(row["last_approval"])
    return row | {
        "rates": Jsonb(row["rates"]) if row["rates"] else None,
        "fields": Jsonb(approval.fields),
        "flag_grounds": Jsonb(approval.flag_grounds),
        "stages": Jsonb(row["stages"]),
        "wish": wish,
        "last_approval": last,
        "opinions": Jsonb(row["opinions"]) if row["opinions"] else None,
    }


async def set_waiting(uow: UnitOfWork, approval: Approval, since: datetime) -> None:
    """Makes the inbox rows equal to those whom the request waits for; whoever waits already keeps their place."""
    waiting = list(approval.progress.waiting_for)
    if not waiting:
        await uow.execute("DELETE FROM approval_waiting WHERE approval_id = %s", [approval.id])
        return
    step_in, deadline = approval.progress.current.step_in, approval.deadline_at or NEVER
    await uow.execute(
        "WITH gone AS (DELETE FROM approval_waiting WHERE approval_id = %(id)s AND approver_id <> ALL(%(waiting)s))"
        " INSERT INTO approval_waiting AS w (approver_id, approval_id, since, deadline_at, step_in_from)"
        " SELECT approver_id, %(id)s, %(since)s, %(deadline)s, %(step_in_from)s FROM unnest(%(waiting)s)"
        " AS u (approver_id) ON CONFLICT (approver_id, approval_id) DO UPDATE SET deadline_at = excluded.deadline_at,"
        " step_in_from = CASE WHEN %(always)s THEN w.since ELSE excluded.step_in_from END"
        " WHERE (w.deadline_at, w.step_in_from) IS DISTINCT FROM"
        " (excluded.deadline_at, CASE WHEN %(always)s THEN w.since ELSE excluded.step_in_from END)",
        {
            "id": approval.id,
            "waiting": waiting,
            "since": since,
            "deadline": deadline,
            "step_in_from": {StepIn.ALWAYS: since, StepIn.WHEN_LATE: deadline}.get(step_in),
            "always": step_in is StepIn.ALWAYS,
        },
    )


async def set_participants(uow: UnitOfWork, approval: Approval) -> None:
    """Who has a part in the request: they see it, viewers and reviewers once it was shown to them. Whoever once acted
    in it goes on seeing it, and whose opinion is asked as long as it is."""
    progress = approval.progress
    parts = {("REQUESTER", progress.requester_id), ("OWNER", progress.owner_id)}
    if progress.state is not ApprovalState.DRAFT:
        for stage in progress.stages:
            parts |= {("APPROVER", voter) for voter in stage.voters}
            parts |= {("VIEWER", who) for who in stage.viewer_ids} | {("REVIEWER", who) for who in stage.reviewer_ids}
            if stage.escalate_to is not None:
                parts.add(("ESCALATION", stage.escalate_to))
        parts |= {("ASKED", opinion.asked_id) for opinion in progress.awaited_opinions}
    relations, users = [part[0] for part in parts], [part[1] for part in parts]
    await uow.execute(
        "WITH part AS (SELECT DISTINCT CASE WHEN named.relation IN ('VIEWER', 'REVIEWER') AND NOT EXISTS (SELECT 1 FROM"
        "  approval_circulation c WHERE c.approval_id = %(id)s AND c.user_id = named.user_id"
        "  AND c.purpose = CASE named.relation WHEN 'VIEWER' THEN 'READ' ELSE 'REVIEW' END)"
        "  THEN 'LATER' ELSE named.relation END AS relation, named.user_id"
        "  FROM unnest(%(relations)s::text[], %(users)s::uuid[]) AS named (relation, user_id)),"
        " gone AS (DELETE FROM approval_participants p WHERE p.approval_id = %(id)s"
        "  AND p.relation NOT IN ('DECIDED', 'HANDED_ON', 'ADVISED')"
        "  AND NOT (p.relation = 'CONSULTED' AND EXISTS (SELECT 1 FROM approval_circulation c WHERE"
        "   c.approval_id = %(id)s AND c.user_id = p.user_id AND c.purpose = 'CONSULT' AND c.ended_at IS NULL))"
        "  AND NOT EXISTS (SELECT 1 FROM part WHERE part.user_id = p.user_id AND part.relation = p.relation))"
        " INSERT INTO approval_participants (user_id, approval_id, relation, created_at)"
        " SELECT user_id, %(id)s, relation, %(created_at)s FROM part ON CONFLICT DO NOTHING",
        {"id": approval.id, "relations": relations, "users": users, "created_at": approval.created_at},
    )


async def add_participants(uow: UnitOfWork, approval_id: UUID, users: Sequence[UUID], relation: str) -> None:
    await uow.execute(
        "INSERT INTO approval_participants (user_id, approval_id, relation, created_at)"
        " SELECT u.user_id, a.id, %s, a.created_at FROM approvals a, unnest(%s::uuid[]) AS u (user_id) WHERE a.id = %s"
        " ON CONFLICT DO NOTHING",
        [relation, list(users), approval_id],
    )


async def delete_vote(uow: UnitOfWork, approval_id: UUID, taken: LastApproval) -> None:
    """One that was taken back counts no more; the history keeps that it was given, and taken back."""
    await uow.execute(
        "DELETE FROM approval_votes WHERE approval_id = %s AND generation = %s AND revision = %s AND stage = %s"
        " AND approver_id = %s",
        [approval_id, taken.generation, taken.revision, taken.stage, taken.approver_id],
    )


async def insert_vote(
    uow: UnitOfWork,
    approval: Approval,
    *,
    approver_id: UUID,
    voter_id: UUID,
    decision: str,
    at: datetime,
    stepped_in: bool,
) -> None:
    """``approval`` as it stood when the vote was given; ``approver_id`` is whose vote it is."""
    progress = approval.progress
    await uow.execute(
        "INSERT INTO approval_votes (approval_id, generation, revision, stage, approver_id, voter_id, decision, at,"
        " waiting_since, step_in_from) SELECT %s, %s, %s, %s, vote.approver_id, %s, %s, %s, w.since,"
        " CASE WHEN %s THEN w.step_in_from END FROM (SELECT %s::uuid AS approver_id) AS vote"
        " LEFT JOIN approval_waiting w ON w.approval_id = %s AND w.approver_id = vote.approver_id",
        [
            *(approval.id, progress.generation, progress.revision, progress.stage),
            *(voter_id, decision, at, stepped_in),
            *(approver_id, approval.id),
        ],
    )
