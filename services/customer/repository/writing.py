"""Rows as rules need them: locked, inserted, changed."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from services.contracts.processes import CustomerDeletionStep
from services.customer.access import Viewer
from services.customer.record import COLUMNS, CustomerRecord
from services.customer.repository.reading import DOCUMENT, within
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork

CUSTOMERS: Final = "customers"
USER_COPIES: Final = "user_copies"

FIELDS: Final = (
    *("name", "name_kana", "kind", "email", "phone", "birth_date", "occupation", "relationship"),
    *("assigned_sales_id", "tags", "notes", "profile"),
)
_COLUMNS: Final = ", ".join(f"c.{name}" for name in COLUMNS.split(", "))
_INSERT: Final = (
    f"INSERT INTO customers AS c (id, {', '.join(FIELDS)}, state, version, event_version, created_by, created_at,"  # noqa: S608
    f" updated_at) VALUES (%(id)s, {', '.join(f'%({name})s' for name in FIELDS)}, %(state)s, 1, 1, %(actor_id)s,"
    f" %(now)s, %(now)s) RETURNING {DOCUMENT} AS document"
)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Parameters: the profile as JSON text."""
    if values.get("profile") is None:
        return values
    return values | {"profile": orjson.dumps(values["profile"]).decode()}


async def lock(uow: UnitOfWork, customer_id: UUID) -> CustomerRecord | None:
    row = await uow.one(f"SELECT {_COLUMNS} FROM customers c WHERE c.id = %s FOR UPDATE", [customer_id])  # noqa: S608
    return None if row is None else CustomerRecord.from_row(row)


async def lock_with_rights(
    uow: UnitOfWork, customer_id: UUID, reader: Viewer, writer: Viewer
) -> tuple[CustomerRecord, bool, bool] | None:
    """The locked customer, whether it is in the reader's reach, and whether in the writer's."""
    row = await uow.one(
        f"SELECT {_COLUMNS}, {within(reader)} AS readable, {within(writer)} AS writable"  # noqa: S608
        " FROM customers c WHERE c.id = %(id)s FOR UPDATE",
        reader.params | {"id": customer_id},
    )
    return None if row is None else (CustomerRecord.from_row(row), row["readable"], row["writable"])


async def rights(reads: Reader, customer_id: UUID, reader: Viewer, writer: Viewer) -> tuple[bool, bool] | None:
    """Whether the customer is in the reader's reach, and in the writer's; nothing is locked."""
    row = await reads.one(
        f"SELECT {within(reader)} AS readable, {within(writer)} AS writable"  # noqa: S608
        " FROM customers c WHERE c.id = %(id)s",
        reader.params | {"id": customer_id},
    )
    return None if row is None else (row["readable"], row["writable"])


async def find_all(reader: Reader, customer_ids: Sequence[UUID]) -> list[Row]:
    """Record columns and `event_version`, unlocked, of those that are here."""
    statement = f"SELECT {_COLUMNS}, c.event_version FROM customers c WHERE c.id = ANY(%s)"  # noqa: S608
    return await reader.all(statement, [list(customer_ids)])


async def insert(uow: UnitOfWork, values: dict[str, Any]) -> str:
    """The new customer as the API shows it."""
    document: str = await uow.scalar(_INSERT, _plain(values))
    return document


async def insert_profile(uow: UnitOfWork, customer_id: UUID, profile: dict[str, Any], now: Any) -> None:
    await uow.execute(
        "INSERT INTO customer_profiles (customer_id, version, profile, reviewed_at, reviewed_by, created_at)"
        " VALUES (%s, %s, %s::jsonb, %s, %s, %s)",
        [
            customer_id,
            profile["version"],
            orjson.dumps(profile).decode(),
            profile["reviewedAt"],
            profile["reviewedBy"],
            now,
        ],
    )


async def update(uow: UnitOfWork, customer_id: UUID, changes: dict[str, Any], now: Any) -> CustomerRecord:
    """Change content: the content version rises."""
    assert set(changes) <= set(FIELDS)
    assignments = ", ".join(f"{name} = %({name})s" for name in changes)
    row = await uow.one(
        f"UPDATE customers AS c SET {assignments}, version = version + 1, updated_at = %(now)s WHERE id = %(id)s"  # noqa: S608
        f" RETURNING {_COLUMNS}",
        _plain(changes) | {"id": customer_id, "now": now},
    )
    assert row is not None
    return CustomerRecord.from_row(row)


async def move(uow: UnitOfWork, customer_id: UUID, changes: dict[str, Any]) -> CustomerRecord:
    """Change the life cycle: the content version stays."""
    assert set(changes) <= {"state", "process_id", "deletion_process_id", "generation", "deleted_at"}
    assignments = ", ".join(f"{name} = %({name})s" for name in changes)
    row = await uow.one(
        f"UPDATE customers AS c SET {assignments} WHERE id = %(id)s RETURNING {_COLUMNS}",  # noqa: S608
        changes | {"id": customer_id},
    )
    assert row is not None
    return CustomerRecord.from_row(row)


async def lock_assignee(uow: UnitOfWork, user_id: UUID) -> Row | None:
    """The copy of a user, held against a coming fence: `state`, `roles` and `blocked_by_process`."""
    return await uow.one("SELECT state, roles, blocked_by_process FROM user_copies WHERE id = %s FOR SHARE", [user_id])


async def is_open(reader: Reader, process_id: UUID) -> bool:
    """Whether the process has not ended yet."""
    return bool(await reader.scalar("SELECT true FROM processes WHERE id = %s AND finished_at IS NULL", [process_id]))


async def rows_brought_back_from(reader: Reader, deletion_process_id: UUID) -> int:
    """How many rows a restore will touch: those that the deletion hid, and the requests that it cancelled."""
    return int(
        await reader.scalar(
            "SELECT coalesce(sum(done), 0) FROM process_steps WHERE process_id = %s AND name = ANY(%s)",
            [deletion_process_id, [CustomerDeletionStep.HIDE_ACTIVITIES, CustomerDeletionStep.CANCEL_APPROVALS]],
        )
    )
