"""This service's copies of users."""

from typing import Final
from uuid import UUID

from services.contracts.topics import USER_EVENTS
from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.consumer import Consumer
from services.kit.events.copies import CopyTable, Owners, Source
from services.kit.trust.internal import InternalClient

CONSUMER_NAME: Final = "customer.references"

USERS: Final = CopyTable(
    table="user_copies",
    topic=USER_EVENTS,
    columns={"name": "name", "email": "email", "state": "state", "manager_id": "managerId", "roles": "roles"},
    owner=Source("auth", "/internal/users", "userId"),
)


def consumer(db: Database, bootstrap: str) -> Consumer:
    """Keeps the copies as new as the events."""
    return Consumer(db, bootstrap=bootstrap, name=CONSUMER_NAME, topics=[USER_EVENTS], apply=USERS.apply)


class UserDirectory:
    """Makes sure that a copy is there before a rule looks at it: one call to auth if it is not."""

    def __init__(self, db: Database, internal: InternalClient) -> None:
        self._owners = Owners(db, internal)

    async def ensure(self, uow: UnitOfWork, user_id: UUID) -> None:
        """Nothing happens if auth doesn't know the user either: then there is no copy. Raises OutsideFirst."""
        await USERS.require(uow, self._owners, [user_id])
