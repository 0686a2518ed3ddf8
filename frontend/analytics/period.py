"""The period and grouping of a dashboard, as they stand in the address. Days are the office's; the last is included."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from urllib.parse import urlencode

from frontend.analytics.manifest import PREFIX
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.time_zone import office_now

DAYS_BY_DAY: Final = 21
DAYS_BY_WEEK: Final = 190
MAX_DAYS: Final = {"day": 110, "week": 800, "month": 3_600}  # the API takes 120 parts at most
GROUPS: Final = ("day", "week", "month")
SPLITS: Final = ("rep", "team")


def _read(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Choice:
    """What the person looks at. `group` is never empty: charts need a time axis."""

    first: date
    last: date
    group: str
    split: str
    chosen_group: str = ""

    @classmethod
    def of(cls, page: Page) -> Choice:
        """A period that makes no sense becomes the present one; a grouping too fine for it becomes a coarser one."""
        today = office_now().date()
        last = _read(page.query("until")) or today
        first = _read(page.query("from")) or months_back(last, 2)
        if not (first <= last and last - first <= timedelta(days=MAX_DAYS["month"]) and first.year >= 1990):
            first, last = months_back(today, 2), today
        wanted = page.query("groupBy")
        days = (last - first).days + 1
        fitting = "day" if days <= DAYS_BY_DAY else "week" if days <= DAYS_BY_WEEK else "month"
        usable = wanted if wanted in GROUPS and days <= MAX_DAYS[wanted] else ""
        split = page.query("by")
        return cls(first, last, usable or fitting, split if split in SPLITS else SPLITS[0], usable)

    def params(self, **more: str) -> dict[str, str]:
        """As the API takes it: its end is the day after the last."""
        return {"from": self.first.isoformat(), "to": (self.last + timedelta(days=1)).isoformat(), **more}

    def export(self, report: str) -> str:
        """Where the figures are as CSV; below `/-/`, since the shell frames everything else as a page."""
        return self.address(f"-/{report}.csv", groupBy=self.group)

    def address(self, report: str, **changes: str) -> str:
        given = {
            "from": self.first.isoformat(),
            "until": self.last.isoformat(),
            "groupBy": self.chosen_group,
            "by": self.split if self.split != SPLITS[0] else "",
        } | changes
        query = urlencode({name: value for name, value in given.items() if value})
        return f"{PREFIX}/{report}?{query}"

    def presets(self) -> list[tuple[str, date, date]]:
        """Periods that are often asked for, as label, first and last day."""
        today = office_now().date()
        month = today.replace(day=1)
        before = month - timedelta(days=1)
        return [
            (gettext("This month"), month, today),
            (gettext("Last month"), before.replace(day=1), before),
            (gettext("3 months"), months_back(today, 2), today),
            (gettext("12 months"), months_back(today, 11), today),
        ]


def months_back(day: date, months: int) -> date:
    """The first of the month so many months before the day's own."""
    index = day.year * 12 + day.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


def group_names() -> dict[str, str]:
    return {"day": gettext("By day"), "week": gettext("By week"), "month": gettext("By month")}


def split_names() -> dict[str, str]:
    return {"rep": gettext("By rep"), "team": gettext("By team")}
