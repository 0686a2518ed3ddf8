"""Who owns a row now that its owner left while it was hidden.

Only open work changes hands. A move is recorded under the process that handed the owner's work over, so that
giving that work back finds this row as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.contracts.states import LIVE_TASK_STATES, MeetingState
from services.kit.db.unit_of_work import Row, UnitOfWork
from services.kit.running import clock
from services.sales_activity.repository import copies, handover
from services.sales_activity.repository.cascade import Table
from services.sales_activity.repository.handover import Kind

_KINDS: dict[Table, Kind] = {"tasks": "task", "meetings": "meeting"}
_OPEN_STATES = {"tasks": LIVE_TASK_STATES, "meetings": frozenset({MeetingState.PLANNED})}


@dataclass(frozen=True, slots=True)
class Handover:
    """One process handed the work of `giver` to `taker`."""

    process_id: UUID
    giver: UUID
    taker: UUID


class SuccessorMap:
    """Handovers by giver; a successor may have left as well, so the way to the present owner has several legs."""

    def __init__(self, handovers: Sequence[Handover]) -> None:
        self._by_giver = {handover.giver: handover for handover in handovers}

    def way(self, user_id: UUID) -> list[Handover]:
        """From this user to who has their work now; empty if they never left. Ends where it would go in a circle."""
        way: list[Handover] = []
        seen = {user_id}
        while (leg := self._by_giver.get(user_id)) is not None and leg.taker not in seen:
            way.append(leg)
            user_id = leg.taker
            seen.add(user_id)
        return way


async def successor_map(uow: UnitOfWork, users: set[UUID]) -> SuccessorMap:
    """All handovers that lead on from these users. Locks their copies, so that none of them leaves unnoticed."""
    handovers: list[Handover] = []
    known: set[UUID] = set()
    while users:
        await copies.lock_users(uow, sorted(users))
        rows = await handover.successions_of(uow, sorted(users))
        handovers += [Handover(row["process_id"], row["user_id"], row["successor_id"]) for row in rows]
        known |= users
        users = {row["successor_id"] for row in rows} - known
    return SuccessorMap(handovers)


async def owners_of(uow: UnitOfWork, table: Table, rows: Sequence[Row]) -> list[UUID]:
    """The owner that each row comes back with, in the order of the rows."""
    successors = await successor_map(uow, {row["user_id"] for row in rows})
    owners: list[UUID] = []
    moves: list[tuple[UUID, UUID, UUID, UUID, bool]] = []
    for row in rows:
        way = successors.way(row["user_id"]) if row["state"] in _OPEN_STATES[table] else []
        moves += [(leg.process_id, row["id"], leg.giver, leg.taker, False) for leg in way]
        owners.append(way[-1].taker if way else row["user_id"])
    await handover.record_moves(uow, _KINDS[table], moves, clock.now())
    return owners


async def replace_attendees(uow: UnitOfWork, meetings: Sequence[Row]) -> list[Row]:
    """The same for those who attend; returns the meetings as they are then."""
    current = {row["id"]: row for row in meetings}
    planned = [row for row in meetings if row["state"] == MeetingState.PLANNED]
    attendees = {user_id for row in planned for user_id in row["attendee_ids"]}
    successors = await successor_map(uow, attendees)
    for attendee in sorted(attendees):
        for leg in successors.way(attendee):
            attended = [current[row["id"]] for row in planned if leg.giver in current[row["id"]]["attendee_ids"]]
            moves = [
                (leg.process_id, row["id"], leg.giver, leg.taker, leg.taker in row["attendee_ids"]) for row in attended
            ]
            await handover.record_moves(uow, "attendance", moves, clock.now())
            changed = await handover.replace_attendee(uow, [row["id"] for row in attended], leg.giver, leg.taker)
            current |= {row["id"]: row for row in changed}
    return list(current.values())
