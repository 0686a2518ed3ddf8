"""The list of processes: complete for those who run the system, own for the others."""

from typing import Any
from uuid import UUID, uuid4

from services.contracts.events import approval, customer
from services.kit.events.envelope import Envelope, EventPayload
from services.kit.processes.events import ProcessCompleted, ProcessStarted, ProcessStepCompleted
from services.kit.running import clock
from tests.services.analytics.conftest import Consume, person
from tests.services.analytics.test_notifications import Request
from tests.services.analytics.world import envelope
from tests.support.http import ServiceClient, TestIssuer

REP, OTHER, MANAGER, ADMIN = (uuid4() for _ in range(4))


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


def owned(customer_id: UUID, rep: UUID, *, version: int = 1, **changes: Any) -> Envelope:
    fields: dict[str, Any] = {
        "customer_id": customer_id,
        "name": "顧客",
        "kind": "CORPORATE",
        "relationship": "CLIENT",
        "state": "ACTIVE",
        "assigned_sales_id": rep,
        "created_at": clock.now(),
    }
    payload = customer.CustomerCreated if version == 1 else customer.CustomerUpdated
    return envelope(payload.model_validate(fields | changes), customer_id, version, clock.now())


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


async def named(client: ServiceClient, token: str) -> dict[str, tuple[str | None, str | None]]:
    """By resource: its name, and that of who started the process."""
    items = await listed(client, token)
    return {item["resourceId"]: (item["resourceName"], item["actorName"]) for item in items}


async def test_names_show_to_whoever_may_read_the_customer_or_user(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    ours, theirs = uuid4(), uuid4()
    await consume(
        [
            person("manager", user_id=MANAGER, name="加藤 健一"),
            person("rep", user_id=REP, manager_id=MANAGER, name="佐藤 美咲"),
            person("rep", user_id=OTHER, name="鈴木 一郎"),
            owned(ours, REP, name="青葉会", state="DELETING"),
            owned(theirs, OTHER, name="北海フーズ"),
        ]
    )
    await consume(
        [
            process(ProcessStarted, 1, uuid4(), ours, actor_id=MANAGER),
            process(ProcessStarted, 1, uuid4(), theirs, actor_id=MANAGER),
            process(ProcessStarted, 1, uuid4(), OTHER, type="user_deletion", actor_id=None),
        ]
    )
    whole = {
        str(ours): ("青葉会", "加藤 健一"),
        str(theirs): ("北海フーズ", "加藤 健一"),
        str(OTHER): ("鈴木 一郎", None),
    }
    for role in ("admin", "auditor"):
        assert await named(client, issuer.token(uuid4(), [role])) == whole
    # Having started a process does not open a customer who has gone to another team.
    assert await named(client, issuer.token(MANAGER, ["manager"])) == {
        str(ours): ("青葉会", "加藤 健一"),
        str(theirs): (None, "加藤 健一"),
    }
    assert await named(client, issuer.token(REP, ["rep"])) == {str(ours): ("青葉会", "加藤 健一")}
    # Operators see every process, and no record of a customer or user.
    assert set((await named(client, issuer.token(uuid4(), ["ops"]))).values()) == {(None, None)}
    # An operator who also sells reads their own customers' names, not everybody's.
    both = await named(client, issuer.token(OTHER, ["ops", "rep"]))
    assert both == whole | {str(ours): (None, "加藤 健一")}


async def test_a_name_is_the_present_one_and_goes_with_the_customer(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    customer_id, unknown = uuid4(), uuid4()
    token = issuer.token(uuid4(), ["admin"])
    await consume([process(ProcessStarted, 1, uuid4(), item) for item in (customer_id, unknown)])
    assert await named(client, token) == {str(customer_id): (None, None), str(unknown): (None, None)}
    await consume([owned(customer_id, REP, name="旧社名"), owned(customer_id, REP, version=2, name="新社名")])
    assert (await named(client, token))[str(customer_id)] == ("新社名", None)
    await consume([owned(customer_id, REP, version=3, name="新社名", state="PURGED")])
    assert (await named(client, token))[str(customer_id)] == (None, None)


async def test_an_approval_shows_the_number_of_its_request(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    request = Request()
    number = request.fields["number"]
    sent = process(ProcessStarted, 1, uuid4(), request.id, type="approval", actor_id=REP)
    await consume([person("rep", user_id=REP), request.emit(approval.ApprovalRequested, REP), sent])
    assert await named(client, issuer.token(REP, ["rep"])) == {str(request.id): (number, "佐藤 美咲")}
    assert await named(client, issuer.token(uuid4(), ["ops"])) == {str(request.id): (number, None)}


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
