"""A mail comes at a time that nobody wished for."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.mail.wishes import MailWishes, Timing, WhenAway, due_at, mailed, next_digest
from services.analytics.mail.words import HEADINGS
from services.contracts.states import NotificationType
from services.kit.running import zone
from services.kit.running.business_days import is_business_day

DIGEST = MailWishes(timing=Timing.DIGEST)


def tokyo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone.USER_TIME_ZONE)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ("2026-11-30T08:29", "2026-11-30T08:30"),
        ("2026-11-30T08:30", "2026-11-30T08:30"),
        ("2026-11-30T08:31", "2026-12-01T08:30"),
        ("2026-12-04T18:00", "2026-12-07T08:30"),  # Friday evening: Monday
        ("2026-12-30T18:00", "2027-01-04T08:30"),  # the exchanges' holidays, then a weekend
        ("2026-11-20T09:00", "2026-11-24T08:30"),  # Labour Thanksgiving Day is a Monday
    ],
)
def test_a_digest_comes_at_its_time_on_the_next_business_day(made: str, expected: str) -> None:
    assert next_digest(tokyo(made), DIGEST) == tokyo(expected)


def test_who_asks_for_every_day_gets_saturdays_too() -> None:
    daily = MailWishes(timing=Timing.DIGEST, business_days_only=False, digest_at=time(19, 0))
    assert next_digest(tokyo("2026-12-04T19:30"), daily) == tokyo("2026-12-05T19:00")


@given(
    st.integers(0, 8 * 365 * 24 * 60),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)
def test_a_digest_is_never_early_and_never_more_than_a_holiday_late(minutes: int, at: time) -> None:
    since = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    found = next_digest(since, MailWishes(timing=Timing.DIGEST, digest_at=at))
    local = zone.local(found)
    assert found >= since
    assert (local.hour, local.minute) == (at.hour, at.minute)
    assert is_business_day(local.date())
    days = [zone.local(since).date() + timedelta(days=n) for n in range((local.date() - zone.local(since).date()).days)]
    assert not any(is_business_day(day) for day in days[1:])


@pytest.mark.parametrize(
    ("wishes", "away_until", "expected"),
    [
        (MailWishes(), None, "2026-12-01T10:00"),
        (MailWishes(), "2026-12-03T09:00", "2026-12-03T09:00"),
        (MailWishes(when_away=WhenAway.SEND), "2026-12-03T09:00", "2026-12-01T10:00"),
        (DIGEST, "2026-12-03T09:00", "2026-12-04T08:30"),
        (DIGEST, None, "2026-12-02T08:30"),
    ],
)
def test_mail_rests_while_somebody_is_away(wishes: MailWishes, away_until: str | None, expected: str) -> None:
    until = None if away_until is None else tokyo(away_until)
    assert due_at(wishes, tokyo("2026-12-01T10:00"), until) == tokyo(expected)


def test_every_kind_has_a_heading_in_both_languages() -> None:
    assert set(HEADINGS) == set(NotificationType)
    assert all(heading.ja and heading.en for heading in HEADINGS.values())


def test_the_firm_changes_what_goes_by_mail_to_who_has_not_chosen() -> None:
    waiting, finished = NotificationType.APPROVAL_WAITING, NotificationType.PROCESS_FINISHED
    assert mailed(waiting, {})
    assert not mailed(finished, {})
    assert not mailed(waiting, {waiting: False})
    assert mailed(finished, {finished: True})
