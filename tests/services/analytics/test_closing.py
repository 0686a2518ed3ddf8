"""A notice that still asks for what is over sends people after work that nobody needs."""

from contextlib import aclosing
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.analytics import consumer
from services.analytics.notifications import stream
from services.analytics.notifications.stream import NotificationHub
from services.contracts.events import approval, sales
from services.contracts.events.customer import CustomerAssigned, CustomerCreated
from services.kit.db.database import Database
from services.kit.events.envelope import Envelope, EventPayload
from services.kit.processes.events import ProcessCompleted, ProcessNeedsAttention
from services.kit.running import clock
from services.kit.running.context import ActorContext
from tests.services.analytics.conftest import Consume
from tests.services.analytics.test_notifications import APPROVER, OPS, OTHER, PEOPLE, REP, Inbox, Request
from tests.services.analytics.test_stream import allowed, parsed
from tests.services.analytics.world import Aggregate, World, envelope
from tests.support.http import ServiceClient, TestIssuer

DONE = {"waiting_for": [], "decided_at": clock.now()}
ENDS: list[tuple[type[EventPayload], dict[str, object]]] = [
    (approval.ApprovalApproved, {"state": "APPROVED", "acted_by": APPROVER, **DONE}),
    (approval.ApprovalRejected, {"state": "REJECTED", "acted_by": APPROVER, **DONE}),
    (approval.ApprovalReturned, {"state": "RETURNED", "acted_by": APPROVER, "waiting_for": []}),
    (approval.ApprovalRecalled, {"state": "RECALLED", **DONE}),
    (approval.ApprovalCancelled, {"state": "CANCELLED", **DONE}),
]


async def unread(client: ServiceClient, issuer: TestIssuer, person: UUID) -> list[str]:
    counted = (await client.get("/notifications/unread", token=issuer.token(person, ["rep"]))).json
    assert counted["count"] == len(counted["items"])
    return [item["type"] for item in counted["items"]]


@pytest.mark.parametrize(("payload", "changes"), ENDS, ids=[payload.event_type for payload, _ in ENDS])
async def test_what_somebody_else_ended_waits_for_nobody_any_more(
    client: ServiceClient, issuer: TestIssuer, consume: Consume, payload: type[EventPayload], changes: dict[str, object]
) -> None:
    request = Request()
    await consume([*PEOPLE, request.emit(approval.ApprovalRequested, REP)])
    assert await unread(client, issuer, OTHER) == ["APPROVAL_WAITING"]
    await consume([request.emit(payload, APPROVER, **changes)])
    assert await unread(client, issuer, OTHER) == []
    kept = await Inbox(client, issuer, OTHER).items()
    assert [item["readAt"] is not None for item in kept] == [True]


async def test_a_vote_closes_the_voters_notice_and_leaves_the_others(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    request = Request()
    await consume([*PEOPLE, request.emit(approval.ApprovalRequested, REP)])
    await consume([request.emit(approval.ApprovalUpdated, APPROVER, waiting_for=[OTHER], acted_by=APPROVER)])
    assert await unread(client, issuer, APPROVER) == []
    assert await unread(client, issuer, OTHER) == ["APPROVAL_WAITING"]


async def test_a_hold_ends_nothing(client: ServiceClient, issuer: TestIssuer, consume: Consume) -> None:
    request = Request()
    await consume([*PEOPLE, request.emit(approval.ApprovalRequested, REP)])
    await consume([request.emit(approval.ApprovalHeld, None, state="ON_HOLD", waiting_for=[])])
    assert await unread(client, issuer, OTHER) == ["APPROVAL_WAITING"]


async def test_what_was_returned_asks_for_nothing_once_it_was_submitted_again(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    request = Request()
    returned = {"state": "RETURNED", "acted_by": APPROVER, "waiting_for": []}
    await consume([*PEOPLE, request.emit(approval.ApprovalRequested, REP)])
    await consume([request.emit(approval.ApprovalReturned, APPROVER, **returned)])
    assert await unread(client, issuer, REP) == ["APPROVAL_RETURNED"]
    again = {"state": "PENDING", "revision": 2, "waiting_for": [APPROVER]}
    await consume([request.emit(approval.ApprovalResubmitted, REP, **again)])
    assert (await unread(client, issuer, REP), await unread(client, issuer, APPROVER)) == ([], ["APPROVAL_WAITING"])


async def test_an_event_that_comes_after_the_end_asks_nobody(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    request = Request()
    asked = request.emit(approval.ApprovalRequested, REP)
    decided = request.emit(approval.ApprovalApproved, APPROVER, state="APPROVED", acted_by=APPROVER, **DONE)
    await consume([*PEOPLE, decided])
    await consume([asked])
    assert await unread(client, issuer, OTHER) == []


class Task:
    """A task of the rep's that a manager made, and that falls due soon."""

    def __init__(self) -> None:
        self.id, self.due = uuid4(), clock.now() + timedelta(hours=3)
        self.world = World(0)
        self.aggregate = Aggregate("task", self.id, {}, at=clock.now())

    def emit(self, payload: type[EventPayload], **changes: object) -> Envelope:
        return self.world.emit(self.aggregate, payload, clock.now(), **changes)

    def made(self) -> list[Envelope]:
        created = self.emit(
            sales.TaskCreated,
            task_id=self.id,
            customer_id=None,
            user_id=REP,
            title="目論見書を送付する",
            state="OPEN",
            priority="NORMAL",
            due_date=self.due,
            lead_hours=24,
            created_at=clock.now(),
        )
        soon = sales.TaskDueSoon(
            task_id=self.id, title="目論見書を送付する", due_date=self.due, user_id=REP, customer_id=None
        )
        return [*PEOPLE, created, envelope(soon, self.id, None, clock.now())]


@pytest.mark.parametrize(
    ("payload", "changes", "left"),
    [
        (sales.TaskDeleted, {"deleted": True}, []),
        (sales.TaskCompleted, {"state": "COMPLETED", "completed_at": clock.now()}, []),
        (sales.TaskUpdated, {"state": "CANCELLED"}, []),
        (sales.TaskUpdated, {"user_id": OTHER}, []),
        (sales.TaskUpdated, {"due_date": clock.now() + timedelta(days=9)}, ["TASK_ASSIGNED"]),
        (sales.TaskUpdated, {"title": "別の件名"}, ["TASK_ASSIGNED", "TASK_DUE_SOON"]),
    ],
)
async def test_notices_of_a_task_last_as_long_as_there_is_something_to_do(
    client: ServiceClient,
    issuer: TestIssuer,
    consume: Consume,
    payload: type[EventPayload],
    changes: dict[str, object],
    left: list[str],
) -> None:
    task = Task()
    await consume(task.made())
    assert sorted(await unread(client, issuer, REP)) == ["TASK_ASSIGNED", "TASK_DUE_SOON"]
    await consume([task.emit(payload, **changes)])
    assert sorted(await unread(client, issuer, REP)) == left


async def test_a_customer_who_was_handed_on_is_no_longer_announced_to_the_first(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    world = World(0)
    customer = Aggregate("customer", uuid4(), {}, at=clock.now())
    fields = {"customer_id": customer.id, "name": "顧客", "kind": "CORPORATE", "relationship": "CLIENT"}
    created = world.emit(
        customer, CustomerCreated, clock.now(), state="ACTIVE", assigned_sales_id=REP, created_at=clock.now(), **fields
    )
    await consume([*PEOPLE, created])
    assert await unread(client, issuer, REP) == ["CUSTOMER_ASSIGNED"]
    await consume([world.emit(customer, CustomerAssigned, clock.now(), assigned_sales_id=OTHER)])
    assert (await unread(client, issuer, REP), await unread(client, issuer, OTHER)) == ([], ["CUSTOMER_ASSIGNED"])


async def test_a_process_that_ended_needs_nobodys_attention(
    client: ServiceClient, issuer: TestIssuer, consume: Consume
) -> None:
    process = Aggregate("process", uuid4(), {}, at=clock.now())
    fields = {
        "process_id": process.id,
        "workflow_id": "customer-deletion:1",
        "type": "customer_deletion",
        "resource_id": uuid4(),
        "actor_id": REP,
        "detail": None,
        "steps": [],
        "progress": {"done": 0, "total": 1},
        "started_at": clock.now(),
        "finished_at": None,
    }
    world = World(0)
    stuck = world.emit(process, ProcessNeedsAttention, clock.now(), status="NEEDS_ATTENTION", **fields)
    await consume([*PEOPLE, stuck])
    assert await unread(client, issuer, OPS) == ["PROCESS_NEEDS_ATTENTION"]
    ended = {"status": "COMPLETED", "finished_at": clock.now()}
    await consume([world.emit(process, ProcessCompleted, clock.now(), **ended)])
    assert await unread(client, issuer, OPS) == []


async def test_the_live_stream_tells_that_nothing_waits_any_more(db: Database) -> None:
    hub = NotificationHub(db)
    await hub.start()
    request = Request()

    async def consumed(*events: Envelope) -> None:
        async with db.transaction(ActorContext.system()) as uow:
            await consumer.apply(uow, list(events))

    await consumed(*PEOPLE, request.emit(approval.ApprovalRequested, REP))
    counts: list[int] = []
    async with aclosing(stream.events(db, hub, OTHER, "ja", None, allowed)) as chunks:
        async for chunk in chunks:
            event = parsed(chunk)
            if event is None or event[0] != "unread":
                continue
            counts.append(event[1]["count"])
            if counts == [1]:
                decided = {"state": "APPROVED", "acted_by": APPROVER, **DONE}
                await consumed(request.emit(approval.ApprovalApproved, APPROVER, **decided))
            if len(counts) == 2:
                break
    await hub.stop()
    assert counts == [1, 0]
