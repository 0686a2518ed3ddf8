"""Queries about single meetings and lists of them."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.text.search import matching
from services.sales_activity.access import Viewer
from services.sales_activity.record import MeetingRecord
from services.sales_activity.repository.pages import Listing
from services.sales_activity.repository.scopes import of_people, of_team, visible_meetings, ways_to_see_meetings

_VIEW = """
    m.id, m.customer_id AS "customerId", c.name AS "customerName", m.user_id AS "userId", u.name AS "userName",
    m.attendee_ids AS "attendeeIds", m.title, m.starts_at AS "startsAt", m.ends_at AS "endsAt", m.place, m.agenda,
    m.outcome, m.next_step AS "nextStep", m.state, m.version, m.created_at AS "createdAt", m.updated_at AS "updatedAt"
"""
_JOINS = """
    LEFT JOIN customer_copies AS c ON c.id = m.customer_id LEFT JOIN user_copies AS u ON u.id = m.user_id
"""
_FILTERS = {
    "customer_id": "m.customer_id = %(customer_id)s",
    "user_id": "m.user_id = %(user_id)s",
    "team_of": of_team("m"),
    "state": "m.state = %(state)s",
    "starts_after": "m.starts_at >= %(starts_after)s",
    "starts_before": "m.starts_at < %(starts_before)s",
}
_SEARCH_TEXT = "meeting_search_text(m.title, m.agenda, m.outcome)"


async def view(reader: Reader, meeting_id: UUID, viewer: Viewer) -> Row | None:
    """The meeting as the API shows it, None if it isn't there or the viewer may not see it."""
    return await reader.one(
        f"SELECT {_VIEW} FROM meetings AS m {_JOINS}"  # noqa: S608
        f" WHERE m.id = %(id)s AND m.deleted_at IS NULL AND {visible_meetings(viewer)}",
        viewer.params | {"id": meeting_id},
    )


async def listed(
    reader: Reader,
    viewer: Viewer,
    *,
    filters: Mapping[str, Any],
    by_start: bool,
    descending: bool,
    after: tuple[Any, UUID] | None,
    limit: int,
) -> list[Row]:
    """`limit` + 1 rows after the key (start or creation, id)."""
    key = "m.starts_at" if by_start else "m.created_at"
    conditions = ["m.deleted_at IS NULL"]
    conditions += [_FILTERS[name] for name, value in filters.items() if value is not None and name != "q"]
    params: dict[str, Any] = {**filters, **viewer.params, "limit": limit + 1}
    if filters.get("q") is not None:
        found, looked_for = matching(filters["q"], _SEARCH_TEXT, f"search_grams({_SEARCH_TEXT})")
        conditions += found
        params |= looked_for
    if after is not None:
        conditions.append(f"({key}, m.id) {'<' if descending else '>'} (%(after)s, %(after_id)s)")
        params |= {"after": after[0], "after_id": after[1]}
    listing = Listing("meetings", "m", key, ways_to_see_meetings(viewer), conditions, descending)
    return await reader.all(listing.statement(_VIEW, _JOINS), params)


async def insert(uow: UnitOfWork, values: Mapping[str, Any]) -> MeetingRecord:
    row = await uow.one(
        "INSERT INTO meetings (id, customer_id, user_id, attendee_ids, title, starts_at, ends_at, place, agenda,"
        " outcome, next_step, state, version, event_version, created_by, created_at, updated_at)"
        " VALUES (%(id)s, %(customer_id)s, %(user_id)s, %(attendee_ids)s, %(title)s, %(starts_at)s, %(ends_at)s,"
        " %(place)s, %(agenda)s, %(outcome)s, %(next_step)s, %(state)s, 1, 1, %(created_by)s, %(now)s, %(now)s)"
        " RETURNING *",
        values,
    )
    assert row is not None
    return MeetingRecord.from_row(row)


async def lock(uow: UnitOfWork, meeting_id: UUID, reader: Viewer, writer: Viewer) -> tuple[MeetingRecord, bool] | None:
    """The locked meeting, and whether it is in the writer's reach; None if it isn't there or may not be seen."""
    row = await uow.one(
        f"SELECT m.*, {of_people(writer, 'm')} AS writable FROM meetings AS m"  # noqa: S608
        f" WHERE m.id = %(id)s AND m.deleted_at IS NULL AND {visible_meetings(reader)} FOR UPDATE OF m",
        reader.params | {"id": meeting_id},
    )
    return None if row is None else (MeetingRecord.from_row(row), row["writable"])


async def update(uow: UnitOfWork, meeting: MeetingRecord, now: datetime) -> MeetingRecord:
    """Writes what people edit."""
    row = await uow.one(
        "UPDATE meetings SET customer_id = %(customer_id)s, user_id = %(user_id)s, attendee_ids = %(attendee_ids)s,"
        " title = %(title)s, starts_at = %(starts_at)s, ends_at = %(ends_at)s, place = %(place)s, agenda = %(agenda)s,"
        " outcome = %(outcome)s, next_step = %(next_step)s, state = %(state)s, version = version + 1,"
        " updated_at = %(now)s WHERE id = %(id)s RETURNING *",
        asdict(meeting) | {"now": now},
    )
    assert row is not None
    return MeetingRecord.from_row(row)


async def delete(uow: UnitOfWork, meeting_id: UUID, now: datetime) -> MeetingRecord:
    row = await uow.one(
        "UPDATE meetings SET deleted_at = %(now)s, version = version + 1, updated_at = %(now)s"
        " WHERE id = %(id)s RETURNING *",
        {"id": meeting_id, "now": now},
    )
    assert row is not None
    return MeetingRecord.from_row(row)
