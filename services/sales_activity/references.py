"""This service's copies of users and customers: kept up to date from events, fetched from the owner when missing."""

from typing import Final
from uuid import UUID

from services.contracts.topics import CUSTOMER_EVENTS, USER_EVENTS
from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import NotFound
from services.kit.events.consumer import Consumer
from services.kit.events.copies import CopyTable
from services.kit.events.envelope import Envelope
from services.kit.trust.internal import InternalClient

CONSUMER: Final = "sales_activity.references"

USERS: Final = CopyTable(
    table="user_copies",
    topic=USER_EVENTS,
    columns={"name": "name", "email": "email", "state": "state", "manager_id": "managerId", "roles": "roles"},
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
)


async def apply(uow: UnitOfWork, envelopes: list[Envelope]) -> None:
    """A deleted customer or user only changes its copy here: what becomes of their work is the process's business."""
    await USERS.apply(uow, envelopes)
    await CUSTOMERS.apply(uow, envelopes)


def consumer(db: Database, bootstrap: str) -> Consumer:
    return Consumer(db, bootstrap=bootstrap, name=CONSUMER, topics=[USER_EVENTS, CUSTOMER_EVENTS], apply=apply)


class Directory:
    """Makes sure that a copy is there before a rule looks at it: one synchronous GET to the owner if it is not.

    Raises Unavailable if the owner can't be asked. If the owner has no such record, there is no copy afterwards.
    """

    def __init__(self, internal: InternalClient) -> None:
        self._internal = internal

    async def ensure_user(self, uow: UnitOfWork, user_id: UUID) -> None:
        try:
            await USERS.require(uow, user_id, lambda key: self._internal.get("auth", f"/internal/users/{key}"))
        except NotFound:
            return

    async def ensure_customer(self, uow: UnitOfWork, customer_id: UUID) -> None:
        try:
            await CUSTOMERS.require(
                uow, customer_id, lambda key: self._internal.get("customer", f"/internal/customers/{key}")
            )
        except NotFound:
            return
