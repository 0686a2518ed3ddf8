"""The firm's rates: what they are on a day, and who enters them."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.errors import NotFound, Text, Unprocessable
from services.kit.events import audit
from services.kit.running import clock, zone
from services.kit.running.ids import new_id
from services.opportunity import exchange
from services.opportunity.exchange import GOOD_FOR, Rates
from services.opportunity.repository import rates
from services.opportunity.schemas.rates import RateInput, RateQuery

AHEAD: Final = timedelta(days=366)
BACK: Final = timedelta(days=31)
"""A rate of a day that has passed counts from now on: what was submitted has kept the one that it took."""
UNUSUAL: Final = Decimal("0.2")
"""A change by more than this part is asked about: a figure too many makes every limit ten times as lax."""
_TERMS: Final = ("yenPerUnit", "validFrom")


async def counting(reader: Reader, at: datetime) -> Rates:
    """The rates by which an amount that is submitted at an instant is compared."""
    day = zone.local(at).date()
    found = await rates.newest(reader, day, day - GOOD_FOR)
    return exchange.by_currency(map(exchange.rate, found))


async def page(reader: Reader, query: RateQuery, *, after: tuple[date, UUID] | None, limit: int) -> list[Row]:
    today = zone.today()
    return await rates.page(
        reader, currency=query.currency, today=today, stale=today - GOOD_FOR, after=after, limit=limit
    )


async def too_old(reader: Reader) -> list[Row]:
    today = zone.today()
    return await rates.too_old(reader, today=today, stale=today - GOOD_FOR)


async def one(reader: Reader, rate_id: UUID) -> Row:
    today = zone.today()
    row = await rates.one(reader, rate_id, today=today, stale=today - GOOD_FOR)
    if row is None:
        raise NotFound()
    return row


async def enter(uow: UnitOfWork, content: RateInput) -> Row:
    """A row more; for a day that has one already, what counts instead. Raises Unprocessable."""
    _check_day(content.valid_from)
    so_far = await rates.before(uow, content.currency, content.valid_from)
    if so_far is not None and not content.confirmed:
        _check_usual(so_far["yenPerUnit"], content.yen_per_unit)
    rate_id = new_id()
    values = content.model_dump(include={"currency", "yen_per_unit", "valid_from", "note"})
    await rates.insert(uow, values | {"id": rate_id, "created_by": uow.context.actor_id, "created_at": clock.now()})
    row = await one(uow, rate_id)
    detail = {"currency": content.currency} | audit.changes(_plain(so_far), _plain(row), _TERMS)
    await audit.record_audit(
        uow, action="currency_rate.create", resource_type="currency_rate", resource_id=rate_id, detail=detail
    )
    return row


def _plain(row: Row | None) -> dict[str, Any] | None:
    return None if row is None else {name: str(row[name]) for name in _TERMS}


def _check_day(valid_from: date) -> None:
    today = zone.today()
    if valid_from > today + AHEAD:
        raise Unprocessable.field("/validFrom", "time_too_far", Text("日付が先すぎます", "This day is too far ahead"))
    if valid_from < today - BACK:
        message = Text(f"{BACK.days} 日より前の日付は指定できません", f"A day at most {BACK.days} days ago")
        raise Unprocessable.field("/validFrom", "time_past", message)


def _check_usual(before: Decimal, after: Decimal) -> None:
    if abs(after - before) <= before * UNUSUAL:
        return
    message = Text(
        f"これまでの {before} 円と大きく異なります。正しければ確認のうえ送信してください",
        f"This is far from {before} yen, the rate so far. If it is right, confirm it",
    )
    raise Unprocessable.field("/yenPerUnit", "rate_unusual", message)
