"""Rows of attachments. What they hold is in the file storage, under their ids."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contracts.states import AttachmentState, PurgeRule
from services.kit.db.database import Reader, Row, UnitOfWork

_SUBMITTED = "(f.removed_revision IS NULL OR f.removed_revision > f.revision)"
"""Condition on ``approval_attachments f``. One that was removed from the very revision that it was added to was never
submitted; nobody has to be shown it."""
HAS_FILE = f"(f.state <> 'INFECTED' AND f.purged_at IS NULL AND {_SUBMITTED})"
"""Condition on ``approval_attachments f``: whether its file is kept."""
BELONGS = f"f.removed_at IS NULL AND f.purge_rule IS DISTINCT FROM '{PurgeRule.ABANDONED_DRAFT.value}'"
"""Condition on ``approval_attachments f``: whether it is part of what is asked for now. What was deleted of a draft
that lay about is not: nobody can decide on it any more."""

_SHOWN = (
    'SELECT f.id, f.approval_id AS "approvalId", f.revision, f.name, f.media_type AS "mediaType", f.size, f.sha256,'
    ' f.state, f.found, f.uploaded_by AS "uploadedBy", u.name AS "uploadedByName", f.uploaded_at AS "uploadedAt",'
    ' f.removed_at AS "removedAt", f.removed_revision AS "removedRevision", f.purge_rule AS "purgeRule",'
    ' f.purge_term AS "purgeTerm", f.purge_begun_at AS "purgedAt"'
    " FROM approval_attachments f LEFT JOIN user_copies u ON u.id = f.uploaded_by"
)


async def insert(uow: UnitOfWork, row: Row) -> None:
    await uow.execute(
        "INSERT INTO approval_attachments (id, approval_id, revision, name, media_type, size, sha256, state,"
        " uploaded_by, uploaded_at, scan_after) VALUES (%(id)s, %(approval_id)s, %(revision)s, %(name)s,"
        " %(media_type)s, %(size)s, %(sha256)s, %(state)s, %(uploaded_by)s, %(uploaded_at)s, %(scan_after)s)",
        row,
    )


async def of(reader: Reader, approval_id: UUID) -> list[Row]:
    """Oldest first: what belongs to the request now, and what earlier revisions were submitted with."""
    return await reader.all(
        f"{_SHOWN} WHERE f.approval_id = %s AND {_SUBMITTED} ORDER BY f.uploaded_at, f.id", [approval_id]
    )


async def one(reader: Reader, approval_id: UUID, attachment_id: UUID) -> Row | None:
    return await reader.one(
        f"{_SHOWN} WHERE f.approval_id = %s AND f.id = %s AND {_SUBMITTED}", [approval_id, attachment_id]
    )


async def count(reader: Reader, approval_id: UUID) -> int:
    """Of those that belong to the request now."""
    found: int = await reader.scalar(
        f"SELECT count(*) FROM approval_attachments f WHERE f.approval_id = %s AND {BELONGS}",  # noqa: S608
        [approval_id],
    )
    return found


async def evidence(reader: Reader, approval_id: UUID) -> list[dict[str, Any]]:
    """What belongs to the request now, as a decision keeps it."""
    rows = await reader.all(
        "SELECT f.id, f.name, f.media_type, f.size, f.sha256 FROM approval_attachments f"  # noqa: S608
        f" WHERE f.approval_id = %s AND {BELONGS} ORDER BY f.uploaded_at, f.id",
        [approval_id],
    )
    return [
        {
            "id": str(row["id"]),
            "name": row["name"],
            "mediaType": row["media_type"],
            "size": row["size"],
            "sha256": row["sha256"],
        }
        for row in rows
    ]


async def not_clean(reader: Reader, approval_id: UUID) -> list[Row]:
    """``name`` and ``state`` of those that hold a submission up."""
    return await reader.all(
        f"SELECT f.name, f.state FROM approval_attachments f WHERE f.approval_id = %s AND {BELONGS}"  # noqa: S608
        " AND f.state <> 'CLEAN' ORDER BY f.uploaded_at, f.id",
        [approval_id],
    )


async def remove(uow: UnitOfWork, attachment_id: UUID, *, by: UUID, at: datetime, revision: int) -> None:
    await uow.execute(
        "UPDATE approval_attachments SET removed_by = %s, removed_at = %s, removed_revision = %s, scan_after = NULL"
        " WHERE id = %s",
        [by, at, revision, attachment_id],
    )


async def claim_to_scan(uow: UnitOfWork, now: datetime, until: datetime) -> Row | None:
    """The one that has waited longest, and nobody else's until ``until``: whoever dies over it has lost it then."""
    return await uow.one(
        "UPDATE approval_attachments SET scan_after = %(until)s, scans = scans + 1 WHERE id = ("  # noqa: S608
        "SELECT f.id FROM approval_attachments f WHERE f.state = 'QUARANTINED' AND f.scan_after <= %(now)s"
        f" AND {HAS_FILE} ORDER BY f.scan_after LIMIT 1 FOR UPDATE SKIP LOCKED)"
        " RETURNING id, approval_id, name, scans",
        {"now": now, "until": until},
    )


async def scan_again(uow: UnitOfWork, attachment_id: UUID, after: datetime) -> None:
    await uow.execute(
        "UPDATE approval_attachments SET scan_after = %s WHERE id = %s AND state = 'QUARANTINED'",
        [after, attachment_id],
    )


async def judge(uow: UnitOfWork, attachment_id: UUID, state: AttachmentState, found: str | None) -> bool:
    """False where it has been judged already."""
    return bool(
        await uow.execute(
            "UPDATE approval_attachments SET state = %s, found = %s, scan_after = NULL"
            " WHERE id = %s AND state = 'QUARANTINED'",
            [state, found, attachment_id],
        )
    )


async def kept(reader: Reader, ids: Sequence[UUID]) -> set[UUID]:
    """Those of the ids whose file belongs to a row."""
    rows = await reader.all(
        f"SELECT f.id FROM approval_attachments f WHERE f.id = ANY(%s) AND {HAS_FILE}",  # noqa: S608
        [list(ids)],
    )
    return {row["id"] for row in rows}


async def purges(reader: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """``purgedAt``, ``purgeRule`` and ``purgeTerm`` of those of the ids that nobody is given any more."""
    rows = await reader.all(
        'SELECT id, purge_begun_at AS "purgedAt", purge_rule AS "purgeRule", purge_term AS "purgeTerm"'
        " FROM approval_attachments WHERE id = ANY(%s) AND purge_begun_at IS NOT NULL",
        [list(ids)],
    )
    return {row.pop("id"): row for row in rows}
