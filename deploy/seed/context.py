"""The databases and people that the seeding works with.

Everything is written through the services' own rules, at the time it is told to have happened: versions, events,
audit entries and hash chains are therefore those that users would have left, and every invariant holds.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from uuid import UUID

from services.contracts.permissions import permissions_of
from services.customer.references import USERS as CUSTOMER_USERS
from services.customer.references import UserDirectory
from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.envelope import Envelope
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.ids import new_id
from services.kit.running.settings import ServiceSettings
from services.kit.trust.internal import InternalClient, InternalTokens
from services.kit.trust.principal import Principal
from services.opportunity import references as opportunity_references
from services.sales_activity import references as sales_references

SERVICES = ("auth", "customer", "sales_activity", "opportunity")


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    name: str
    principal: Principal


@dataclass(slots=True)
class SeedContext:
    databases: dict[str, Database]
    random: Random
    users: UserDirectory
    directory: sales_references.Directory
    references: opportunity_references.References
    people: dict[str, Person] = field(default_factory=dict)
    _copied: dict[str, int] = field(default_factory=dict)

    @asynccontextmanager
    async def work(self, service: str) -> AsyncIterator[UnitOfWork]:
        """One transaction; `acting` says who does what in it, and when."""
        async with self.databases[service].transaction(ActorContext.system()) as uow:
            yield uow

    async def spread_copies(self) -> None:
        """What the consumers would do: hand new events of users and customers to the services that keep copies."""
        users, customers = await self._new_events("auth"), await self._new_events("customer")
        async with self.work("customer") as uow:
            await CUSTOMER_USERS.apply(uow, users)
        for service, references in (("sales_activity", sales_references), ("opportunity", opportunity_references)):
            async with self.work(service) as uow:
                await references.USERS.apply(uow, users)
                await references.CUSTOMERS.apply(uow, customers)

    async def _new_events(self, service: str) -> list[Envelope]:
        async with self.databases[service].reader() as reader:
            rows = await reader.all(
                "SELECT seq, event_id, event_type, created_at AS timestamp, data, aggregate_id, aggregate_version"
                " FROM outbox WHERE seq > %s AND aggregate_version IS NOT NULL ORDER BY seq",
                [self._copied.get(service, 0)],
            )
        if rows:
            self._copied[service] = rows[-1]["seq"]
        return [Envelope.model_validate(row) for row in rows]


@contextmanager
def acting(uow: UnitOfWork, person: Person | None, at: datetime) -> Iterator[None]:
    """What happens inside is done by this person at that instant; None is the system itself."""
    uow.context = ActorContext(
        actor_id=None if person is None else person.id,
        roles=frozenset() if person is None else person.principal.roles,
    )
    with clock.travel(at=at):
        yield


def principal(user_id: UUID, roles: frozenset[str]) -> Principal:
    return Principal(
        user_id=user_id,
        roles=roles,
        permissions=frozenset(permissions_of(roles)),
        session_id=new_id(),
        issued_at=0.0,
        expires_at=0.0,
        token_id="seed",  # noqa: S106 - no token was ever issued for it
    )


@asynccontextmanager
async def open_context(settings: ServiceSettings, seed: int) -> AsyncIterator[SeedContext]:
    """Raises MissingSettingError or psycopg.OperationalError when a database is out of reach."""
    async with AsyncExitStack() as stack:
        databases = {}
        for service in SERVICES:
            database = Database(settings.database_url_for(service), name=service)
            databases[service] = await stack.enter_async_context(database)
        # Nothing is asked over HTTP: every copy is spread before it is needed.
        internal = InternalClient(settings, InternalTokens(settings, "seed"))
        yield SeedContext(
            databases,
            Random(seed),  # noqa: S311 - the same data each time is the point
            UserDirectory(databases["customer"], internal),
            sales_references.Directory(databases["sales_activity"], internal),
            opportunity_references.References(databases["opportunity"], internal),
        )
