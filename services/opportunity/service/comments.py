"""What is said and written down beside a request: its history and its comments."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.contracts.permissions import Permission
from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.events import audit
from services.kit.http.paging import Cursors, page
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal
from services.opportunity.actions import keeps_evidence
from services.opportunity.repository import history
from services.opportunity.schemas.fields import PageQuery
from services.opportunity.service.views import require_reached, require_visible


async def of(reader: Reader, principal: Principal, approval_id: UUID) -> dict[str, Any]:
    """The whole history, oldest first; an approval's chain is short."""
    await require_visible(reader, principal, approval_id)
    entries = await history.of(reader, approval_id)
    return {
        "items": [entry | {"keepsEvidence": keeps_evidence(entry["action"])} for entry in entries],
        "nextCursor": None,
    }


async def comments(
    reader: Reader, principal: Principal, cursors: Cursors, approval_id: UUID, query: PageQuery
) -> dict[str, Any]:
    await require_visible(reader, principal, approval_id)
    scope = f"comments:{approval_id}"
    key = cursors.decode(scope, query.cursor, [datetime, UUID])
    after = None if key is None else (key[0], key[1])
    rows = await history.comments(reader, approval_id, after=after, limit=query.limit + 1)
    return page(rows, query.limit, lambda row: cursors.encode(scope, [row["createdAt"], row["id"]]))


async def comment(uow: UnitOfWork, principal: Principal, approval_id: UUID, body: str) -> Row:
    """A remark that decides nothing, by whoever has a part in the request; auditors see it and leave it as it is."""
    await require_visible(uow, principal, approval_id)
    await require_reached(uow, principal, approval_id, Permission.APPROVAL_COMMENT)
    comment_id = new_id()
    await history.insert_comment(
        uow,
        comment_id=comment_id,
        approval_id=approval_id,
        author_id=principal.user_id,
        body=body,
        purpose="COMMENT",
        at=clock.now(),
    )
    await audit.record_audit(
        uow, action="approval.comment", resource_type="approval", resource_id=approval_id, detail=None
    )
    return await history.comment(uow, comment_id)


async def keep_with_command(
    uow: UnitOfWork, *, comment_id: UUID, approval_id: UUID, author_id: UUID, body: str
) -> None:
    """What is said with a command; it becomes part of the history when the command takes effect."""
    await history.insert_comment(
        uow,
        comment_id=comment_id,
        approval_id=approval_id,
        author_id=author_id,
        body=body,
        purpose="DECISION",
        at=clock.now(),
    )
