"""The firm's calendar: a year of months, what the firm says of its days, and the confirmation of holidays."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity.absences.calendar import Month
from frontend.opportunity.firm.views import CalendarDay, CalendarYear
from frontend.opportunity.firm.words import CALENDAR
from frontend.ui.formats import whole
from frontend.ui.gateway import GatewayProblem
from frontend.ui.i18n import gettext
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.saving import refusal
from frontend.ui.time_zone import office_now

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2099
_MONTHS: Final = 12
_OPENINGS: Final = {"closed": False, "open": True, "usual": None}


@dataclass(slots=True)
class DaysForm:
    """What was typed; `problems` are messages by field."""

    first: str = ""
    last: str = ""
    opening: str = "closed"
    name: str = ""
    message: str = ""
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_form(cls, form: FormData) -> DaysForm:
        def text(name: str) -> str:
            return str(form.get(name, "")).strip()

        return cls(text("firstDay"), text("lastDay"), text("open"), text("name"))

    def check(self) -> bool:
        if not self.first:
            self.problems["firstDay"] = gettext("Enter a day.")
        if self.opening != "usual" and not self.name:
            self.problems["name"] = gettext("Say why, as people will read it.")
        return not self.problems


@dataclass(frozen=True, slots=True)
class MonthView:
    month: Month
    weeks: Sequence[Sequence[CalendarDay | None]]


async def show(request: Request) -> Response:
    """GET /firm/calendar; `year`."""
    page = Page.of(request)
    return await _render(page, _year(page.query("year")), DaysForm())


async def say(request: Request) -> Response:
    """POST /firm/calendar: days on which the firm is closed, open, or again as usual."""
    page = Page.of(request)
    form = await page.form()
    days = DaysForm.from_form(form)
    year = _year(days.first[:4])
    if not days.check():
        return await _render(page, year, days, status=422)
    body = {
        "firstDay": days.first,
        "lastDay": days.last or None,
        "open": _OPENINGS.get(days.opening, False),
        "name": days.name,
    }
    try:
        await page.gateway.send("POST", "/business-calendar/days", body, key=str(form.get(KEY_FIELD, "")) or None)
    except GatewayProblem as problem:
        days.message = await refusal(page, problem)
        days.problems = {pointer.strip("/"): message for pointer, message in problem.pointed_errors}
        return await _render(page, year, days, status=problem.status)
    return page.redirect(f"{CALENDAR}?year={year}")


async def confirm(request: Request) -> Response:
    """POST /firm/calendar/confirm: that the holidays of a year are those that were proclaimed, or not any more."""
    page = Page.of(request)
    form = await page.form()
    year = _year(str(form.get("year", "")))
    body = {"confirmed": form.get("confirmed") == "1"}
    try:
        await page.gateway.send("PUT", f"/business-calendar/{year}/confirmation", body)
    except GatewayProblem as problem:
        errors = [message for _, message in problem.pointed_errors]
        days = DaysForm(message="; ".join(errors) or await refusal(page, problem))
        return await _render(page, year, days, status=problem.status)
    return page.redirect(f"{CALENDAR}?year={year}")


def _year(text: str) -> int:
    """The present one for everything that is none."""
    year = whole(text)
    return year if year is not None and FIRST_YEAR <= year <= LAST_YEAR else office_now().year


async def _render(page: Page, year: int, days: DaysForm, *, status: int = 200) -> Response:
    shown = CalendarYear.model_validate(await page.gateway.get(f"/business-calendar/{year}"))
    today = office_now().date()
    return page.render(
        "opportunity/firm_calendar.html",
        status=status,
        shown=shown,
        months=_months(shown),
        days=days,
        today=today.isoformat(),
        before=year - 1 if year > FIRST_YEAR else None,
        after=year + 1 if year < LAST_YEAR else None,
        can_confirm=today.year <= year <= shown.last_proclaimed,
    )


def _months(shown: CalendarYear) -> list[MonthView]:
    by_day = {one.day: one for one in shown.days}

    def of(day: date, month: int) -> CalendarDay | None:
        return by_day.get(day.isoformat()) if day.month == month else None

    return [
        MonthView(
            Month(shown.year, month),
            [[of(day, month) for day in week] for week in calendar.Calendar().monthdatescalendar(shown.year, month)],
        )
        for month in range(1, _MONTHS + 1)
    ]
