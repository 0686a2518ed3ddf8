"""The customer service with a small sales team: a manager with two reps, and people around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.contracts.permissions import Role
from services.contracts.states import UserState
from services.kit.db.database import Database
from services.kit.running.context import ActorContext
from tests.support.http import Answer, ServiceClient, StartService, TestIssuer, new_key


@dataclass(frozen=True)
class Person:
    id: UUID
    roles: tuple[Role, ...]
    token: str


@dataclass
class Team:
    """Who calls the service. `outsider` is a rep of another manager."""

    client: ServiceClient
    issuer: TestIssuer
    people: dict[str, Person] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    """What opportunity says of whom requests name, by path; all else is 404 there."""
    asked: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Person:
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def db(self) -> Database:
        return self.client.kit.db

    def answer_for_opportunity(self) -> None:
        """Whom requests name; all other services are away."""
        real = self.client.kit.internal.get

        async def get(service: str, path: str, params: Mapping[str, str] | None = None) -> Any:
            if service != "opportunity" or "/approvers/" not in path:
                return await real(service, path, params)
            self.asked.append(path)
            return self.answers.get(path)

        self.client.kit.internal.get = get  # type: ignore[method-assign]

    async def join(
        self,
        name: str,
        *roles: Role,
        manager: Person | None = None,
        state: UserState = UserState.ACTIVE,
        known: bool = True,
    ) -> Person:
        """A person with a token; `known`: the service has their copy already."""
        person = Person(uuid4(), roles, "")
        person = Person(person.id, roles, self.issuer.token(person.id, roles))
        self.people[name] = person
        if known:
            await self.execute(
                "INSERT INTO user_copies (id, name, email, state, manager_id, roles, aggregate_version)"
                " VALUES (%s, %s, %s, %s, %s, %s, 1)",
                [person.id, name, f"{name}@ringi.example", state, manager and manager.id, [str(r) for r in roles]],
            )
        return person

    async def execute(self, statement: str, params: Sequence[Any] = ()) -> None:
        async with self.db.transaction(ActorContext.system()) as uow:
            await uow.execute(statement, params)

    async def rows(self, statement: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        async with self.db.reader() as reader:
            return await reader.all(statement, params)

    async def create(self, person: Person | None = None, **body: Any) -> dict[str, Any]:
        """A customer as the API answers it; the rep's unless told otherwise."""
        token = (person or self.rep).token
        answer = await self.client.post("/customers", {"name": "山田 太郎"} | body, token=token, key=new_key())
        assert answer.status == 201, answer.json
        created: dict[str, Any] = answer.json
        return created

    async def events(self, customer_id: Any, *, topic: str = "customer.events") -> list[dict[str, Any]]:
        return await self.rows(
            "SELECT event_type, aggregate_version, actor_id, process_id, data FROM outbox"
            " WHERE aggregate_id = %s AND topic = %s ORDER BY seq",
            [customer_id, topic],
        )

    async def put(self, customer: dict[str, Any], person: Person | None = None, **changes: Any) -> Answer:
        return await self.client.put(
            f"/customers/{customer['id']}",
            changes,
            token=(person or self.rep).token,
            if_match=customer["version"],
        )


@pytest.fixture
async def team(service_client: StartService, issuer: TestIssuer) -> Team:
    team = Team(await service_client("customer"), issuer)
    team.answer_for_opportunity()
    manager = await team.join("manager", Role.MANAGER)
    await team.join("rep", Role.REP, manager=manager)
    await team.join("rep2", Role.REP, manager=manager)
    other = await team.join("other_manager", Role.MANAGER)
    await team.join("outsider", Role.REP, manager=other)
    await team.join("admin", Role.ADMIN)
    await team.join("auditor", Role.AUDITOR)
    await team.join("approver", Role.APPROVER)
    await team.join("ops", Role.OPS)
    return team
