"""An analytics database, and the app on it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from uuid import UUID, uuid4

import pytest

from services.analytics import consumer
from services.contracts.events.user import UserCreated
from services.kit.db.database import Database
from services.kit.events.envelope import Envelope
from services.kit.running import clock
from services.kit.running.context import ActorContext
from tests.services.analytics.world import envelope
from tests.support.http import ServiceClient

Consume = Callable[[Sequence[Envelope]], Awaitable[None]]


@pytest.fixture
async def db(fresh_database: Callable[[str], str]) -> AsyncIterator[Database]:
    async with Database(fresh_database("analytics"), name="analytics") as opened:
        yield opened


@pytest.fixture
async def client(service_client: Callable[[str], Awaitable[ServiceClient]]) -> ServiceClient:
    return await service_client("analytics")


def consuming(client: ServiceClient) -> Consume:
    """Applies events to the database of a running app, as its worker would."""

    async def apply(events: Sequence[Envelope]) -> None:
        async with client.kit.db.transaction(ActorContext.system()) as uow:
            await consumer.apply(uow, list(events))

    return apply


@pytest.fixture
def consume(client: ServiceClient) -> Consume:
    return consuming(client)


def person(
    *roles: str,
    user_id: UUID | None = None,
    manager_id: UUID | None = None,
    state: str = "ACTIVE",
    name: str = "佐藤 美咲",
) -> Envelope:
    """A user's first event."""
    user_id = user_id or uuid4()
    payload = UserCreated.model_validate(
        {
            "user_id": user_id,
            "name": name,
            "email": "someone@ringi.example",
            "state": state,
            "manager_id": manager_id,
            "roles": list(roles),
        }
    )
    return envelope(payload, user_id, 1, clock.now())
