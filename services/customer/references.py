"""This service's copies of users, of whom approval requests name, and of who stands in for whom."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.contracts.events.approval import with_named_approvers
from services.contracts.events.proxy import ProxyEnded
from services.contracts.topics import APPROVAL_EVENTS, USER_EVENTS
from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.consumer import Consumer
from services.kit.events.copies import CopyTable, Owners, Source
from services.kit.events.envelope import Envelope
from services.kit.events.facts import FactTable
from services.kit.running.peers.kafka import Bootstrap
from services.kit.trust.internal import InternalClient

CONSUMER_NAME: Final = "customer.references"
PROXIES_CONSUMER: Final = "customer.proxies"
"""One of its own, that begins at the first event: the other one has passed those of the past already."""

USERS: Final = CopyTable(
    table="user_copies",
    topic=USER_EVENTS,
    columns={"name": "name", "email": "email", "state": "state", "manager_id": "managerId", "roles": "roles"},
    owner=Source("auth", "/internal/users", "userId"),
)


REQUESTS: Final = CopyTable(
    table="request_copies",
    topic=APPROVAL_EVENTS,
    columns={"customer_id": "customerId", "state": "state", "approver_ids": "approverIds"},
)
"""Who may read a customer because a request about them names this approver, in whichever stage."""
PROXIES: Final = FactTable(
    table="proxy_copies",
    prefix="proxy.",
    columns={"from_id": "fromId", "to_id": "toId", "starts_at": "startsAt", "ends_at": "endsAt"},
    ended_by=frozenset({ProxyEnded.event_type}),
)
"""Who reads, in a period, what those may read in whose place they decide."""


async def apply(uow: UnitOfWork, envelopes: Sequence[Envelope]) -> None:
    await USERS.apply(uow, envelopes)
    await REQUESTS.apply(uow, with_named_approvers(envelopes))


async def apply_proxies(uow: UnitOfWork, envelopes: Sequence[Envelope]) -> None:
    await PROXIES.apply(uow, envelopes)


def consumers(db: Database, bootstrap: Bootstrap) -> list[Consumer]:
    """Keep the copies as new as the events."""
    return [
        Consumer(db, bootstrap=bootstrap, name=CONSUMER_NAME, topics=[USER_EVENTS, APPROVAL_EVENTS], apply=apply),
        Consumer(db, bootstrap=bootstrap, name=PROXIES_CONSUMER, topics=[APPROVAL_EVENTS], apply=apply_proxies),
    ]


class UserDirectory:
    """Makes sure that a copy is there before a rule looks at it: one call to auth if it is not."""

    def __init__(self, db: Database, internal: InternalClient) -> None:
        self._owners = Owners(db, internal)

    async def ensure(self, uow: UnitOfWork, user_id: UUID) -> None:
        """Nothing happens if auth doesn't know the user either: then there is no copy. Raises OutsideFirst."""
        await USERS.require(uow, self._owners, [user_id])
