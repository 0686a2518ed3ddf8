"""Copies of users, customers and requests: for rights, for the names that reports, notifications and processes show."""

from collections.abc import Sequence
from typing import Final

from services.contracts import topics
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.copies import CopyTable
from services.kit.events.envelope import Envelope

USERS: Final = CopyTable(
    table="user_copies",
    topic=topics.USER_EVENTS,
    columns={"name": "name", "state": "state", "manager_id": "managerId", "roles": "roles"},
)
CUSTOMERS: Final = CopyTable(
    table="customer_copies",
    topic=topics.CUSTOMER_EVENTS,
    columns={"name": "name", "state": "state", "assigned_sales_id": "assignedSalesId"},
)
APPROVALS: Final = CopyTable(table="approval_copies", topic=topics.APPROVAL_EVENTS, columns={"number": "number"})


async def apply(uow: UnitOfWork, events: Sequence[Envelope]) -> None:
    await USERS.apply(uow, events)
    await CUSTOMERS.apply(uow, events)
    await APPROVALS.apply(uow, events)
