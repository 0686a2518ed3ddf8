"""People, customers and requests of the opportunity service under test."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson
from temporalio.testing import ActivityEnvironment

from activities.ledger.handlers import LedgerActivities
from activities.opportunity.handlers import OpportunityActivities
from services.contracts.steps import SweepResult
from services.kit.db.database import Database
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.ids import new_id
from tests.support.http import Answer, ServiceClient, TestIssuer, new_key
from tests.support.kind_fields import filled_in

T = TypeVar("T")

SYSTEM = ActorContext.system()


@dataclass(frozen=True)
class Person:
    id: UUID
    name: str
    token: str


def plain(body: Any) -> Any:
    """As JSON would carry it: ids and times as text."""
    return orjson.loads(orjson.dumps(body, option=orjson.OPT_UTC_Z))


def stage(name: str, *people: Person, mode: str = "ANY", **more: Any) -> dict[str, Any]:
    """A stage as a request names it."""
    return {"name": name, "approverIds": [person.id for person in people], "mode": mode} | more


class World:
    """Copies are written as the consumer would; everything else goes over HTTP."""

    system = SYSTEM

    def __init__(
        self,
        client: ServiceClient,
        issuer: TestIssuer,
        steps: OpportunityActivities | None = None,
        ledger: LedgerActivities | None = None,
    ) -> None:
        self.client = client
        self._steps = steps
        self._ledger = ledger
        self.db: Database = client.kit.db
        self._issuer = issuer

    async def person(
        self, *roles: str, name: str = "佐藤 健", manager: Person | None = None, state: str = "ACTIVE"
    ) -> Person:
        user_id = new_id()
        await self.know(user_id, *roles, name=name, manager=manager, state=state)
        return Person(user_id, name, self._issuer.token(user_id, roles))

    def renewed(self, person: Person, *roles: str) -> Person:
        """The same with a token of now, for tests that travel in time."""
        return replace(person, token=self._issuer.token(person.id, roles))

    async def know(
        self,
        user_id: UUID,
        *roles: str,
        name: str = "佐藤 健",
        manager: Person | None = None,
        state: str = "ACTIVE",
    ) -> None:
        """The copy of a user whom another service made."""
        async with self.db.transaction(SYSTEM) as uow:
            await uow.execute(
                "INSERT INTO user_copies (id, name, state, manager_id, roles, aggregate_version)"
                " VALUES (%s, %s, %s, %s, %s, 1)",
                [user_id, name, state, manager.id if manager else None, list(roles)],
            )

    async def department(
        self, name: str, *members: Person, head: Person | None = None, parent: UUID | None = None
    ) -> UUID:
        department_id = new_id()
        async with self.db.transaction(SYSTEM) as uow:
            await uow.execute(
                "INSERT INTO department_copies (id, name, parent_id, head_id, aggregate_version)"
                " VALUES (%s, %s, %s, %s, 1)",
                [department_id, name, parent, head.id if head else None],
            )
            ids = [member.id for member in members]
            await uow.execute("UPDATE user_copies SET department_id = %s WHERE id = ANY(%s)", [department_id, ids])
        return department_id

    async def customer(
        self,
        assigned: Person,
        *,
        born: date | None = date(1980, 5, 17),
        reviewed: datetime | None = None,
        state: str = "ACTIVE",
    ) -> UUID:
        customer_id = new_id()
        async with self.db.transaction(SYSTEM) as uow:
            await uow.execute(
                "INSERT INTO customer_copies (id, name, kind, relationship, state, assigned_sales_id, birth_date,"
                " profile_complete, profile_reviewed_at, aggregate_version)"
                " VALUES (%s, '山田太郎', 'INDIVIDUAL', 'CLIENT', %s, %s, %s, true, %s, 1)",
                [customer_id, state, assigned.id, born, reviewed or clock.now()],
            )
        return customer_id

    async def create(self, by: Person, **fields: Any) -> Answer:
        body = filled_in({"kind": "FEE_DISCOUNT", "title": "手数料の減額"} | fields)
        return await self.client.post("/approvals", plain(body), token=by.token, key=new_key())

    async def request(self, by: Person, *approvers: Person, **fields: Any) -> dict[str, Any]:
        """A submitted request with one stage that any of the approvers decides, unless ``stages`` says otherwise."""
        if approvers:
            fields = {"stages": [{"name": "承認", "approverIds": [person.id for person in approvers]}]} | fields
        answer = await self.create(by, **fields)
        assert answer.status == 201, answer.json
        created: dict[str, Any] = answer.json
        return created

    async def act(
        self, by: Person, approval: dict[str, Any], action: str, *, key: str | None = None, **body: Any
    ) -> Answer:
        """PATCH of one action: approve, reject, return, recall, resubmit, reassign, cancel, submit."""
        path = f"/approvals/{approval['id']}/{action}"
        return await self.client.patch(path, plain(body), token=by.token, key=key)

    async def get(self, by: Person, approval: dict[str, Any]) -> dict[str, Any]:
        answer = await self.client.get(f"/approvals/{approval['id']}", token=by.token)
        assert answer.status == 200, answer.json
        shown: dict[str, Any] = answer.json
        return shown

    async def inbox(self, person: Person) -> list[str]:
        """The numbers of what waits for them."""
        answer = await self.client.get("/approvals/pending", token=person.token)
        return [item["number"] for item in answer.json["items"]]

    async def history(self, by: Person, approval: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self.client.get(f"/approvals/{approval['id']}/history", token=by.token)
        assert answer.status == 200, answer.json
        entries: list[dict[str, Any]] = answer.json["items"]
        return entries

    @property
    def steps(self) -> OpportunityActivities:
        assert self._steps is not None, "this world has no worker"
        return self._steps

    async def run(self, step: Callable[[Any], Awaitable[T]], call: Any) -> T:
        """One call of a step of a process, as Temporal would make it."""
        answer: T = await ActivityEnvironment().run(step, call)
        return answer

    async def reconcile(self) -> SweepResult:
        assert self._ledger is not None
        return await ActivityEnvironment().run(self._ledger.reconcile_processes)

    async def rows(self, statement: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        async with self.db.reader() as reader:
            return await reader.all(statement, params)
