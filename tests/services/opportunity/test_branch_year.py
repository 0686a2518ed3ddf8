"""A year of a branch: somebody can always act on what is open, and every deadline is what the calendar says."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final, cast
from uuid import UUID

from deploy.invariants.approvals import chains_verify, decided_with_right, one_place_each
from deploy.invariants.system import System
from services.kit.running import clock
from services.opportunity.business_time import TOKYO
from tests.services.opportunity import slow_calendar
from tests.services.opportunity.branch import Branch, Seen, business_days, rounds
from tests.services.opportunity.branch_staff import FIRST_DAY
from tests.services.opportunity.world import World

SEED: Final = 20260401
REQUESTS_A_DAY: Final = 2
HAPPENS: Final = (
    "submitted",
    "absences",
    "reorganised",
    "left",
    "suspended",
    "reminded",
    "escalated",
    "decide",
    "resubmit",
    "recall",
    "take_back",
    "add_approver",
    "reassign",
)


class _Read:
    """As the checks of `ringi verify` read a service."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def all(self, _service: str, statement: str, params: Any = None) -> list[dict[str, Any]]:
        return await self._world.rows(statement, params)


async def test_a_year_of_a_branch(world: World) -> None:
    branch = Branch(world, SEED)
    days = business_days()
    with clock.travel(at=datetime.combine(FIRST_DAY, time(8), TOKYO)):
        await branch.open()
    planned = {days[50]: date(2026, 7, 1), days[150]: date(2026, 12, 1)}
    leavers = {
        days[30]: branch.approvers[0],
        days[70]: branch.approvers[9],
        days[110]: branch.reps[5],
        days[180]: branch.approvers[5],
    }
    for day in days:
        for at in rounds(day):
            await branch.hear_timers(at)
            with clock.travel(at=at):
                await branch.look_at_inboxes()
        with clock.travel(at=at):
            for _ in range(REQUESTS_A_DAY):
                await branch.submit()
            await branch.answer_returns()
            if branch.dice.random() < 0.35:
                await branch.plan_absence()
            if day in planned:
                await branch.reorganise(planned[day])
            if day == date(2026, 12, 1):
                await branch.suspend_former_approvers()
            if day in leavers:
                await branch.leave(leavers[day])
            await _somebody_can_act(branch)
    for seen in branch.seen.values():
        _deadlines_are_right(seen)
    quiet = [what for what in HAPPENS if not branch.done[what]]
    assert not quiet, f"the year was too quiet to show anything of {quiet}: {branch.done}"
    system = cast("System", _Read(world))
    assert await one_place_each(system) == []
    assert await decided_with_right(system) == []
    assert await chains_verify(system) == []


async def _somebody_can_act(branch: Branch) -> None:
    """Each open stage can still get the votes that it asks for, one of a person; or there is an alarm, and once an
    administrator has answered it, there is none."""
    assert await _stuck(branch) == await _with_alarm(branch)
    await branch.mend_alarms()
    assert await _stuck(branch) == set()
    assert await _with_alarm(branch) == set()


async def _with_alarm(branch: Branch) -> set[UUID]:
    rows = await branch.world.rows("SELECT id FROM approvals WHERE state = 'PENDING' AND short_since IS NOT NULL")
    return {row["id"] for row in rows}


async def _stuck(branch: Branch) -> set[UUID]:
    rows = await branch.world.rows(
        "SELECT id, requester_id, owner_id, stages, stage, approved_by, voted_by FROM approvals WHERE state = 'PENDING'"
    )
    return {row["id"] for row in rows if not _can_end(branch, row)}


def _can_end(branch: Branch, row: dict[str, Any]) -> bool:
    stage = row["stages"][row["stage"]]
    named = [UUID(user_id) for user_id in stage["approverIds"]]
    joined = [UUID(stage["escalatedTo"])] if stage["escalatedTo"] else []
    everybody = dict.fromkeys([*named, *joined])
    total = len(named) + len(stage["vacantIds"])
    asked: int = {"ALL": total, "ANY": 1, "QUORUM": stage["quorum"]}[stage["mode"]]
    open_places = [user_id for user_id in everybody if user_id not in row["approved_by"]]
    barred: set[UUID] = {row["requester_id"], row["owner_id"], *row["voted_by"]}
    return _filled(branch, open_places, barred, set(everybody)) >= asked - len(row["approved_by"])


def _filled(branch: Branch, open_places: Sequence[UUID], barred: set[UUID], voters: set[UUID]) -> int:
    """The most places that can be filled, each by another person."""
    if not open_places:
        return 0
    place, *others = open_places
    absence = branch.away(place)
    candidates = {place}
    if absence is not None and absence.proxy.id not in voters:
        candidates.add(absence.proxy.id)
    candidates -= branch.gone | branch.suspended
    best = _filled(branch, others, barred, voters)
    for person in candidates - barred:
        best = max(best, 1 + _filled(branch, others, barred | {person}, voters))
    return best


def _deadlines_are_right(seen: Sequence[Seen]) -> None:
    """The time that a stage has, counted from when it was entered while it was not stopped, ends at its deadline."""
    before: Seen | None = None
    used, since = timedelta(), seen[0].at
    for now in seen:
        if before is not None and before.state == "PENDING" and now.state != "PENDING":
            used += _counted(since, now.at, business=before.business)
        if now.state == "PENDING":
            if before is None or now.stage != before.stage or now.anew:
                used, since = timedelta(), now.at
            elif before.state != "PENDING":
                since = now.at
            assert now.deadline_at is not None
            # What was returned after its deadline has no time left, and none is given anew.
            given = max(timedelta(hours=now.hours), used)
            ends = used + _counted(since, now.deadline_at, business=now.business)
            assert abs(ends - given) < timedelta(seconds=1), (now, since, used)
            assert not now.business or given == used or _is_open(now.deadline_at - timedelta(microseconds=1))
        before = now


def _counted(start: datetime, end: datetime, *, business: bool) -> timedelta:
    """All of the time in between, or what of it lies on business days in Japan."""
    if not business:
        return end - start
    first, last = start.astimezone(TOKYO).date(), end.astimezone(TOKYO).date()
    total = timedelta()
    for number in range((last - first).days + 1):
        midnight = datetime.combine(first + timedelta(days=number), time(), TOKYO)
        if _is_open(midnight):
            total += max(timedelta(), min(end, midnight + timedelta(days=1)) - max(start, midnight))
    return total


def _is_open(at: datetime) -> bool:
    return slow_calendar.is_open(at.astimezone(TOKYO).date(), {})
