"""The firm's calendar as a rule: against a count that knows nothing of it, and how far ahead it can be trusted."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kit.running.business_days import holiday_name
from services.opportunity import business_calendar, business_time
from services.opportunity.business_calendar import Calendar, Reason
from tests.services.opportunity import slow_calendar
from tests.services.opportunity.slow_calendar import JST

FIRST, LAST = date(2026, 1, 1), date(2027, 12, 31)
DAYS = st.dates(FIRST, date(2027, 6, 30))
FIRMS = st.dictionaries(DAYS, st.booleans(), max_size=60)


@settings(deadline=None)  # the first look at a year loads its holidays
@given(day=DAYS, hour=st.integers(0, 23), hours=st.integers(1, 24 * 20), firm=FIRMS)
def test_deadlines_are_those_that_an_independent_count_finds(
    day: date, hour: int, hours: int, firm: Mapping[date, bool]
) -> None:
    start, calendar = datetime(day.year, day.month, day.day, hour, tzinfo=JST), Calendar(firm)
    ends = business_time.after(start, timedelta(hours=hours), calendar)
    assert ends == slow_calendar.deadline(start, hours, firm)
    assert business_time.between(start, ends, calendar) == timedelta(hours=hours)


def test_every_day_of_two_years_is_open_or_closed_as_the_published_lists_say() -> None:
    firm = {date(2026, 4, 1): False, date(2026, 11, 7): True}
    day, calendar = FIRST, Calendar(firm)
    while day <= LAST:
        assert calendar.is_business_day(day) == slow_calendar.is_open(day, firm), day
        day += timedelta(days=1)
    assert calendar.reason(date(2026, 11, 7)) is Reason.FIRM
    assert [Calendar().reason(date(2026, *day)) for day in ((1, 1), (1, 2), (1, 10), (1, 13))] == [
        Reason.HOLIDAY,
        Reason.YEAR_END,
        Reason.WEEKEND,
        Reason.WEEKDAY,
    ]
    names = [holiday_name(date(2026, 2, 11), locale) for locale in ("ja", "en")]
    assert names == ["建国記念の日", "Foundation Day"]


@pytest.mark.parametrize(
    ("today", "confirmed", "until", "runs_out", "last"),
    [
        (date(2026, 1, 31), set(), None, True, 2026),
        (date(2026, 1, 31), {2026}, date(2026, 12, 31), False, 2026),
        (date(2026, 2, 1), {2026}, date(2026, 12, 31), False, 2027),
        (date(2026, 9, 30), {2026}, date(2026, 12, 31), False, 2027),
        (date(2026, 10, 1), {2026}, date(2026, 12, 31), True, 2027),
        (date(2026, 10, 1), {2026, 2027}, date(2027, 12, 31), False, 2027),
        (date(2026, 10, 1), {2027}, None, True, 2027),
    ],
)
def test_a_calendar_that_runs_out_is_told_three_months_before(
    today: date, confirmed: set[int], until: date | None, runs_out: bool, last: int
) -> None:
    assert business_calendar.confirmed_until(confirmed, today) == until
    assert business_calendar.runs_out(until, today) is runs_out
    assert business_calendar.last_proclaimed(today) == last
