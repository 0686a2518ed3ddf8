"""The services' databases and consumers, for commands that look at all of them."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from services.analytics import consumer as analytics
from services.auth import references as auth
from services.customer import references as customer
from services.kit.db.database import Database
from services.kit.events.consumer import Consumer
from services.kit.running.peers.kafka import Bootstrap
from services.kit.running.settings import ServiceSettings
from services.opportunity import references as opportunity
from services.sales_activity import references as sales_activity

CONSUMERS: Final[dict[str, Callable[[Database, Bootstrap], Sequence[Consumer]]]] = {
    "auth": lambda db, bootstrap: [auth.consumer(db, bootstrap=bootstrap)],
    "customer": lambda db, bootstrap: customer.consumers(db, bootstrap),
    "sales_activity": lambda db, bootstrap: [sales_activity.consumer(db, bootstrap)],
    "opportunity": lambda db, bootstrap: [opportunity.consumer(db, bootstrap)],
    "analytics": lambda db, bootstrap: [analytics.consumer(db, bootstrap)],
}
SERVICES: Final = tuple(CONSUMERS)
CONNECTIONS: Final = 2
"""A command needs few; the services need the others."""


@asynccontextmanager
async def databases(
    settings: ServiceSettings, services: Iterable[str] = SERVICES
) -> AsyncIterator[dict[str, Database]]:
    """Open databases by service."""
    async with AsyncExitStack() as stack:
        yield {
            service: await stack.enter_async_context(
                Database(
                    settings.database_url_for(service), name=service, read_size=CONNECTIONS, write_size=CONNECTIONS
                )
            )
            for service in services
        }
