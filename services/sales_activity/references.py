"""This service's copies of users and customers: kept up to date from events, fetched from the owner when missing. Whom
approval requests name, and who stands in for them, comes from events alone."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from services.contracts.events.approval import with_named_approvers
from services.contracts.events.proxy import ProxyEnded
from services.contracts.topics import APPROVAL_EVENTS, CUSTOMER_EVENTS, USER_EVENTS
from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.consumer import Consumer
from services.kit.events.copies import CopyTable, Owners, Source
from services.kit.events.envelope import Envelope
from services.kit.events.facts import FactTable
from services.kit.running.peers.kafka import Bootstrap
from services.kit.trust.internal import InternalClient

CONSUMER: Final = "sales_activity.references"

USERS: Final = CopyTable(
    table="user_copies",
    topic=USER_EVENTS,
    columns={"name": "name", "email": "email", "state": "state", "manager_id": "managerId", "roles": "roles"},
    owner=Source("auth", "/internal/users", "userId"),
)
CUSTOMERS: Final = CopyTable(
    table="customer_copies",
    topic=CUSTOMER_EVENTS,
    columns={
        "name": "name",
        "kind": "kind",
        "state": "state",
        "assigned_sales_id": "assignedSalesId",
        "birth_date": "birthDate",
        "risk_tolerance": "riskTolerance",
    },
    owner=Source("customer", "/internal/customers", "customerId"),
)
REQUESTS: Final = CopyTable(
    table="request_copies",
    topic=APPROVAL_EVENTS,
    columns={"customer_id": "customerId", "state": "state", "approver_ids": "approverIds"},
)
"""Who may read what was done for a customer, because a request about them names this approver, in whichever stage."""
PROXIES: Final = FactTable(
    table="proxy_copies",
    prefix="proxy.",
    columns={"from_id": "fromId", "to_id": "toId", "starts_at": "startsAt", "ends_at": "endsAt"},
    ended_by=frozenset({ProxyEnded.event_type}),
)


async def apply(uow: UnitOfWork, envelopes: Sequence[Envelope]) -> None:
    """A deleted customer or user only changes its copy here: what becomes of their work is the process's business."""
    await USERS.apply(uow, envelopes)
    await CUSTOMERS.apply(uow, envelopes)
    await REQUESTS.apply(uow, with_named_approvers(envelopes))
    await PROXIES.apply(uow, envelopes)


def consumer(db: Database, bootstrap: Bootstrap) -> Consumer:
    topics = [USER_EVENTS, CUSTOMER_EVENTS, APPROVAL_EVENTS]
    return Consumer(db, bootstrap=bootstrap, name=CONSUMER, topics=topics, apply=apply)


class Directory:
    """Makes sure that copies are there before a rule looks at them: one call to the owner for those that are missing.

    Raises OutsideFirst for them, and Unavailable if the owner can't be asked. If the owner has no such record, there
    is no copy afterwards.
    """

    def __init__(self, db: Database, internal: InternalClient) -> None:
        self._owners = Owners(db, internal)

    async def ensure_users(self, uow: UnitOfWork, user_ids: Iterable[UUID]) -> None:
        await USERS.require(uow, self._owners, user_ids)

    async def ensure_user(self, uow: UnitOfWork, user_id: UUID) -> None:
        await self.ensure_users(uow, [user_id])

    async def ensure_customer(self, uow: UnitOfWork, customer_id: UUID) -> None:
        await CUSTOMERS.require(uow, self._owners, [customer_id])
