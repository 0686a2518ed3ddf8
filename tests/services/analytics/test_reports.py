"""A wrong figure in a report would be believed: every report is compared with what the events themselves tell."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.analytics import consumer
from services.analytics.reports.compute import Question, compute
from services.analytics.reports.period import GroupBy, Period
from services.analytics.reports.registry import REPORTS, Report
from services.analytics.reports.sql import By
from services.kit.db.database import Database
from services.kit.events.envelope import Envelope
from services.kit.running.context import ActorContext
from tests.services.analytics import truth
from tests.services.analytics.world import World, doubled_and_reordered

NOW = datetime(2026, 10, 20, 3, 0, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
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
    question = {"group_by": None, "by": None, "reps": None, "approver": None} | options
    async with db.reader() as reader:
        return await compute(reader, report, Question(period=Period.of(first, end, "Asia/Tokyo"), **question), NOW)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=TOKYO)


def told(world: World, report: Report, first: date, end: date, reps: set[str] | None = None) -> dict[str, Any]:
    return truth.REPORTS[report.name](truth.Truth(world.events, midnight(first), midnight(end), NOW), reps)


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
async def test_each_part_of_a_period_is_counted_as_of_its_own_end(
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
async def test_a_team_is_who_reported_to_its_manager_when_the_period_ended(db: Database, report: Report) -> None:
    world = World(6).populate()
    await consume(db, world.events)
    first, end = date(2026, 7, 1), date(2026, 9, 1)
    known = truth.Truth(world.events, midnight(first), midnight(end), NOW)
    document = await ask(db, report, first, end, by=By.TEAM)
    for group in document["groups"]:
        members = {str(rep) for rep in world.reps if known.team_of(str(rep)) == str(group["key"]["id"])}
        expected = truth.REPORTS[report.name](known, members)
        assert values(group["figures"], expected) == expected
        assert all(figure["link"] is None for figure in group["figures"].values())


async def test_an_approver_sees_the_requests_that_name_them(db: Database) -> None:
    world = World(7).populate()
    await consume(db, world.events)
    report = next(report for report in REPORTS if report.name == "approval-statistics")
    first, end = date(2026, 7, 1), date(2026, 10, 1)
    approver = world.approvers[0]
    known = truth.Truth(world.events, midnight(first), midnight(end), NOW)
    expected = truth.approval_statistics(known, {str(approver)}, str(approver))
    document = await ask(db, report, first, end, reps=[approver], approver=approver)
    assert values(document["figures"], expected) == expected
    everyone = truth.approval_statistics(known, None)
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
