"""Who owns a row now that its owner left while it was hidden.

Only open work changes hands. A move is recorded under the process that handed the owner's work over, so that
giving that work back finds this row as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.contracts.states import LIVE_TASK_STATES, MeetingState, TaskState
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.running import clock
from services.sales_activity.record import MeetingRecord, Record, TaskRecord
from services.sales_activity.repository import copies, handover
from services.sales_activity.repository.handover import Kind

_KINDS: dict[str, Kind] = {TaskRecord.TABLE: "task", MeetingRecord.TABLE: "meeting"}
_OPEN_STATES: frozenset[TaskState | MeetingState] = LIVE_TASK_STATES | {MeetingState.PLANNED}


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


async def owners_of(uow: UnitOfWork, kind: type[Record], records: Sequence[Record]) -> list[UUID]:
    """The owner that each record comes back with, in their order."""
    successors = await successor_map(uow, {record.user_id for record in records})
    owners: list[UUID] = []
    moves: list[tuple[UUID, UUID, UUID, UUID, bool]] = []
    for record in records:
        way = successors.way(record.user_id) if record.state in _OPEN_STATES else []
        moves += [(leg.process_id, record.id, leg.giver, leg.taker, False) for leg in way]
        owners.append(way[-1].taker if way else record.user_id)
    await handover.record_moves(uow, _KINDS[kind.TABLE], moves, clock.now())
    return owners


async def replace_attendees(uow: UnitOfWork, meetings: Sequence[MeetingRecord]) -> list[MeetingRecord]:
    """The same for those who attend; returns the meetings as they are then."""
    current = {meeting.id: meeting for meeting in meetings}
    planned = [meeting for meeting in meetings if meeting.state is MeetingState.PLANNED]
    attendees = {user_id for meeting in planned for user_id in meeting.attendee_ids}
    successors = await successor_map(uow, attendees)
    for attendee in sorted(attendees):
        for leg in successors.way(attendee):
            attended = [current[was.id] for was in planned if leg.giver in current[was.id].attendee_ids]
            moves = [
                (leg.process_id, meeting.id, leg.giver, leg.taker, leg.taker in meeting.attendee_ids)
                for meeting in attended
            ]
            await handover.record_moves(uow, "attendance", moves, clock.now())
            changed = await handover.replace_attendee(uow, [meeting.id for meeting in attended], leg.giver, leg.taker)
            current |= {meeting.id: meeting for meeting in changed}
    return list(current.values())
