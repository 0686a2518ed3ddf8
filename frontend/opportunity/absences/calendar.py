"""A month of absences as weeks of days, on the office's calendar."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from babel.dates import format_date, get_day_names

from frontend.opportunity.absences.views import Absence
from frontend.ui.i18n import babel_locale, current_locale
from frontend.ui.time_zone import OFFICE_ZONE, office_now

_MONTH = re.compile(r"(\d{4})-(\d{2})")
_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2099
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Month:
    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """From `2026-11`; the present month for everything else."""
        found = _MONTH.fullmatch(text)
        if found and _FIRST_YEAR <= int(found[1]) <= _LAST_YEAR and 1 <= int(found[2]) <= _MONTHS:
            return cls(int(found[1]), int(found[2]))
        today = office_now()
        return cls(today.year, today.month)

    def moved(self, months: int) -> Month:
        years, month = divmod(self.year * _MONTHS + self.month - 1 + months, _MONTHS)
        return Month(years, month + 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def title(self) -> str:
        """`2026年11月`, `November 2026`."""
        pattern = "y年M月" if current_locale() == "ja" else "MMMM y"
        return format_date(date(self.year, self.month, 1), pattern, locale=babel_locale())

    @property
    def begin(self) -> datetime:
        return _midnight(date(self.year, self.month, 1))

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return self.moved(1).begin

    @property
    def is_present(self) -> bool:
        return self == Month.parse("")


@dataclass(frozen=True, slots=True)
class Day:
    date: date
    in_month: bool
    absences: Sequence[Absence]

    @property
    def is_today(self) -> bool:
        return self.date == office_now().date()


def weeks(month: Month, absences: Sequence[Absence]) -> list[list[Day]]:
    """Monday to Sunday; days of the neighbouring months fill the first and the last week and stay empty."""
    ordered = sorted(absences, key=lambda absence: (absence.begins, absence.from_name or ""))

    def of(day: date) -> Day:
        in_month = day.month == month.month
        return Day(day, in_month, [one for one in ordered if in_month and _touches(one, day)])

    return [[of(day) for day in week] for week in calendar.Calendar().monthdatescalendar(month.year, month.month)]


def weekdays() -> list[tuple[str, str]]:
    """Short and full names, from Monday on."""
    short, full = (get_day_names(width, locale=babel_locale()) for width in ("abbreviated", "wide"))
    return [(short[number], full[number]) for number in range(7)]


def _touches(absence: Absence, day: date) -> bool:
    return absence.begins < _midnight(day + timedelta(days=1)) and absence.ends > _midnight(day)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), OFFICE_ZONE)
