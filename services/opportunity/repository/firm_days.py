"""What the firm says of single days, and which years it has confirmed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.kit.db.database import Reader, Row, UnitOfWork

_OF_EACH_DAY: Final = "SELECT DISTINCT ON (day) * FROM firm_days WHERE number <= %(number)s ORDER BY day, number DESC"


async def newest(reader: Reader) -> Row | None:
    """``id`` and ``number`` of what was said last: as long as it is the same, so is the calendar."""
    return await reader.one("SELECT id, number FROM firm_days ORDER BY number DESC LIMIT 1")


async def said(reader: Reader, number: int) -> list[Row]:
    """``day`` and ``open``, as it stood once ``number`` was written."""
    return await reader.all(
        f"SELECT day, open FROM ({_OF_EACH_DAY}) d WHERE open IS NOT NULL",  # noqa: S608
        {"number": number},
    )


async def of_year(reader: Reader, year: int) -> list[Row]:
    """What counts of each day now, with who said so and when."""
    return await reader.all(
        'SELECT d.day, d.open, d.name, d.created_by AS "createdBy", maker.name AS "createdByName",'
        ' d.created_at AS "createdAt" FROM (SELECT DISTINCT ON (day) * FROM firm_days'
        " WHERE day >= make_date(%(year)s, 1, 1) AND day <= make_date(%(year)s, 12, 31) ORDER BY day, number DESC) d"
        " LEFT JOIN user_copies maker ON maker.id = d.created_by WHERE d.open IS NOT NULL ORDER BY d.day",
        {"year": year},
    )


async def hold(uow: UnitOfWork) -> None:
    """One writer after the other, until the transaction ends: numbers are seen in their order."""
    await uow.execute("SELECT pg_advisory_xact_lock(hashtext('firm_days'))")


async def of_days(reader: Reader, days: Collection[date]) -> list[Row]:
    """What counts of these days now."""
    return await reader.all(
        "SELECT DISTINCT ON (day) day, open, name FROM firm_days WHERE day = ANY(%s) ORDER BY day, number DESC",
        [list(days)],
    )


async def insert(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        await uow.execute(
            "INSERT INTO firm_days (id, day, open, name, created_by, created_at)"
            " VALUES (%(id)s, %(day)s, %(open)s, %(name)s, %(created_by)s, %(created_at)s)",
            row,
        )


async def years(reader: Reader) -> list[Row]:
    """The years that are confirmed, by whom and when."""
    return await reader.all(
        'SELECT y.year, y.confirmed_by AS "confirmedBy", maker.name AS "confirmedByName",'
        ' y.confirmed_at AS "confirmedAt" FROM firm_years y LEFT JOIN user_copies maker ON maker.id = y.confirmed_by'
        " ORDER BY y.year"
    )


async def confirm(uow: UnitOfWork, year: int, by: UUID | None, at: datetime) -> bool:
    """False if it was confirmed already."""
    return (
        await uow.execute(
            "INSERT INTO firm_years (year, confirmed_by, confirmed_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [year, by, at],
        )
        > 0
    )


async def unconfirm(uow: UnitOfWork, year: int) -> bool:
    return await uow.execute("DELETE FROM firm_years WHERE year = %s", [year]) > 0
