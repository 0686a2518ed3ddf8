"""The firm's calendar: the copy that deadlines are computed by, and what administrators say of its days."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.errors import Text, Unprocessable
from services.kit.events import audit
from services.kit.running import clock, zone
from services.kit.running.business_days import holiday_name
from services.kit.running.ids import new_id
from services.opportunity import business_calendar
from services.opportunity.business_calendar import JAPAN, Calendar
from services.opportunity.progress import Stage
from services.opportunity.repository import firm_days
from services.opportunity.schemas.firm_calendar import DaysInput

FURTHEST: Final = timedelta(days=5 * 366)
"""So far ahead days can be entered."""
_RESOURCE: Final = "firm_calendar"
_copy: dict[UUID, Calendar] = {}
"""This process's only copy, by the id of what was said last when it was made."""


async def current(reader: Reader) -> Calendar:
    """As it is now, on every replica: the copy is used only while nothing has been said since it was made."""
    newest = await firm_days.newest(reader)
    if newest is None:
        return JAPAN
    known = _copy.get(newest["id"])
    if known is None:
        rows = await firm_days.said(reader, newest["number"])
        known = Calendar({row["day"]: row["open"] for row in rows})
        _copy.clear()
        _copy[newest["id"]] = known
    return known


async def counting(reader: Reader, stages: Iterable[Stage]) -> Calendar:
    """The same for deadlines of these stages; not asked for where all of them run on the clock."""
    return await current(reader) if any(stage.business_days for stage in stages) else JAPAN


async def state(reader: Reader) -> dict[str, Any]:
    return _state(await firm_days.years(reader))


def _state(confirmed: list[Row]) -> dict[str, Any]:
    today = zone.today()
    until = business_calendar.confirmed_until({row["year"] for row in confirmed}, today)
    return {
        "confirmedUntil": until,
        "runsOut": business_calendar.runs_out(until, today),
        "lastProclaimed": business_calendar.last_proclaimed(today),
    }


async def year_of(reader: Reader, year: int, locale: str) -> dict[str, Any]:
    confirmed = await firm_days.years(reader)
    firm = await firm_days.of_year(reader, year)
    said = {row["day"]: row for row in firm}
    calendar = Calendar({day: row["open"] for day, row in said.items()})

    def shown(day: date) -> dict[str, Any]:
        name = said[day]["name"] if day in said else holiday_name(day, locale)
        return {"day": day, "open": calendar.is_business_day(day), "reason": calendar.reason(day), "name": name}

    return _state(confirmed) | {
        "year": year,
        "days": [shown(day) for day in business_calendar.days_of(year)],
        "firm": firm,
        "confirmation": next((row for row in confirmed if row["year"] == year), None),
    }


async def say(uow: UnitOfWork, content: DaysInput) -> None:
    """From now on deadlines are computed by it; those that run stay as they are. Raises Unprocessable."""
    _check(content)
    await firm_days.hold(uow)
    last = content.last_day or content.first_day
    days = [content.first_day + timedelta(days=n) for n in range((last - content.first_day).days + 1)]
    before = {row["day"]: (row["open"], row["name"]) for row in await firm_days.of_days(uow, days)}
    wanted = (content.open, "" if content.open is None else content.name)
    changed = [day for day in days if before.get(day, (None, "")) != wanted]
    now = clock.now()
    values = {"open": wanted[0], "name": wanted[1], "created_by": uow.context.actor_id, "created_at": now}
    await firm_days.insert(uow, [values | {"id": new_id(), "day": day} for day in changed])
    if not changed:
        return
    was = {day.isoformat(): _plain(*before.get(day, (None, ""))) for day in changed}
    becomes = {day.isoformat(): _plain(*wanted) for day in changed}
    detail = audit.changes(was, becomes, [day.isoformat() for day in changed])
    await audit.record_audit(
        uow, action="firm_calendar.update", resource_type=_RESOURCE, resource_id=None, detail=detail
    )


def _plain(is_open: bool | None, name: str) -> dict[str, Any] | None:
    return None if is_open is None else {"open": is_open, "name": name}


def _check(content: DaysInput) -> None:
    today = zone.today()
    if content.first_day < today:
        message = Text("過去の日は変更できません", "Days that have passed stay as they were")
        raise Unprocessable.field("/firstDay", "time_past", message)
    if (content.last_day or content.first_day) > today + FURTHEST:
        pointer = "/firstDay" if content.last_day is None else "/lastDay"
        raise Unprocessable.field(pointer, "time_too_far", Text("日付が先すぎます", "This day is too far ahead"))


async def confirm(uow: UnitOfWork, year: int, *, confirmed: bool) -> None:
    """That the holidays of a year are those that were proclaimed, or that this is to be looked at again. Raises
    Unprocessable for a year that has passed, or whose holidays nobody can know yet."""
    today = zone.today()
    if year < today.year:
        raise Unprocessable.field("/year", "time_past", Text("過去の年です", "This year has passed"), "path")
    if confirmed and year > business_calendar.last_proclaimed(today):
        message = Text(
            "この年の祝日はまだ公示されていません（前年の 2 月に公示されます）",
            "The holidays of this year are not proclaimed yet: that happens in February of the year before",
        )
        raise Unprocessable.field("/year", "year_not_proclaimed", message, "path")
    if confirmed:
        done = await firm_days.confirm(uow, year, uow.context.actor_id, clock.now())
    else:
        done = await firm_days.unconfirm(uow, year)
    if done:
        action = "firm_calendar.confirm" if confirmed else "firm_calendar.unconfirm"
        await audit.record_audit(uow, action=action, resource_type=_RESOURCE, resource_id=None, detail={"year": year})
