"""Deadlines in business days, against a calendar of Japan that anybody can check."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.opportunity import business_time
from services.opportunity.business_calendar import JAPAN

JST = ZoneInfo("Asia/Tokyo")
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
spans = st.timedeltas(timedelta(), timedelta(days=10))


def jst(month: int, day: int, hour: int) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=JST)


def test_a_day_from_friday_afternoon_ends_on_monday_afternoon() -> None:
    assert business_time.after(jst(11, 6, 15), timedelta(hours=24), JAPAN) == jst(11, 9, 15)


def test_golden_week_and_new_year_do_not_count() -> None:
    assert business_time.after(jst(5, 1, 10), timedelta(hours=24), JAPAN) == jst(5, 7, 10)
    new_year = datetime(2026, 12, 30, 10, tzinfo=JST)
    ends = business_time.after(new_year, timedelta(hours=24), JAPAN)
    assert ends == datetime(2027, 1, 4, 10, tzinfo=JST)


def test_hours_of_the_clock_count_every_day() -> None:
    assert business_time.after(jst(5, 2, 10), timedelta(hours=24), None) == jst(5, 3, 10)


@given(start=moments, span=spans)
def test_what_was_added_is_what_lies_between(start: datetime, span: timedelta) -> None:
    end = business_time.after(start, span, JAPAN)
    assert business_time.between(start, end, JAPAN) == span
    assert end - start >= span


@given(start=moments, first=spans, second=spans)
def test_a_clock_that_stood_still_meanwhile_rings_at_the_same_business_time(
    start: datetime, first: timedelta, second: timedelta
) -> None:
    halfway = business_time.after(start, first, JAPAN)
    assert business_time.after(halfway, second, JAPAN) == business_time.after(start, first + second, JAPAN)


@pytest.mark.parametrize(
    ("now", "deadline", "days"),
    [
        ("2026-12-04T17:00", "2026-12-07T12:00", 1),  # Friday evening to Monday noon: 19 hours of business days
        ("2026-12-04T09:00", "2026-12-08T09:00", 2),
        ("2026-12-05T09:00", "2026-12-06T09:00", 0),  # a weekend has none
        ("2026-12-08T09:00", "2026-12-07T09:00", 0),
        ("2026-12-30T09:00", "2027-01-05T09:00", 2),  # closed from 31 December to 3 January
    ],
)
def test_business_days_that_are_left(now: str, deadline: str, days: int) -> None:
    start, end = (datetime.fromisoformat(f"{moment}+09:00") for moment in (now, deadline))
    assert business_time.days_left(start, end, JAPAN) == days
