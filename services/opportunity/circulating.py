"""Whom a request is shown to, beside those who decide it, and when: pure rules, as in ``machine``."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.contracts.states import ApprovalState, ViewWhen
from services.opportunity.progress import Progress

DECIDED: Final = frozenset({ApprovalState.APPROVED, ApprovalState.REJECTED})
CONSULTABLE: Final = frozenset({ApprovalState.DRAFT, ApprovalState.RETURNED, ApprovalState.ON_HOLD})
"""Until when opinions that were asked for stay asked for; a hold ends nothing."""
CALLED_OFF: Final = frozenset({ApprovalState.RECALLED, ApprovalState.CANCELLED})
REVIEW_TIME: Final = timedelta(days=5)
"""Of business days: until then a review after the decision is not overdue."""


class Purpose(StrEnum):
    """READ: a viewer (回覧) confirms to have read it. REVIEW: it is looked at after the decision (後閲). CONSULT: its
    owner asks for an opinion before submitting it (根回し)."""

    READ = "READ"
    REVIEW = "REVIEW"
    CONSULT = "CONSULT"


@dataclass(frozen=True, slots=True)
class Shown:
    """By purpose, to whom."""

    readers: frozenset[UUID] = frozenset()
    reviewers: frozenset[UUID] = frozenset()


def shown_by_now(progress: Progress) -> Shown:
    """Who has to read or review the present revision by now. A request that is being revised or was called off is shown
    to nobody anew, and nobody reads or reviews their own."""
    decided = progress.state in DECIDED
    if not decided and progress.state is not ApprovalState.PENDING:
        return Shown()
    readers = {
        viewer
        for position, stage in enumerate(progress.stages)
        if (decided if stage.view_when is ViewWhen.DECISION else position <= progress.stage)
        for viewer in stage.viewer_ids
    }
    named = ever_shown(progress)
    return Shown(named.readers & readers, named.reviewers if decided else frozenset())


def ever_shown(progress: Progress) -> Shown:
    """Whom the stages name to read or review it at any time."""
    own = {progress.requester_id, progress.owner_id}
    return Shown(
        frozenset(viewer for stage in progress.stages for viewer in stage.viewer_ids) - own,
        frozenset(reviewer for stage in progress.stages for reviewer in stage.reviewer_ids) - own,
    )
