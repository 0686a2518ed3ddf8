"""People, customers and records of the sales activity service under test."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.kit.db.database import Database
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.ids import new_id
from tests.support.http import Answer, ServiceClient, TestIssuer, new_key

SYSTEM = ActorContext.system()


@dataclass(frozen=True)
class Person:
    id: UUID
    token: str


class World:
    """Copies are written as the consumer would; everything else goes over HTTP."""

    def __init__(self, client: ServiceClient, issuer: TestIssuer) -> None:
        self.client = client
        self.db: Database = client.kit.db
        self._issuer = issuer
        self.owners: dict[str, list[dict[str, Any]]] = {}
        """What auth and customer answer, by path; nothing by default."""
        client.kit.internal.get = self._ask_owner  # type: ignore[method-assign,assignment]

    async def _ask_owner(self, _service: str, path: str, _params: Sequence[tuple[str, str]] = ()) -> Any:
        return {"items": self.owners.get(path, [])}

    async def person(self, *roles: str, manager: Person | None = None, state: str = "ACTIVE") -> Person:
        user_id = new_id()
        async with self.db.transaction(SYSTEM) as uow:
            await uow.execute(
                "INSERT INTO user_copies (id, name, state, manager_id, roles, aggregate_version)"
                " VALUES (%s, %s, %s, %s, %s, 1)",
                [user_id, "佐藤 健", state, manager.id if manager else None, list(roles)],
            )
        return Person(user_id, self._issuer.token(user_id, roles))

    async def customer(self, assigned: Person, *, state: str = "ACTIVE") -> UUID:
        customer_id = new_id()
        async with self.db.transaction(SYSTEM) as uow:
            await uow.execute(
                "INSERT INTO customer_copies (id, name, kind, state, assigned_sales_id, aggregate_version)"
                " VALUES (%s, '山田太郎', 'INDIVIDUAL', %s, %s, 1)",
                [customer_id, state, assigned.id],
            )
        return customer_id

    async def create_task(self, by: Person, **fields: Any) -> Answer:
        body = {"title": "目論見書を送付する"} | fields
        return await self.client.post("/tasks", plain(body), token=by.token, key=new_key())

    async def task(self, by: Person, **fields: Any) -> dict[str, Any]:
        answer = await self.create_task(by, **fields)
        assert answer.status == 201, answer.json
        created: dict[str, Any] = answer.json
        return created

    async def create_meeting(self, by: Person, customer_id: UUID, **fields: Any) -> Answer:
        body = {"customerId": customer_id, "title": "定期面談", **period(), **fields}
        return await self.client.post("/meetings", plain(body), token=by.token, key=new_key())

    async def meeting(self, by: Person, customer_id: UUID, **fields: Any) -> dict[str, Any]:
        answer = await self.create_meeting(by, customer_id, **fields)
        assert answer.status == 201, answer.json
        created: dict[str, Any] = answer.json
        return created

    async def change_task(self, by: Person, task: dict[str, Any], **fields: Any) -> Answer:
        names = ("customerId", "title", "description", "priority", "dueDate", "leadHours", "userId")
        body = {name: task[name] for name in names} | fields
        return await self.client.put(f"/tasks/{task['id']}", plain(body), token=by.token, if_match=task["version"])

    async def set_status(self, by: Person, task: dict[str, Any], status: str) -> Answer:
        return await self.client.patch(f"/tasks/{task['id']}/status", {"status": status}, token=by.token, key=new_key())

    async def rows(self, statement: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        async with self.db.reader() as reader:
            return await reader.all(statement, params)

    async def events(self, aggregate_id: UUID | str) -> list[str]:
        """Types of the events about a record, in order, without the audit's."""
        rows = await self.rows(
            "SELECT event_type FROM outbox WHERE aggregate_id = %s AND topic = 'sales.events' ORDER BY seq",
            [aggregate_id],
        )
        return [row["event_type"] for row in rows]

    async def intents(self, task_id: UUID | str) -> list[str]:
        """What Temporal is to be told about a task's timer, in order."""
        rows = await self.rows("SELECT kind FROM intents WHERE workflow_id = %s ORDER BY seq", [f"task-due:{task_id}"])
        return [row["kind"] for row in rows]


def period(start: timedelta = timedelta(days=1), length: timedelta = timedelta(hours=1)) -> dict[str, Any]:
    begins = clock.now() + start
    return {"startsAt": begins.isoformat(), "endsAt": (begins + length).isoformat()}


def in_hours(hours: float) -> str:
    return (clock.now() + timedelta(hours=hours)).isoformat()


def plain(body: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, UUID) else value for name, value in body.items()}
