"""The databases that a world's events came from: their rows as they are after the last event."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from services.contracts import money
from services.kit.db.database import Database
from services.kit.running.context import ActorContext
from services.opportunity import amounts
from tests.services.analytics.world import World

Rows = Sequence[Mapping[str, Any]]
_HIDDEN = ("DELETED", "PURGING", "PURGED")


def last_of(world: World, kind: str) -> list[dict[str, Any]]:
    """The data of the newest event of each aggregate of a kind, with its version."""
    newest: dict[Any, dict[str, Any]] = {}
    for event in sorted(world.events, key=lambda event: event.aggregate_version or 0):
        if event.event_type.startswith(f"{kind}."):
            newest[event.aggregate_id] = event.data | {"version": event.aggregate_version, "at": event.timestamp}
    return list(newest.values())


async def fill_customers(db: Database, world: World) -> None:
    await _insert(db, "user_copies", _users(world))
    await _insert(
        db,
        "customers",
        [
            {
                "id": c["customerId"],
                "name": c["name"],
                "kind": c["kind"],
                "relationship": c["relationship"],
                "assigned_sales_id": c["assignedSalesId"],
                "state": c["state"],
                "deleted_at": c["at"] if c["state"] in _HIDDEN else None,
                "version": 1,
                "event_version": c["version"],
                "created_at": c["createdAt"],
                "updated_at": c["at"],
            }
            for c in last_of(world, "customer")
        ],
    )


async def fill_activities(db: Database, world: World) -> None:
    await _insert(db, "user_copies", _users(world))
    customers = [
        {
            "id": c["customerId"],
            "name": c["name"],
            "kind": c["kind"],
            "state": c["state"],
            "assigned_sales_id": c["assignedSalesId"],
            "aggregate_version": c["version"],
        }
        for c in last_of(world, "customer")
    ]
    await _insert(db, "customer_copies", customers)
    common = {"id", "customerId", "userId", "title", "state", "createdAt"}
    for table, kind, own in (
        ("meetings", "meeting", {"startsAt": "starts_at", "endsAt": "ends_at"}),
        ("tasks", "task", {"dueDate": "due_date", "completedAt": "completed_at", "priority": "priority"}),
    ):
        rows = [
            {_snake(name): row[name] for name in common - {"id"}}
            | {column: row[name] for name, column in own.items()}
            | {
                "id": row[f"{kind}Id"],
                "deleted_at": row["at"] if row["deleted"] else None,
                "version": 1,
                "event_version": row["version"],
                "updated_at": row["at"],
            }
            for row in last_of(world, kind)
        ]
        await _insert(db, table, rows)


async def fill_requests(db: Database, world: World) -> None:
    await _insert(db, "user_copies", _users(world))
    requests = last_of(world, "approval")
    await _insert(
        db,
        "approvals",
        [
            {_snake(name): row[name] for name in _REQUEST}
            | amounts.to_row(money.of_json(row["amount"]))
            | {
                "id": row["approvalId"],
                "number": f"RNG-2026-{number:06}",
                "description": "",
                "stages": json.dumps(row["stages"]),
                "approved_by": [],
                "flags": [],
                "history_length": 0,
                "history_head": "",
                "version": 1,
                "event_version": row["version"],
                "updated_at": row["at"],
            }
            for number, row in enumerate(requests)
        ],
    )
    participants = {
        (user_id, row["approvalId"], relation, row["createdAt"])
        for row in requests
        for user_id, relation in [
            (row["requesterId"], "REQUESTER"),
            (row["ownerId"], "OWNER"),
            *((approver, "APPROVER") for stage in row["stages"] for approver in stage["approverIds"]),
        ]
    }
    columns = ("user_id", "approval_id", "relation", "created_at")
    rows = [dict(zip(columns, values, strict=True)) for values in participants]
    await _insert(db, "approval_participants", rows)


_REQUEST = (
    *("customerId", "requesterId", "ownerId", "kind", "title", "currency", "state", "generation"),
    *("revision", "stage", "previousId", "deadlineAt", "submittedAt", "decidedAt", "createdAt"),
)


def _users(world: World) -> Rows:
    return [
        {
            "id": user["userId"],
            "name": user["name"],
            "state": user["state"],
            "manager_id": user["managerId"],
            "roles": user["roles"],
            "aggregate_version": user["version"],
        }
        for user in last_of(world, "user")
    ]


def _snake(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name)


async def _insert(db: Database, table: str, rows: Rows) -> None:
    columns = list(rows[0])
    places = ", ".join(f"%({column})s" for column in columns)
    async with db.transaction(ActorContext.system()) as uow:
        for row in rows:
            await uow.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", row)  # noqa: S608
