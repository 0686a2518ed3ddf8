"""The access review: who has which role, since when, given by whom, and when they last signed in."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from services.auth.access_grants import grants
from services.auth.audit_schemas import AccessFilters
from services.auth.repository import access_review, users
from services.kit.db.database import Database
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.events.audit import record_audit
from services.kit.text.spreadsheets import BYTE_ORDER_MARK, csv_line

EXPORT_BATCH: Final = 200
COLUMNS: Final = (
    "userId", "name", "email", "state", "role", "since", "givenById", "givenByName", "notRecordedBefore",
    "lastSignInAt", "totpEnabled", "createdAt",
)  # fmt: skip


async def review(reader: Reader, *, limit: int, after: Sequence[Any] | None, filters: AccessFilters) -> list[Row]:
    """One account more than ``limit``, if there is one."""
    rows = await access_review.accounts(reader, limit=limit, after=after, role=filters.role, state=filters.state)
    records = await access_review.role_records(reader, [row["userId"] for row in rows])
    given = {row["userId"]: grants(row["roles"], records.get(row["userId"], ())) for row in rows}
    givers = {grant.by for roles in given.values() for grant in roles.values() if grant.by is not None}
    names = await users.names(reader, givers)
    for row in rows:
        row["roles"] = [
            {
                "role": role,
                "since": grant.at,
                "givenById": grant.by,
                "givenByName": None if grant.by is None else names.get(grant.by),
                "notRecordedBefore": grant.known_from,
            }
            for role, grant in sorted(given[row["userId"]].items())
        ]
    return rows


async def begin_export(uow: UnitOfWork, filters: AccessFilters) -> None:
    given = filters.model_dump(mode="json", by_alias=True, exclude_none=True)
    await record_audit(
        uow, action="access_review.export", resource_type="access_review", resource_id=None, detail={"filter": given}
    )


async def lines(db: Database, filters: AccessFilters) -> AsyncIterator[str]:
    """The file, a line for each role of each account."""
    yield BYTE_ORDER_MARK + csv_line(COLUMNS)
    after: list[Any] | None = None
    while True:
        async with db.reader() as reader:
            rows = await review(reader, limit=EXPORT_BATCH, after=after, filters=filters)
        yield "".join(csv_line(_cells(row, grant)) for row in rows[:EXPORT_BATCH] for grant in row["roles"])
        if len(rows) <= EXPORT_BATCH:
            return
        after = [rows[EXPORT_BATCH - 1]["sortKey"], rows[EXPORT_BATCH - 1]["userId"]]


def _cells(row: Row, grant: dict[str, Any]) -> list[Any]:
    values = row | grant
    return [_text(values[name]) for name in COLUMNS]


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else value
