"""What a transition means for those to whom a request is shown: whom it is shown to now, and what is over for them."""

from dataclasses import dataclass
from uuid import UUID

from services.kit.db.database import UnitOfWork
from services.opportunity import business_time, circulating
from services.opportunity.circulating import Purpose, Shown
from services.opportunity.record import Approval
from services.opportunity.repository import circulation
from services.opportunity.service import firm_calendar


@dataclass(frozen=True, slots=True)
class Followed:
    begun: Shown
    """Who is asked from now on."""
    changed: bool
    """Whether anybody sees the request since, or does not any more."""


async def follow(uow: UnitOfWork, after: Approval) -> Followed:
    """``after`` is the request as it was just written."""
    at, progress = after.updated_at, after.progress
    ended = await circulation.end_passed(uow, after, circulating.ever_shown(progress), at)
    shown = circulating.shown_by_now(progress)
    readers = await circulation.begin(uow, after, Purpose.READ, shown.readers, since=at)
    reviewers: list[UUID] = []
    if shown.reviewers:
        due_at = business_time.after(at, circulating.REVIEW_TIME, await firm_calendar.current(uow))
        reviewers = await circulation.begin(uow, after, Purpose.REVIEW, shown.reviewers, since=at, due_at=due_at)
    begun = Shown(frozenset(readers), frozenset(reviewers))
    return Followed(begun, bool(ended or readers or reviewers))
