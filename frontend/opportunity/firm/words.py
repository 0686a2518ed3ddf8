"""The words of the firm's settings, in the language of the running request."""

from __future__ import annotations

from frontend.opportunity.firm.views import CalendarDay, CalendarState
from frontend.ui.formats import day
from frontend.ui.i18n import gettext
from frontend.ui.looks import Look

RATES, CALENDAR, LIMITS, HOLDS = "/firm/rates", "/firm/calendar", "/firm/limits", "/firm/holds"


def tabs(current: str) -> list[tuple[str, str, None, bool]]:
    """The pages beside each other."""
    texts = {
        RATES: gettext("Exchange rates"),
        CALENDAR: gettext("Business calendar"),
        LIMITS: gettext("Attachments"),
        HOLDS: gettext("Legal holds"),
    }
    return [(path, text, None, path == current) for path, text in texts.items()]


def rate_look(state: str) -> Look:
    return {
        "CURRENT": Look(gettext("Counts today"), "ok", "circle-check"),
        "PLANNED": Look(gettext("Planned"), "info", "calendar-clock"),
        "PAST": Look(gettext("Superseded"), "muted", "history"),
        "STALE": Look(gettext("Too old to count"), "warn", "triangle-alert"),
        "CORRECTED": Look(gettext("Corrected"), "muted", "ban"),
    }.get(state, Look(state, "muted", "circle"))


def day_text(one: CalendarDay) -> str:
    """Why a day is open or closed; empty for an ordinary day of work."""
    if one.reason == "FIRM":
        text = gettext("Open: %(name)s") if one.open else gettext("Closed: %(name)s")
        return text % {"name": one.name or ""}
    return {
        "HOLIDAY": one.name or gettext("Holiday"),
        "YEAR_END": gettext("Turn of the year"),
        "WEEKEND": gettext("Weekend"),
    }.get(one.reason, "")


def openings() -> list[tuple[str, str]]:
    """What can be said of a day, with the value of the form."""
    return [
        ("closed", gettext("Closed (a day off of the firm)")),
        ("open", gettext("Open (though it is a day off in Japan)")),
        ("usual", gettext("As usual in Japan (undo what was entered)")),
    ]


def runs_out_text(state: CalendarState) -> str:
    """The alarm; empty while enough lies ahead."""
    if not state.runs_out:
        return ""
    if state.confirmed_until is None:
        return gettext("Nobody has confirmed this year's holidays. Deadlines in business days may be wrong.")
    text = gettext("Holidays are confirmed only until %(day)s. Deadlines beyond it may be wrong.")
    return text % {"day": day(state.confirmed_until, year=True)}
