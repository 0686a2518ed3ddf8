"""Copies of users and customers: fed by events, fetched when missing."""

from typing import Any
from uuid import UUID

from services.contracts.states import CustomerState
from services.kit.events.envelope import Envelope
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.sales_activity import references
from tests.services.sales_activity.world import SYSTEM, World


def customer_event(customer: UUID, version: int, kind: str, **fields: Any) -> Envelope:
    data = {"customerId": str(customer), "name": "鈴木商事", "kind": "CORPORATE", "state": "ACTIVE"} | fields
    return Envelope(
        event_id=new_id(),
        event_type=kind,
        timestamp=clock.now(),
        data=data,
        aggregate_id=customer,
        aggregate_version=version,
    )


async def test_the_newest_version_of_a_customer_wins_and_fences_stay(world: World) -> None:
    rep = await world.person("rep")
    customer = new_id()
    deleted = customer_event(customer, 3, "customer.deleted", state="DELETED", assignedSalesId=str(rep.id))
    created = customer_event(customer, 1, "customer.created", assignedSalesId=str(rep.id))
    async with world.db.transaction(SYSTEM) as uow:
        await references.apply(uow, [deleted])
        await uow.execute("UPDATE customer_copies SET blocked_by_process = id")
        await references.apply(uow, [created])
    copies = await world.rows("SELECT name, state, assigned_sales_id, blocked_by_process FROM customer_copies")
    assert [tuple(copy.values()) for copy in copies] == [("鈴木商事", CustomerState.DELETED, rep.id, customer)]


async def test_a_missing_copy_costs_one_question_to_its_owner(world: World) -> None:
    rep = await world.person("rep")
    customer = new_id()
    world.owners["/internal/customers"] = [
        {
            "customerId": str(customer),
            "aggregateVersion": 4,
            "name": "鈴木商事",
            "kind": "CORPORATE",
            "state": "ACTIVE",
            "assignedSalesId": str(rep.id),
        }
    ]
    assert (await world.create_task(rep, customerId=customer)).status == 201
    world.owners.clear()
    again = await world.create_task(rep, customerId=customer)
    assert (again.status, again.json["customerName"]) == (201, "鈴木商事")


async def test_an_owner_that_does_not_answer_is_503_and_nothing_is_done(world: World) -> None:
    rep = await world.person("rep")
    del world.client.kit.internal.get
    answer = await world.create_task(rep, customerId=new_id())
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert await world.rows("SELECT id FROM tasks") == []
