"""Stages that ask for more votes than there are people to give them.

That is a stop with an alarm, never a smaller number: the process of the request needs attention until an administrator
names somebody for a place that nobody can fill, or who was unable is able again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from services.contracts.states import ApprovalState
from services.kit.db.database import Reader, UnitOfWork
from services.kit.running import clock
from services.opportunity import machine
from services.opportunity.progress import Progress
from services.opportunity.record import Approval
from services.opportunity.repository import approvals, people
from services.opportunity.service import ledger


@dataclass(frozen=True, slots=True)
class Shortage:
    votes_missing: int
    unable: tuple[UUID, ...]
    """Approvers of the current stage who can't vote, and have nobody to vote for them."""
    vacant: tuple[UUID, ...]
    """Who left a place of it that nobody has taken."""


async def shortage_of(reader: Reader, approval_id: UUID, progress: Progress) -> Shortage | None:
    """None while the current stage has enough people who can decide."""
    waiting = progress.waiting_for if progress.state is ApprovalState.PENDING else ()
    unable = await _unable(reader, approval_id, progress, waiting)
    missing = machine.votes_missing(progress, frozenset(unable))
    return Shortage(missing, unable, progress.current.vacant_ids) if missing else None


async def _unable(reader: Reader, approval_id: UUID, progress: Progress, waiting: Sequence[UUID]) -> tuple[UUID, ...]:
    """A proxy votes for one of them; not for another one too, and not beside a place or an opinion of their own."""
    unable = await people.unable_to_decide(reader, waiting)
    if not unable:
        return ()
    proxies = await people.covering(reader, sorted(unable), clock.now(), approval_id)
    candidates = {proxy for found in proxies.values() for proxy in found}
    barred = await people.unable_to_decide(reader, sorted(candidates)) | progress.voted_by
    barred |= {*progress.current.voters, progress.requester_id, progress.owner_id}
    barred |= {opinion.asked_id for opinion in progress.asked_here}
    alone: list[UUID] = []
    for voter in sorted(unable):
        stand_in = next((proxy for proxy in proxies.get(voter, ()) if proxy not in barred), None)
        if stand_in is None:
            alone.append(voter)
        else:
            barred |= {stand_in}
    return tuple(alone)


async def noted(reader: Reader, approval: Approval) -> Approval:
    """The same request, with the time since when its stage has too few people."""
    if await shortage_of(reader, approval.id, approval.progress) is None:
        return replace(approval, short_since=None)
    return replace(approval, short_since=approval.short_since or clock.now())


async def review(uow: UnitOfWork, approval_id: UUID) -> bool:
    """Looks again at a request whose approvers may have changed. Returns whether that made a difference."""
    before = await approvals.lock(uow, approval_id)
    if before is None or before.state is not ApprovalState.PENDING:
        return False
    after = await noted(uow, before)
    if (before.short_since is None) == (after.short_since is None):
        return False
    await approvals.update(uow, after)
    await ledger.follow(uow, before, after)
    return True
