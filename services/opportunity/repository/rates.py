"""The rate table: what was entered, in order. Nothing in it is changed."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.kit.db.database import Reader, Row, UnitOfWork

_VIEW: Final = (
    'r.id, r.currency, r.yen_per_unit AS "yenPerUnit", r.valid_from AS "validFrom", r.note,'
    ' r.created_by AS "createdBy", maker.name AS "createdByName", r.created_at AS "createdAt"'
)
_LATER: Final = "later.currency = r.currency AND (later.valid_from, later.id) > (r.valid_from, r.id)"
_STATE: Final = (
    "CASE WHEN EXISTS (SELECT FROM currency_rates later WHERE later.currency = r.currency"  # noqa: S608 - constants only
    " AND later.valid_from = r.valid_from AND later.id > r.id) THEN 'CORRECTED' WHEN r.valid_from > %(today)s"
    f" THEN 'PLANNED' WHEN EXISTS (SELECT FROM currency_rates later WHERE {_LATER} AND later.valid_from <= %(today)s)"
    " THEN 'PAST' WHEN r.valid_from <= %(stale)s THEN 'STALE' ELSE 'CURRENT' END AS state"
)
_FROM: Final = " FROM currency_rates r LEFT JOIN user_copies maker ON maker.id = r.created_by"


async def newest(reader: Reader, day: date, since: date) -> list[Row]:
    """Of each currency the row that counts on a day, if it is valid since a day after ``since``."""
    return await reader.all(
        "SELECT DISTINCT ON (currency) id, currency, yen_per_unit, valid_from FROM currency_rates"
        " WHERE valid_from <= %s AND valid_from > %s ORDER BY currency, valid_from DESC, id DESC",
        [day, since],
    )


async def page(
    reader: Reader, *, currency: str | None, today: date, stale: date, after: tuple[date, UUID] | None, limit: int
) -> list[Row]:
    """The latest day first, of one day what was written later. ``stale``: since when a rate is no longer good."""
    valid_from, rate_id = after or (None, None)
    return await reader.all(
        f"SELECT {_VIEW}, {_STATE}{_FROM} WHERE (%(currency)s::text IS NULL OR r.currency = %(currency)s)"
        " AND (%(valid_from)s::date IS NULL OR (r.valid_from, r.id) < (%(valid_from)s, %(id)s::uuid))"
        " ORDER BY r.valid_from DESC, r.id DESC LIMIT %(limit)s",
        {
            "currency": currency,
            "today": today,
            "stale": stale,
            "valid_from": valid_from,
            "id": rate_id,
            "limit": limit,
        },
    )


async def too_old(reader: Reader, *, today: date, stale: date) -> list[Row]:
    """The currencies whose newest rate of today is no longer good, with its day."""
    return await reader.all(
        'SELECT currency, valid_from AS "validFrom" FROM (SELECT DISTINCT ON (currency) currency, valid_from'
        " FROM currency_rates WHERE valid_from <= %(today)s ORDER BY currency, valid_from DESC) newest"
        " WHERE valid_from <= %(stale)s ORDER BY currency",
        {"today": today, "stale": stale},
    )


async def one(reader: Reader, rate_id: UUID, *, today: date, stale: date) -> Row | None:
    return await reader.one(
        f"SELECT {_VIEW}, {_STATE}{_FROM} WHERE r.id = %(id)s",
        {"id": rate_id, "today": today, "stale": stale},
    )


async def before(reader: Reader, currency: str, valid_from: date) -> Row | None:
    """What counts on a day so far, however old it is."""
    return await reader.one(
        'SELECT id, yen_per_unit AS "yenPerUnit", valid_from AS "validFrom" FROM currency_rates'
        " WHERE currency = %s AND valid_from <= %s ORDER BY valid_from DESC, id DESC LIMIT 1",
        [currency, valid_from],
    )


async def insert(uow: UnitOfWork, values: Mapping[str, Any]) -> None:
    await uow.execute(
        "INSERT INTO currency_rates (id, currency, yen_per_unit, valid_from, note, created_by, created_at)"
        " VALUES (%(id)s, %(currency)s, %(yen_per_unit)s, %(valid_from)s, %(note)s, %(created_by)s, %(created_at)s)",
        values,
    )
