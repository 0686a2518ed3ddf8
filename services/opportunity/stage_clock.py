"""The clock of a stage: it starts when the stage is entered, and never decides.

It stands while the request is RETURNED or ON_HOLD, and while the decision waits for an opinion.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.contracts.states import TERMINAL_APPROVAL_STATES, ApprovalState
from services.opportunity import business_time
from services.opportunity.business_calendar import Calendar
from services.opportunity.progress import Progress, Stage
from services.opportunity.record import Approval


@dataclass(frozen=True, slots=True)
class StageClock:
    deadline_at: datetime | None
    clock_left_seconds: float | None
    reminded_at: datetime | None
    escalated_at: datetime | None


def after_transition(before: Approval, after: Progress, now: datetime, calendar: Calendar) -> StageClock:
    """How the clock goes on when a request moves from ``before`` to ``after`` at ``now`` (UTC).

    ``calendar``: the one that counts now. A deadline that runs stays as it is, whatever is said of days meanwhile.
    """
    clock = StageClock(before.deadline_at, before.clock_left_seconds, before.reminded_at, before.escalated_at)
    if after.state in TERMINAL_APPROVAL_STATES:
        return clock
    if after.state is ApprovalState.PENDING and (
        before.state is ApprovalState.DRAFT or after.enters_from(before.progress)
    ):
        return _started(after, now, calendar)
    if _runs(after) and not _runs(before.progress):
        resumed = _resumed(clock, after, now, calendar)
        # Another revision is another thing to be reminded of; after a hold or an opinion it is still the same.
        return replace(resumed, reminded_at=None) if before.state is ApprovalState.RETURNED else resumed
    if _runs(before.progress) and not _runs(after):
        return _stopped(clock, before.progress, now, calendar)
    return clock


def _runs(progress: Progress) -> bool:
    return progress.state is ApprovalState.PENDING and not progress.decision_waits_for


def _started(progress: Progress, now: datetime, calendar: Calendar) -> StageClock:
    hours = progress.current.deadline_hours
    if hours is None:
        return StageClock(None, None, None, None)
    deadline = business_time.after(now, timedelta(hours=hours), _counting(progress.current, calendar))
    return StageClock(deadline, None, None, None)


def _resumed(clock: StageClock, progress: Progress, now: datetime, calendar: Calendar) -> StageClock:
    stage = progress.current
    if stage.deadline_hours is None:
        return replace(clock, deadline_at=None, clock_left_seconds=None)
    left = clock.clock_left_seconds if clock.clock_left_seconds is not None else stage.deadline_hours * 3600.0
    deadline = business_time.after(now, timedelta(seconds=left), _counting(stage, calendar))
    return replace(clock, deadline_at=deadline, clock_left_seconds=None)


def _stopped(clock: StageClock, progress: Progress, now: datetime, calendar: Calendar) -> StageClock:
    if clock.deadline_at is None:
        return clock
    left = business_time.between(now, clock.deadline_at, _counting(progress.current, calendar))
    return replace(clock, deadline_at=None, clock_left_seconds=left.total_seconds())


def _counting(stage: Stage, calendar: Calendar) -> Calendar | None:
    return calendar if stage.business_days else None


def remind_at(approval: Approval) -> datetime | None:
    """When those whom the stage waits for are to be reminded; None when they were, or nothing is due."""
    hours = approval.progress.current.deadline_hours if approval.progress.stages else None
    if approval.state is not ApprovalState.PENDING or approval.deadline_at is None or hours is None:
        return None
    if approval.reminded_at is not None or approval.escalated_at is not None:
        return None
    return business_time.reminder_before(approval.deadline_at, hours)


def escalate_at(approval: Approval) -> datetime | None:
    """When the stage escalates; None when it has, or nothing is due."""
    if approval.state is not ApprovalState.PENDING or approval.escalated_at is not None:
        return None
    return approval.deadline_at
