"""How due dates are written and read."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.kit.running.zone import USER_TIME_ZONE
from services.sales_activity.due import EARLIEST, LATEST, DueDate, end_of_day

DUE_DATE: TypeAdapter[datetime] = TypeAdapter(DueDate)


@given(st.dates(date(2000, 1, 2), date(2099, 12, 31)))
def test_a_date_alone_still_is_that_day_where_the_user_is(day: date) -> None:
    due = DUE_DATE.validate_python(day.isoformat())
    assert due == end_of_day(day)
    assert due.astimezone(USER_TIME_ZONE).date() == day
    assert (due + timedelta(seconds=1)).astimezone(USER_TIME_ZONE).date() == day + timedelta(days=1)


@given(st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)), st.integers(-12, 14))  # noqa: DTZ001
def test_an_instant_is_kept_whatever_its_offset(moment: datetime, offset: int) -> None:
    text = f"{moment.isoformat()}{offset:+03d}:00"
    due = DUE_DATE.validate_python(text)
    assert due == datetime.fromisoformat(text)
    assert due.tzinfo is UTC


@given(st.text(max_size=40))
def test_any_other_text_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        due = DUE_DATE.validate_python(text)
    except ValidationError:
        return
    assert EARLIEST <= due < LATEST


@pytest.mark.parametrize("text", ["2026-02-30", "1999-12-31", "2100-01-02", "0001-01-01", "9999-12-31"])
def test_days_that_do_not_exist_or_lie_out_of_range_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        DUE_DATE.validate_python(text)
