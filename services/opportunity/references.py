"""Copies of users, departments and customers: what this service knows of them, and how it learns what it does not
know yet."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from services.contracts.states import CustomerState, UserState
from services.contracts.topics import CUSTOMER_EVENTS, DEPARTMENT_EVENTS, USER_EVENTS
from services.kit.db.database import Database, Row, UnitOfWork
from services.kit.events.consumer import Consumer
from services.kit.events.copies import CopyTable, Owners, Source
from services.kit.events.envelope import Envelope
from services.kit.running.peers.kafka import Bootstrap
from services.kit.trust.internal import InternalClient

CONSUMER_NAME: Final = "opportunity.references"

USERS: Final = CopyTable(
    table="user_copies",
    topic=USER_EVENTS,
    columns={
        "name": "name",
        "email": "email",
        "state": "state",
        "manager_id": "managerId",
        "department_id": "departmentId",
        "roles": "roles",
    },
    deleted_events={"user.deleted": {"state": UserState.DELETED}},
    owner=Source("auth", "/internal/users", "userId"),
)
DEPARTMENTS: Final = CopyTable(
    table="department_copies",
    topic=DEPARTMENT_EVENTS,
    columns={"name": "name", "parent_id": "parentId", "head_id": "headId", "deleted": "deleted"},
    owner=Source("auth", "/internal/departments", "departmentId"),
)
CUSTOMERS: Final = CopyTable(
    table="customer_copies",
    topic=CUSTOMER_EVENTS,
    columns={
        "name": "name",
        "kind": "kind",
        "relationship": "relationship",
        "state": "state",
        "assigned_sales_id": "assignedSalesId",
        "birth_date": "birthDate",
        "risk_tolerance": "riskTolerance",
        "assets_band": "assetsBand",
        "income_band": "incomeBand",
        "objectives": "objectives",
        "experience": "experience",
        "horizon": "horizon",
        "fund_source": "fundSource",
        "investor_class": "investorClass",
        "profile_complete": "profileComplete",
        "profile_reviewed_at": "profileReviewedAt",
    },
    deleted_events={"customer.deleted": {"state": CustomerState.DELETED}},
    owner=Source("customer", "/internal/customers", "customerId"),
)


async def _apply(uow: UnitOfWork, envelopes: list[Envelope]) -> None:
    await USERS.apply(uow, envelopes)
    await DEPARTMENTS.apply(uow, envelopes)
    await CUSTOMERS.apply(uow, envelopes)


def consumer(db: Database, bootstrap: Bootstrap) -> Consumer:
    """Keeps the copies up to date from the events of users, departments and customers."""
    topics = [USER_EVENTS, DEPARTMENT_EVENTS, CUSTOMER_EVENTS]
    return Consumer(db, bootstrap=bootstrap, name=CONSUMER_NAME, topics=topics, apply=_apply)


class References:
    """Looks people, departments and customers up in the copies; asks their owner for those that are missing, all of one
    kind in one call.

    All methods raise OutsideFirst for what is missing, and Unavailable if the owner can't be asked.
    """

    def __init__(self, db: Database, internal: InternalClient) -> None:
        self._owners = Owners(db, internal)

    async def users(self, uow: UnitOfWork, user_ids: Iterable[UUID]) -> dict[UUID, Row]:
        """The copies by id, without those that auth does not know either."""
        return await USERS.require(uow, self._owners, user_ids)

    async def user(self, uow: UnitOfWork, user_id: UUID) -> Row | None:
        return (await self.users(uow, [user_id])).get(user_id)

    async def departments(self, uow: UnitOfWork, department_ids: Iterable[UUID]) -> dict[UUID, Row]:
        """Those asked for, those above them and the heads of all; without what auth does not know either."""
        found: dict[UUID, Row] = {}
        wanted = set(department_ids)
        while wanted:
            rows = await DEPARTMENTS.require(uow, self._owners, wanted)
            found |= rows
            wanted = {row["parent_id"] for row in rows.values() if row["parent_id"] is not None} - found.keys()
        await self.users(uow, {row["head_id"] for row in found.values() if row["head_id"] is not None})
        return found

    async def requester(self, uow: UnitOfWork, user_id: UUID, others: Iterable[UUID] = ()) -> Row | None:
        """A user with all that routes may ask about them: their departments and who heads these. ``others``: users to
        be known as well."""
        row = (await self.users(uow, {user_id, *others})).get(user_id)
        if row is not None and row["department_id"] is not None:
            await self.departments(uow, [row["department_id"]])
        return row

    async def customer(self, uow: UnitOfWork, customer_id: UUID) -> Row | None:
        return (await CUSTOMERS.require(uow, self._owners, [customer_id])).get(customer_id)
