"""The one row of what the firm sets."""

from datetime import datetime
from uuid import UUID

from services.kit.db.database import Reader, Row, UnitOfWork

_VIEW = (
    "SELECT s.attachment_max_bytes, s.attachments_per_request, s.retention_years, s.abandoned_draft_days, s.version,"
    " s.updated_by, u.name AS updated_by_name, s.updated_at FROM firm_settings s"
    " LEFT JOIN user_copies u ON u.id = s.updated_by"
)


async def read(reader: Reader) -> Row:
    row = await reader.one(_VIEW)
    assert row is not None, "the migration has made it"
    return row


async def lock(uow: UnitOfWork) -> Row:
    row = await uow.one(f"{_VIEW} FOR UPDATE OF s")
    assert row is not None, "the migration has made it"
    return row


async def update(uow: UnitOfWork, values: Row, *, by: UUID | None, at: datetime) -> None:
    """``values``: what is set, by its columns."""
    await uow.execute(
        "UPDATE firm_settings SET attachment_max_bytes = %(attachment_max_bytes)s,"
        " attachments_per_request = %(attachments_per_request)s, retention_years = %(retention_years)s,"
        " abandoned_draft_days = %(abandoned_draft_days)s, version = version + 1, updated_by = %(by)s,"
        " updated_at = %(at)s",
        values | {"by": by, "at": at},
    )
