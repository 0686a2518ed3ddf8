"""Copies of users and customers: what this service knows of them, and how it learns what it does not know yet."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from services.contracts.states import CustomerState, UserState
from services.contracts.topics import CUSTOMER_EVENTS, USER_EVENTS
from services.kit.db.database import Database, Row, UnitOfWork
from services.kit.errors import NotFound
from services.kit.events.consumer import Consumer
from services.kit.events.copies import CopyTable
from services.kit.events.envelope import Envelope
from services.kit.trust.internal import InternalClient

CONSUMER_NAME: Final = "opportunity.references"

USERS: Final = CopyTable(
    table="user_copies",
    topic=USER_EVENTS,
    columns={"name": "name", "email": "email", "state": "state", "manager_id": "managerId", "roles": "roles"},
    deleted_events={"user.deleted": {"state": UserState.DELETED}},
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
        "profile_complete": "profileComplete",
        "profile_reviewed_at": "profileReviewedAt",
    },
    deleted_events={"customer.deleted": {"state": CustomerState.DELETED}},
)


async def _apply(uow: UnitOfWork, envelopes: list[Envelope]) -> None:
    await USERS.apply(uow, envelopes)
    await CUSTOMERS.apply(uow, envelopes)


def consumer(db: Database, bootstrap: str) -> Consumer:
    """Keeps the copies up to date from the events of users and customers."""
    return Consumer(db, bootstrap=bootstrap, name=CONSUMER_NAME, topics=[USER_EVENTS, CUSTOMER_EVENTS], apply=_apply)


class References:
    """Looks people and customers up in the copies; asks their owner once for one that is missing."""

    def __init__(self, internal: InternalClient) -> None:
        self._internal = internal

    async def user(self, uow: UnitOfWork, user_id: UUID) -> Row | None:
        """The copy; None if auth knows no such user either. Raises Unavailable if auth can't be asked."""
        try:
            return await USERS.require(uow, user_id, self._fetch_user)
        except NotFound:
            return None

    async def customer(self, uow: UnitOfWork, customer_id: UUID) -> Row | None:
        try:
            return await CUSTOMERS.require(uow, customer_id, self._fetch_customer)
        except NotFound:
            return None

    async def _fetch_user(self, user_id: UUID) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = await self._internal.get("auth", f"/internal/users/{user_id}")
        return found

    async def _fetch_customer(self, customer_id: UUID) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = await self._internal.get("customer", f"/internal/customers/{customer_id}")
        return found
