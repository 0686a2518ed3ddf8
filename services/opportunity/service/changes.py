"""What is different in a request since somebody decided on it, or since an earlier revision."""

from typing import Any
from uuid import UUID

from services.contracts.states import ApprovalState
from services.kit.db.database import Reader, Row
from services.kit.errors import NotFound, Text, Unprocessable
from services.kit.trust.principal import Principal
from services.opportunity import comparison
from services.opportunity.record import Approval
from services.opportunity.repository import approvals, history
from services.opportunity.schemas.changes import Changes, ComparedWith, ContentChanges
from services.opportunity.schemas.evidence import RequestSeen
from services.opportunity.service import evidence
from services.opportunity.service.transition import seen
from services.opportunity.service.views import require_visible


async def since(reader: Reader, principal: Principal, approval_id: UUID, revision: int | None) -> Changes:
    """Raises NotFound for what the caller may not see, Unprocessable for a revision that there is not."""
    await require_visible(reader, principal, approval_id)
    approval = await approvals.read(reader, approval_id)
    if approval is None:
        raise NotFound()
    submitted = await history.submissions(reader, approval_id)
    own = await history.last_decision_of(reader, approval_id, principal.user_id) if revision is None else None
    entry = own or _submission(submitted, approval, revision)
    return Changes(
        revision=approval.progress.revision,
        revisions=sorted({row["revision"] for row in submitted}),
        since=None if entry is None else ComparedWith(**entry, own=own is not None),
        content=None if entry is None else await _content(reader, approval, entry["entry_id"]),
    )


def _submission(submitted: list[Row], approval: Approval, revision: int | None) -> Row | None:
    """What was submitted as this revision; by default, what came before the present content."""
    if revision is not None:
        found = next((row for row in reversed(submitted) if row["revision"] == revision), None)
        if found is None:
            message = Text("この版はありません", "There is no such revision")
            raise Unprocessable.field("/since", "revision_unknown", message, "query")
        return found
    # What lies with its owner may have been changed since it was submitted.
    present = approval.progress.revision
    earlier = present if approval.state is ApprovalState.RETURNED else present - 1
    return next((row for row in reversed(submitted) if row["revision"] <= earlier), None)


async def _content(reader: Reader, approval: Approval, entry_id: UUID) -> ContentChanges | None:
    kept = await history.entry(reader, approval.id, entry_id)
    if kept is None or kept["snapshot"] is None:
        return None
    then, now = await evidence.shown(reader, kept["snapshot"], await seen(reader, approval))
    return comparison.compared(_typed(then), _typed(now))


def _typed(snapshot: dict[str, Any]) -> RequestSeen:
    return RequestSeen.model_validate(snapshot)
