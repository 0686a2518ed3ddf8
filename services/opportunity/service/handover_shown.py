"""What decided requests and drafts ask of a leaver, given to somebody else, and back: no place of an open request."""

from typing import Final
from uuid import UUID

from services.contracts.permissions import Role
from services.contracts.steps import ReassignStep
from services.kit.db.database import Row, UnitOfWork
from services.kit.running import clock
from services.opportunity.circulating import CONSULTABLE, DECIDED, Purpose
from services.opportunity.repository import approvals, circulation, handover, people
from services.opportunity.repository.circulation import left_behind

__all__ = ["MOVE", "give_back", "left_behind", "move"]

MOVE: Final = "SHOWN"
"""The kind under which such a move is recorded."""
_RELATIONS: Final = {Purpose.READ: "VIEWER", Purpose.REVIEW: "REVIEWER", Purpose.CONSULT: "CONSULTED"}


async def move(uow: UnitOfWork, part_id: UUID, step: ReassignStep, successor_id: UUID) -> bool:
    """A review or a reading goes to who can take it; an opinion was asked of the leaver alone, and is asked no more.

    False if it is not the leaver's."""
    part = await circulation.lock(uow, part_id)
    if part is None or part["user_id"] != step.resource_id or part["ended_at"] is not None:
        return False
    taker = await _given(uow, part, await _candidates(uow, part, step.resource_id, successor_id))
    if taker is None:
        await circulation.end(uow, part_id, clock.now())
    await handover.record_move(
        uow,
        process_id=step.process_id,
        kind=MOVE,
        resource_id=part_id,
        from_id=step.resource_id,
        to_id=taker,
        detail={},
        at=clock.now(),
    )
    return True


async def _candidates(uow: UnitOfWork, part: Row, leaver_id: UUID, successor_id: UUID) -> list[UUID]:
    """In the order in which they are tried. Somebody has to review; whoever is only to know of it need not be found."""
    if part["purpose"] == Purpose.CONSULT:
        return []
    candidates = [successor_id]
    if part["purpose"] == Purpose.REVIEW:
        for user_id in (successor_id, leaver_id):
            known = await people.user(uow, user_id)
            if known is not None and known["manager_id"] is not None:
                candidates.append(known["manager_id"])
        candidates += await people.approvers_by_role(uow, Role.APPROVER, [leaver_id])
    excluded = (leaver_id, part["requester_id"], part["owner_id"])
    return [candidate for candidate in dict.fromkeys(candidates) if candidate not in excluded]


async def _given(uow: UnitOfWork, part: Row, candidates: list[UUID]) -> UUID | None:
    for candidate in candidates:
        known = await people.user(uow, candidate)
        free = known is not None and known["blocked_by_process"] is None and people.can_read(known)
        if free and await circulation.give(uow, part, candidate):
            await approvals.add_participants(uow, part["approval_id"], [candidate], _RELATIONS[part["purpose"]])
            return candidate
    return None


async def give_back(uow: UnitOfWork, move: Row) -> None:
    """Where nobody has answered it since, and it would still be asked."""
    part = await circulation.lock(uow, move["resource_id"])
    if part is None:
        return
    ended = part["ended_at"] is not None
    theirs = part["user_id"] == (move["to_id"] or move["from_id"]) and ended == (move["to_id"] is None)
    asks = CONSULTABLE if part["purpose"] == Purpose.CONSULT else DECIDED
    if theirs and part["state"] in asks and await circulation.give(uow, part, move["from_id"]):
        await approvals.add_participants(uow, part["approval_id"], [move["from_id"]], _RELATIONS[part["purpose"]])
