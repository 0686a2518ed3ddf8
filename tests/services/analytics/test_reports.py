"""A wrong figure in a report would be believed: every report is compared with what the events themselves tell."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from services.analytics import consumer
from services.analytics.reports.compute import Question, compute
from services.analytics.reports.links import Asked
from services.analytics.reports.period import GroupBy, Period
from services.analytics.reports.registry import CUSTOMER_STATISTICS, REPORTS, SALES_SUMMARY, Report
from services.analytics.reports.sql import By
from services.contracts.events import sales
from services.contracts.events.customer import CustomerDeleted, CustomerRestored
from services.kit.db.database import Database
from services.kit.events.envelope import Envelope
from services.kit.running.context import ActorContext
from tests.services.analytics import truth
from tests.services.analytics.world import Aggregate, World, doubled_and_reordered

NOW = datetime(2026, 10, 20, 3, 0, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
CALLER = uuid4()
PERIODS = [
    (date(2026, 7, 1), date(2026, 8, 1)),
    (date(2026, 8, 3), date(2026, 9, 17)),
    (date(2026, 9, 1), date(2026, 12, 1)),
]
report_named = pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)


async def consume(db: Database, events: Sequence[Envelope], batch: int = 100) -> None:
    """As the consumer would after a look into its inbox, except that repeats are let through on purpose."""
    for first in range(0, len(events), batch):
        async with db.transaction(ActorContext.system()) as uow:
            await consumer.apply(uow, list(events[first : first + batch]))


async def ask(db: Database, report: Report, first: date, end: date, **options: Any) -> dict[str, Any]:
    asked = Asked(options.pop("caller", CALLER), options.pop("reps", None), options.pop("approver", None))
    question = {"group_by": None, "by": None} | options
    asked_now = Question(period=Period.of(first, end, "Asia/Tokyo"), asked=asked, **question)
    async with db.reader() as reader:
        return await compute(reader, report, asked_now, NOW)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=TOKYO)


def told(world: World, report: Report, first: date, end: date, reps: set[str] | None = None) -> dict[str, Any]:
    known = truth.Truth(world.events, midnight(first), midnight(end), NOW)
    return truth.REPORTS[report.name](known, truth.of_reps(reps))


def values(figures: dict[str, Any], names: Any) -> dict[str, Any]:
    return {name: figures[name]["value"] for name in names}


@report_named
@pytest.mark.parametrize("seed", range(4))
async def test_each_figure_equals_what_the_events_tell_whatever_order_they_came_in(
    db: Database, report: Report, seed: int
) -> None:
    world = World(seed).populate()
    await consume(db, doubled_and_reordered(world.events, seed))
    for first, end in PERIODS:
        expected = told(world, report, first, end)
        document = await ask(db, report, first, end)
        assert values(document["figures"], expected) == expected


@report_named
@pytest.mark.parametrize("group_by", list(GroupBy))
async def test_each_part_of_a_period_counts_what_happened_in_it_and_what_was_there_at_its_end(
    db: Database, report: Report, group_by: GroupBy
) -> None:
    world = World(11).populate()
    await consume(db, world.events)
    first, end = date(2026, 8, 5), date(2026, 9, 24)
    document = await ask(db, report, first, end, group_by=group_by)
    assert document["groups"][0]["period"]["from"] == first.isoformat()
    assert document["groups"][-1]["period"]["to"] == end.isoformat()
    for group in document["groups"]:
        span = group["period"]
        expected = told(world, report, date.fromisoformat(span["from"]), date.fromisoformat(span["to"]))
        assert values(group["figures"], expected) == expected


@report_named
async def test_a_rep_sees_their_own_figures_only_and_groups_add_up(db: Database, report: Report) -> None:
    world = World(5).populate()
    await consume(db, world.events)
    first, end = date(2026, 7, 1), date(2026, 10, 1)
    everyone = await ask(db, report, first, end, by=By.REP)
    for rep in world.reps:
        expected = told(world, report, first, end, {str(rep)})
        alone = await ask(db, report, first, end, reps=[rep])
        assert values(alone["figures"], expected) == expected
        group = next((g for g in everyone["groups"] if g["key"]["id"] == rep), None)
        if group is not None:
            assert values(group["figures"], expected) == expected
    assert {g["key"]["id"] for g in everyone["groups"]} <= set(world.reps)


@report_named
async def test_what_somebody_did_counts_for_the_team_that_they_were_in_then(db: Database, report: Report) -> None:
    world = World(6).populate()
    await consume(db, world.events)
    first, end = date(2026, 7, 1), date(2026, 9, 1)
    known = truth.Truth(world.events, midnight(first), midnight(end), NOW)
    document = await ask(db, report, first, end, by=By.TEAM)
    for group in document["groups"]:
        expected = truth.REPORTS[report.name](known, known.of_team(str(group["key"]["id"])))
        assert values(group["figures"], expected) == expected
        assert all(figure["link"] is None for figure in group["figures"].values())


FACTS = {
    "sales-summary": (
        *("meetingsScheduled", "meetingsHeld", "requestsSubmitted", "requestsSubmittedAmount"),
        *("requestsApproved", "requestsApprovedAmount"),
    ),
    "customer-statistics": ("newCustomers", "deletedCustomers", "restoredCustomers", "netCustomers"),
    "approval-statistics": ("approved", "rejected", "submitted", "recalled"),
    "task-completion": ("due", "completed", "onTime"),
}
"""Figures of what happened; the others are of what was there at the end, of distinct customers, or medians."""


@report_named
@pytest.mark.parametrize("by", [None, *By])
@pytest.mark.parametrize("seed", range(20, 23))
async def test_days_add_up_to_their_months_and_months_to_the_period(
    db: Database, report: Report, by: By | None, seed: int
) -> None:
    world = World(seed).populate()
    await consume(db, doubled_and_reordered(world.events, seed))
    first, end = date(2026, 8, 1), date(2026, 11, 1)

    def sums(document: dict[str, Any]) -> dict[Any, int]:
        added: dict[Any, int] = defaultdict(int)
        for group in document["groups"]:
            for name in FACTS[report.name]:
                added[group["key"] and group["key"]["id"], name] += group["figures"][name]["value"]
        return {key: value for key, value in added.items() if value}

    whole = await ask(db, report, first, end, by=by)
    by_month = await ask(db, report, first, end, by=by, group_by=GroupBy.MONTH)
    assert sums(await ask(db, report, first, end, by=by, group_by=GroupBy.DAY)) == sums(by_month)
    if by is None:
        assert sums(by_month) == {
            (None, name): whole["figures"][name]["value"]
            for name in FACTS[report.name]
            if whole["figures"][name]["value"]
        }
    else:
        assert sums(by_month) == sums(whole)


def meeting_of(world: World, starts: datetime, state: str, written: datetime) -> Aggregate:
    aggregate = Aggregate("meeting", uuid4(), {}, at=written)
    world.emit(
        aggregate,
        sales.MeetingCreated,
        written,
        meeting_id=aggregate.id,
        customer_id=uuid4(),
        user_id=world.reps[0],
        title="面談",
        state=state,
        starts_at=starts,
        ends_at=starts + timedelta(minutes=10),
        created_at=written,
    )
    return aggregate


async def held(db: Database, first: date, end: date) -> int:
    figure: int = (await ask(db, SALES_SUMMARY, first, end))["figures"]["meetingsHeld"]["value"]
    return figure


async def test_a_meeting_that_is_entered_in_the_next_month_counts_in_the_month_in_which_it_took_place(
    db: Database,
) -> None:
    world = World(1)
    meeting_of(world, datetime(2026, 8, 31, 15, tzinfo=TOKYO), "HELD", datetime(2026, 9, 2, 10, tzinfo=TOKYO))
    await consume(db, world.events)
    assert await held(db, date(2026, 8, 1), date(2026, 9, 1)) == 1
    assert await held(db, date(2026, 8, 31), date(2026, 9, 1)) == 1
    assert await held(db, date(2026, 9, 1), date(2026, 10, 1)) == 0


async def test_a_meeting_late_in_the_evening_that_is_marked_as_held_after_midnight_counts_on_its_day(
    db: Database,
) -> None:
    world = World(2)
    starts = datetime(2026, 8, 12, 23, 40, tzinfo=TOKYO)
    meeting = meeting_of(world, starts, "PLANNED", starts - timedelta(days=3))
    world.emit(meeting, sales.MeetingUpdated, datetime(2026, 8, 13, 0, 0, 50, tzinfo=TOKYO), state="HELD")
    await consume(db, world.events)
    document = await ask(db, SALES_SUMMARY, date(2026, 8, 1), date(2026, 9, 1), group_by=GroupBy.DAY)
    days = {group["period"]["from"]: group["figures"]["meetingsHeld"]["value"] for group in document["groups"]}
    assert {day: number for day, number in days.items() if number} == {"2026-08-12": 1}


async def test_a_customer_who_went_and_came_back_within_a_month_is_both_deleted_and_restored_in_it(
    db: Database,
) -> None:
    world = World(3)
    customer = world.customer_at(datetime(2026, 7, 2, tzinfo=TOKYO))
    world.emit(customer, CustomerDeleted, datetime(2026, 8, 3, tzinfo=TOKYO), state="DELETED")
    world.emit(customer, CustomerRestored, datetime(2026, 8, 9, tzinfo=TOKYO), state="ACTIVE")
    await consume(db, world.events)
    figures = (await ask(db, CUSTOMER_STATISTICS, date(2026, 8, 1), date(2026, 9, 1)))["figures"]
    names = ("deletedCustomers", "restoredCustomers", "netCustomers", "activeCustomers")
    assert [figures[name]["value"] for name in names] == [1, 1, 0, 1]


async def test_amounts_are_added_within_one_currency_only(db: Database) -> None:
    world = World(12).populate()
    await consume(db, world.events)
    first, end = date(2026, 7, 1), date(2026, 11, 1)
    known = truth.Truth(world.events, midnight(first), midnight(end), NOW)
    submitted = [r for r in known.known("approval") if known.within(r["submittedAt"])]
    approved = [r for r in known.known("approval") if r["state"] == "APPROVED" and known.within(r["decidedAt"])]
    document = await ask(db, SALES_SUMMARY, first, end, by=By.REP)
    figures = document["figures"]
    assert figures["requestsSubmittedAmount"]["amounts"] == truth.amounts(submitted)
    assert figures["requestsApprovedAmount"]["amounts"] == truth.amounts(approved)
    assert truth.amounts(submitted).keys() == {"JPY", "USD"}
    assert isinstance(truth.amounts(submitted)["USD"], str), "cents were added, exactly"
    for group in document["groups"]:
        mine = [r for r in submitted if r["ownerId"] == str(group["key"]["id"])]
        assert group["figures"]["requestsSubmittedAmount"]["amounts"] == truth.amounts(mine)


async def test_an_approver_sees_the_requests_that_name_them(db: Database) -> None:
    world = World(7).populate()
    await consume(db, world.events)
    report = next(report for report in REPORTS if report.name == "approval-statistics")
    first, end = date(2026, 7, 1), date(2026, 10, 1)
    approver = world.approvers[0]
    known = truth.Truth(world.events, midnight(first), midnight(end), NOW)
    expected = truth.approval_statistics(known, truth.of_reps({str(approver)}), str(approver))
    document = await ask(db, report, first, end, reps=[approver], approver=approver)
    assert values(document["figures"], expected) == expected
    everyone = truth.approval_statistics(known, truth.of_reps(None))
    assert 0 < expected["submitted"] < everyone["submitted"]


async def test_the_weekly_series_has_a_bar_for_every_week_also_for_empty_ones(db: Database) -> None:
    world = World(8).populate()
    await consume(db, world.events)
    report = next(report for report in REPORTS if report.name == "approval-statistics")
    document = await ask(db, report, date(2026, 8, 31), date(2026, 12, 21))
    assert len(document["weekly"]) == 16
    for bar in document["weekly"]:
        week = bar["week"]
        expected = told(world, report, date.fromisoformat(week["from"]), date.fromisoformat(week["to"]))
        assert {name: bar[name] for name in report.weekly} == {name: expected[name] for name in report.weekly}


@report_named
async def test_nothing_to_divide_by_is_shown_as_nothing_not_as_zero(db: Database, report: Report) -> None:
    document = await ask(db, report, date(2026, 7, 1), date(2026, 8, 1))
    for figure in document["figures"].values():
        assert figure["value"] == (None if figure["unit"] in ("rate", "seconds", "days") else 0)


async def test_daily_metrics_count_every_event_once(db: Database) -> None:
    world = World(9).populate()
    await consume(db, doubled_and_reordered(world.events, 9), batch=37)
    async with db.reader() as reader:
        rows = await reader.all(
            "SELECT metric, sum(count)::int AS n FROM read_model.aggregated_metrics GROUP BY metric"
        )
    told_types = [event.event_type for event in world.events]
    assert {row["metric"]: row["n"] for row in rows} == {kind: told_types.count(kind) for kind in set(told_types)}
