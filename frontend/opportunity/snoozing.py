"""Setting a request aside for a while, and taking it back."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity.listing import Filters
from frontend.ui.gateway import segment
from frontend.ui.page import Page
from frontend.ui.time_zone import office_now

MORNING: Final = time(9)
"""What was set aside until a day is there when that day's work begins."""


def mornings() -> list[tuple[str, date]]:
    """Days to choose from with one press: tomorrow, in three days, in a week."""
    today = office_now().date()
    return [(name, today + timedelta(days=days)) for name, days in (("tomorrow", 1), ("days", 3), ("week", 7))]


async def snooze(request: Request) -> Response:
    """POST /approvals/{id}/snooze: `until` is a day; it is there again on that day's morning."""
    page = Page.of(request)
    form = await page.form()
    body = {"until": _morning_of(str(form.get("until", "")))}
    await page.gateway.send("PUT", f"/approvals/{segment(request.path_params['id'])}/snooze", body)
    return page.redirect(Filters.of(page).address())


async def wake(request: Request) -> Response:
    """POST /approvals/{id}/wake."""
    page = Page.of(request)
    await page.form()
    await page.gateway.send("DELETE", f"/approvals/{segment(request.path_params['id'])}/snooze")
    return page.redirect(Filters.of(page).address())


def _morning_of(day: str) -> str:
    """What is no day is left for the API to refuse."""
    try:
        chosen = date.fromisoformat(day)
    except ValueError:
        return day
    return datetime.combine(chosen, MORNING, office_now().tzinfo).isoformat()
