"""History entries, comments and the commands behind them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.contracts.states import ApprovalAction
from services.kit.db.database import Reader, Row, UnitOfWork
from services.opportunity.progress import Opinion

MOVING_ACTIONS = [
    action.value
    for action in (ApprovalAction.APPROVE, ApprovalAction.REJECT, ApprovalAction.RETURN, ApprovalAction.TAKE_BACK)
]


async def append(uow: UnitOfWork, entry: Row, *, salt: bytes, content: dict[str, Any]) -> None:
    """The plain facts into the chain, what is personal into the table beside it."""
    await uow.execute(
        "WITH entry AS (INSERT INTO approval_history (id, approval_id, sequence, at, action, actor_id, on_behalf_of,"
        " role, generation, stage, revision, state, process_id, commitment, previous_hash, hash) VALUES (%(id)s,"
        " %(approval_id)s, %(sequence)s, %(at)s, %(action)s, %(actor_id)s, %(on_behalf_of)s, %(role)s, %(generation)s,"
        " %(stage)s, %(revision)s, %(state)s, %(process_id)s, %(commitment)s, %(previous_hash)s, %(hash)s)"
        " RETURNING id)"
        " INSERT INTO approval_history_personal (history_id, salt, content)"
        " SELECT id, %(salt)s, %(content)s::jsonb FROM entry",
        entry | {"salt": salt, "content": orjson.dumps(content, option=orjson.OPT_UTC_Z).decode()},
    )


_COLUMNS = (
    'h.id, h.sequence, h.at, h.action, h.actor_id AS "actorId", actor.name AS "actorName",'
    ' h.on_behalf_of AS "onBehalfOfId", principal.name AS "onBehalfOfName", h.role, h.generation, h.stage,'
    " h.revision, h.state, h.process_id AS \"processId\", p.content ->> 'comment' AS comment,"
    " p.content ->> 'verdict' AS verdict, named.name AS \"toName\","
    " p.content -> 'acknowledgedFlags' AS \"acknowledgedFlags\","
    ' (p.content #>> \'{opinion,askedId}\')::uuid AS "askedId", asked.name AS "askedName",'
    " (p.content #>> '{opinion,blocks}')::boolean AS blocks,"
    ' p.history_id IS NULL AS erased, h.commitment, h.previous_hash AS "previousHash", h.hash'
)
_ENTRIES = (
    " FROM approval_history h LEFT JOIN approval_history_personal p ON p.history_id = h.id"
    " LEFT JOIN user_copies actor ON actor.id = h.actor_id"
    " LEFT JOIN user_copies principal ON principal.id = h.on_behalf_of"
    " LEFT JOIN user_copies asked ON asked.id = (p.content #>> '{opinion,askedId}')::uuid"
    " LEFT JOIN user_copies named ON named.id = (p.content ->> 'toId')::uuid"
)


async def of(reader: Reader, approval_id: UUID) -> list[Row]:
    """Oldest first, as the API shows it; ``comment`` is null once erased."""
    return await reader.all(
        f"SELECT {_COLUMNS}{_ENTRIES} WHERE h.approval_id = %s ORDER BY h.sequence",
        [approval_id],
    )


async def entry(reader: Reader, approval_id: UUID, entry_id: UUID) -> Row | None:
    """One of them with its ``snapshot``: what the actor saw, as it was committed to."""
    return await reader.one(
        f"SELECT {_COLUMNS}, p.content -> 'snapshot' AS snapshot{_ENTRIES} WHERE h.approval_id = %s AND h.id = %s",
        [approval_id, entry_id],
    )


_LOOK = (
    "SELECT h.id AS entry_id, h.revision, h.at, h.action, actor.name AS actor_name FROM approval_history h"
    " LEFT JOIN user_copies actor ON actor.id = h.actor_id WHERE h.approval_id = %(id)s AND h.action = ANY(%(actions)s)"
)


async def submissions(reader: Reader, approval_id: UUID) -> list[Row]:
    """The entries that keep with what content each revision was submitted, oldest first."""
    actions = [ApprovalAction.SUBMIT.value, ApprovalAction.RESUBMIT.value]
    return await reader.all(f"{_LOOK} ORDER BY h.sequence", {"id": approval_id, "actions": actions})


async def last_decision_of(reader: Reader, approval_id: UUID, user_id: UUID) -> Row | None:
    """The entry that keeps what a person decided on last."""
    actions = [action.value for action in (ApprovalAction.APPROVE, ApprovalAction.REJECT, ApprovalAction.RETURN)]
    return await reader.one(
        f"{_LOOK} AND h.actor_id = %(user)s ORDER BY h.sequence DESC LIMIT 1",
        {"id": approval_id, "actions": actions, "user": user_id},
    )


async def last_decision(reader: Reader, approval_id: UUID) -> Row | None:
    """Who approved, rejected, returned or took an approval back last, with their name as the copies know it."""
    return await reader.one(
        "SELECT h.at, h.action, h.actor_id, h.on_behalf_of, h.stage, h.revision, u.name FROM approval_history h"
        " LEFT JOIN user_copies u ON u.id = h.actor_id"
        " WHERE h.approval_id = %s AND h.action = ANY(%s) ORDER BY h.sequence DESC LIMIT 1",
        [approval_id, MOVING_ACTIONS],
    )


async def last_call(reader: Reader, approval_id: UUID) -> datetime | None:
    """When those whom the request waits for were asked or reminded last: by its owner, by the clock, or by its coming
    to them."""
    at: datetime | None = await reader.scalar(
        "SELECT max(at) FROM approval_history WHERE approval_id = %s AND action = ANY(%s)",
        [approval_id, [ApprovalAction.NUDGE.value, ApprovalAction.REMIND.value]],
    )
    return at


async def count_by(reader: Reader, approval_id: UUID, actor_id: UUID, action: ApprovalAction) -> int:
    count: int = await reader.scalar(
        "SELECT count(*) FROM approval_history WHERE approval_id = %s AND actor_id = %s AND action = %s",
        [approval_id, actor_id, action],
    )
    return count


async def insert_comment(
    uow: UnitOfWork, *, comment_id: UUID, approval_id: UUID, author_id: UUID, body: str, purpose: str, at: datetime
) -> None:
    """One that is there already stays: a command that is sent again brings the same words under the same id."""
    await uow.execute(
        "INSERT INTO approval_comments (id, approval_id, author_id, body, purpose, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING",
        [comment_id, approval_id, author_id, body, purpose, at],
    )


async def take_comment(uow: UnitOfWork, comment_id: UUID, approval_id: UUID, history_id: UUID) -> str | None:
    """The text that came with a command; from now on it belongs to the entry."""
    row = await uow.one(
        "UPDATE approval_comments SET history_id = %s WHERE id = %s AND approval_id = %s RETURNING body",
        [history_id, comment_id, approval_id],
    )
    return None if row is None else str(row["body"])


async def texts(reader: Reader, comment_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """``body`` and ``created_at`` of comments, by id."""
    rows = await reader.all(
        "SELECT id, body, created_at FROM approval_comments WHERE id = ANY(%s)", [list(comment_ids)]
    )
    return {row["id"]: row for row in rows}


async def evidence_of_opinions(reader: Reader, asked: Sequence[Opinion]) -> list[dict[str, Any]]:
    """Questions and answers as entries keep them: what somebody saw who looked at the request."""
    said = await texts(reader, [id_ for one in asked for id_ in (one.question_id, one.answer_id) if id_ is not None])

    def text(comment_id: UUID | None) -> str | None:
        return said[comment_id]["body"] if comment_id in said else None

    return [
        {
            "askedId": str(one.asked_id),
            "askerId": str(one.asker_id),
            "blocks": one.blocks,
            "question": text(one.question_id),
            "answer": text(one.answer_id),
        }
        for one in asked
    ]


_COMMENTS = (
    'SELECT c.id, c.approval_id AS "approvalId", c.author_id AS "authorId", u.name AS "authorName", c.body,'
    ' c.purpose, c.created_at AS "createdAt" FROM approval_comments c LEFT JOIN user_copies u ON u.id = c.author_id'
)


async def comment(reader: Reader, comment_id: UUID) -> Row:
    row = await reader.one(f"{_COMMENTS} WHERE c.id = %s", [comment_id])
    assert row is not None
    return row


async def comments(reader: Reader, approval_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int) -> list[Row]:
    """Oldest first. A comment whose decision lost the race belongs to nothing and is not shown."""
    at, comment_id = after or (None, None)
    return await reader.all(
        f"{_COMMENTS} WHERE c.approval_id = %(id)s AND (c.purpose = 'COMMENT' OR c.history_id IS NOT NULL)"
        " AND (%(at)s::timestamptz IS NULL OR (c.created_at, c.id) > (%(at)s, %(after)s::uuid))"
        " ORDER BY c.created_at, c.id LIMIT %(limit)s",
        {"id": approval_id, "at": at, "after": comment_id, "limit": limit},
    )


async def claim_command(
    uow: UnitOfWork, *, key: str, fingerprint: bytes | None, comment_id: UUID | None, at: datetime
) -> Row:
    """The first sender's fingerprint and comment: a repeat of the same command goes on with those."""
    row = await uow.one(
        "INSERT INTO approval_commands AS c (key, fingerprint, comment_id, created_at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (key) DO UPDATE SET created_at = c.created_at RETURNING fingerprint, comment_id, created_at",
        [key, fingerprint, comment_id, at],
    )
    assert row is not None
    return row


async def delete_stale_commands(uow: UnitOfWork, before: datetime) -> int:
    """Commands and the comments of lost races are of no use once their keys have expired."""
    await uow.execute(
        "DELETE FROM approval_comments WHERE purpose = 'DECISION' AND history_id IS NULL AND created_at < %s", [before]
    )
    return await uow.execute("DELETE FROM approval_commands WHERE created_at < %s", [before])


async def delete_recorded_answers(uow: UnitOfWork, before: datetime, limit: int) -> int:
    """Answers of commands under `once`; a process's own steps are forgotten with the process."""
    return await uow.execute(
        "DELETE FROM step_results WHERE key IN (SELECT key FROM step_results WHERE key LIKE 'approval:%%' AND at < %s"
        " ORDER BY at LIMIT %s)",
        [before, limit],
    )
