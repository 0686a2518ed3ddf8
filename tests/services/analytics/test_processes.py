"""The list of processes: complete for those who run the system, own for the others."""

from typing import Any
from uuid import UUID, uuid4

from services.contracts.events import customer
from services.kit import clock
from services.kit.envelope import Envelope, EventPayload, ProcessCompleted, ProcessStarted, ProcessStepCompleted
from tests.services.analytics.conftest import Consume, person
from tests.services.analytics.world import envelope
from tests.support.http import ServiceClient, TestIssuer

REP, OTHER, ADMIN = (uuid4() for _ in range(3))


def process(payload: type[EventPayload], version: int, process_id: UUID, resource_id: UUID, **changes: Any) -> Envelope:
    fields: dict[str, Any] = {
        "process_id": process_id,
        "workflow_id": f"customer-deletion:{resource_id}:1",
        "type": "customer_deletion",
        "resource_id": resource_id,
        "actor_id": ADMIN,
        "status": "RUNNING",
        "steps": [{"name": "request", "status": "DONE"}],
        "progress": {"done": version, "total": 4},
        "started_at": clock.now(),
    }
    return envelope(payload.model_validate(fields | changes), process_id, version, clock.now())


def owned(customer_id: UUID, rep: UUID) -> Envelope:
    payload = customer.CustomerCreated.model_validate(
        {
            "customer_id": customer_id,
            "name": "顧客",
            "kind": "CORPORATE",
            "relationship": "CLIENT",
            "state": "ACTIVE",
            "assigned_sales_id": rep,
            "created_at": clock.now(),
        }
    )
    return envelope(payload, customer_id, 1, clock.now())


async def listed(client: ServiceClient, token: str, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get("/processes", token=token, params=params)
    assert answer.status == 200, answer.json
    items: list[dict[str, Any]] = answer.json["items"]
    return items


async def test_the_newest_state_stays_whatever_order_events_come_in(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    process_id, resource_id = uuid4(), uuid4()
    await consume([process(ProcessCompleted, 3, process_id, resource_id, status="COMPLETED", finished_at=clock.now())])
    await consume([process(ProcessStarted, 1, process_id, resource_id, status="REQUESTED")])
    await consume([process(ProcessStepCompleted, 2, process_id, resource_id)])
    items = await listed(client, issuer.token(ADMIN, ["admin"]))
    assert [(item["id"], item["status"], item["progress"]) for item in items] == [
        (str(process_id), "COMPLETED", {"done": 3, "total": 4})
    ]


async def test_a_rep_sees_processes_of_their_own_customers_and_those_they_started(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    mine, theirs = uuid4(), uuid4()
    started = uuid4()
    await consume([person("rep", user_id=REP), person("rep", user_id=OTHER), owned(mine, REP), owned(theirs, OTHER)])
    await consume([process(ProcessStarted, 1, uuid4(), mine), process(ProcessStarted, 1, uuid4(), theirs)])
    await consume([process(ProcessStarted, 1, uuid4(), started, type="user_deletion", actor_id=REP)])
    assert {item["resourceId"] for item in await listed(client, issuer.token(REP, ["rep"]))} == {
        str(mine),
        str(started),
    }
    assert {item["resourceId"] for item in await listed(client, issuer.token(OTHER, ["rep"]))} == {str(theirs)}
    for role in ("ops", "auditor", "admin"):
        assert len(await listed(client, issuer.token(uuid4(), [role]))) == 3


async def test_filters_and_pages(client: ServiceClient, issuer: TestIssuer, consume: Consume) -> None:
    await consume([process(ProcessStarted, 1, uuid4(), uuid4()) for _ in range(5)])
    done = uuid4()
    await consume([process(ProcessCompleted, 2, uuid4(), done, status="COMPLETED", finished_at=clock.now())])
    token = issuer.token(ADMIN, ["ops"])
    assert [item["resourceId"] for item in await listed(client, token, status="COMPLETED")] == [str(done)]
    assert [item["resourceId"] for item in await listed(client, token, resourceId=str(done))] == [str(done)]
    assert len(await listed(client, token, open="true")) == 5
    assert len(await listed(client, token, open="false", type="customer_deletion")) == 1
    assert await listed(client, token, type="user_deletion") == []
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = (await client.get("/processes", token=token, params=params)).json
        seen += [item["id"] for item in answer["items"]]
        if (cursor := answer["nextCursor"]) is None:
            break
    assert len(seen) == len(set(seen)) == 6
