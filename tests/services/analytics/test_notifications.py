"""Somebody is told too much, too little, or what is none of their business."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from services.contracts.events import approval, customer, sales
from services.contracts.states import NotificationType
from services.kit.events.envelope import Envelope, EventPayload
from services.kit.processes.events import ProcessCompleted, ProcessNeedsAttention, ProcessStarted
from services.kit.running import clock
from tests.services.analytics.conftest import Consume, person
from tests.services.analytics.world import envelope
from tests.support.http import ServiceClient, TestIssuer, new_key

REP, APPROVER, OTHER, MANAGER, OPS, ADMIN = (uuid4() for _ in range(6))
PEOPLE = [
    person("rep", user_id=REP),
    person("approver", user_id=APPROVER),
    person("approver", user_id=OTHER),
    person("manager", user_id=MANAGER),
    person("ops", user_id=OPS),
    person("admin", user_id=ADMIN),
]


class Request:
    """A request whose events are emitted one after the other."""

    def __init__(self) -> None:
        self.id, self.version = uuid4(), 0
        self.fields: dict[str, Any] = {
            "approval_id": self.id,
            "number": "RNG-2026-000412",
            "customer_id": None,
            "requester_id": REP,
            "owner_id": REP,
            "kind": "FEE_DISCOUNT",
            "title": "特別手数料率の適用(投資信託 3口)",
            "amount": 128_000_000,
            "currency": "JPY",
            "state": "PENDING",
            "generation": 1,
            "revision": 1,
            "stage": 0,
            "stages": [{"name": "課長", "approver_ids": [APPROVER, OTHER], "mode": "ALL"}],
            "waiting_for": [APPROVER, OTHER],
            "created_at": clock.now(),
        }

    def emit(self, payload: type[EventPayload], actor: UUID | None, **changes: Any) -> Envelope:
        self.fields |= changes
        self.version += 1
        return envelope(payload.model_validate(self.fields), self.id, self.version, clock.now(), actor_id=actor)


class Inbox:
    """What the API shows a user."""

    def __init__(self, client: ServiceClient, issuer: TestIssuer, user_id: UUID) -> None:
        self.client, self.token = client, issuer.token(user_id, ["rep"])

    async def types(self) -> list[str]:
        answer = await self.client.get("/notifications", token=self.token)
        assert answer.status == 200, answer.json
        return [item["type"] for item in answer.json["items"]]

    async def items(self, **params: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.client.get("/notifications", token=self.token, params=params)).json[
            "items"
        ]
        return found


@pytest.fixture
def inbox_of(client: ServiceClient, issuer: TestIssuer) -> Any:
    return lambda user_id: Inbox(client, issuer, user_id)


async def test_each_approver_is_told_once_that_a_request_waits_for_them(consume: Consume, inbox_of: Any) -> None:
    request = Request()
    await consume(PEOPLE)
    submitted = request.emit(approval.ApprovalRequested, REP)
    await consume([submitted])
    voted = request.emit(approval.ApprovalUpdated, APPROVER, waiting_for=[OTHER], acted_by=APPROVER)
    await consume([voted])
    assert await inbox_of(APPROVER).types() == ["APPROVAL_WAITING"]
    assert await inbox_of(OTHER).types() == ["APPROVAL_WAITING"]
    assert await inbox_of(REP).types() == []


async def test_the_next_round_asks_the_same_approver_again_but_a_hold_does_not(consume: Consume, inbox_of: Any) -> None:
    request = Request()
    events = [
        *PEOPLE,
        request.emit(approval.ApprovalRequested, REP),
        request.emit(approval.ApprovalHeld, None, state="ON_HOLD", waiting_for=[]),
        request.emit(approval.ApprovalReleased, None, state="PENDING", waiting_for=[APPROVER, OTHER]),
    ]
    await consume(events)
    assert await inbox_of(APPROVER).types() == ["APPROVAL_WAITING"]
    await consume(
        [
            request.emit(approval.ApprovalReturned, APPROVER, state="RETURNED", waiting_for=[]),
            request.emit(approval.ApprovalResubmitted, REP, state="PENDING", waiting_for=[APPROVER, OTHER], revision=2),
        ]
    )
    assert await inbox_of(APPROVER).types() == ["APPROVAL_WAITING", "APPROVAL_WAITING"]
    assert await inbox_of(REP).types() == ["APPROVAL_RETURNED"]


@pytest.mark.parametrize(
    ("payload", "state", "title"),
    [
        (approval.ApprovalApproved, "APPROVED", "承認されました: 特別手数料率の適用(投資信託 3口)"),
        (approval.ApprovalRejected, "REJECTED", "却下されました: 特別手数料率の適用(投資信託 3口)"),
        (approval.ApprovalCancelled, "CANCELLED", "取り消されました: 特別手数料率の適用(投資信託 3口)"),
    ],
)
async def test_the_requester_learns_the_outcome(
    consume: Consume, inbox_of: Any, payload: type[EventPayload], state: str, title: str
) -> None:
    request = Request()
    await consume([*PEOPLE, request.emit(approval.ApprovalRequested, REP)])
    await consume([request.emit(payload, APPROVER, state=state, waiting_for=[], decided_at=clock.now())])
    items = await inbox_of(REP).items()
    assert [(item["type"], item["title"]) for item in items] == [("APPROVAL_DECIDED", title)]
    assert items[0]["body"] == "RNG-2026-000412"
    assert (items[0]["resourceType"], items[0]["resourceId"]) == ("approval", str(request.id))


async def test_who_hands_over_and_who_takes_over_are_told_but_not_the_one_who_did_it(
    consume: Consume, inbox_of: Any
) -> None:
    request = Request()
    await consume([*PEOPLE, request.emit(approval.ApprovalRequested, REP, waiting_for=[APPROVER])])
    moved = request.emit(approval.ApprovalReassigned, APPROVER, waiting_for=[MANAGER], from_id=APPROVER, to_id=MANAGER)
    await consume([moved])
    assert await inbox_of(MANAGER).types() == ["APPROVAL_REASSIGNED"]
    assert await inbox_of(APPROVER).types() == ["APPROVAL_WAITING"]


async def test_a_deadline_that_is_near_is_told_to_those_who_are_waited_for(consume: Consume, inbox_of: Any) -> None:
    request = Request()
    await consume([*PEOPLE, request.emit(approval.ApprovalRequested, REP, waiting_for=[OTHER])])
    due = envelope(approval.ApprovalDue.model_validate(request.fields), request.id, None, clock.now())
    await consume([due])
    assert await inbox_of(OTHER).types() == ["APPROVAL_DUE", "APPROVAL_WAITING"]
    assert await inbox_of(APPROVER).types() == []


async def test_who_is_asked_for_an_answer_is_told_and_no_more_once_it_is_given(consume: Consume, inbox_of: Any) -> None:
    request = Request()
    await consume([*PEOPLE, request.emit(approval.ApprovalRequested, REP, waiting_for=[OTHER])])
    nudged = envelope(approval.ApprovalNudged.model_validate(request.fields), request.id, None, clock.now())
    await consume([nudged])
    assert await inbox_of(OTHER).types() == ["APPROVAL_NUDGED", "APPROVAL_WAITING"]
    assert await inbox_of(APPROVER).types() == []
    await consume([request.emit(approval.ApprovalApproved, OTHER, waiting_for=[], state="APPROVED")])
    assert [item["readAt"] is not None for item in await inbox_of(OTHER).items()] == [True, True]


async def test_who_is_asked_for_an_opinion_is_told_until_it_is_given_and_the_asker_of_the_end(
    consume: Consume, inbox_of: Any
) -> None:
    request = Request()
    question = {"asked_id": MANAGER, "asker_id": OTHER, "approver_id": APPROVER, "blocks": True}
    await consume([*PEOPLE, request.emit(approval.ApprovalRequested, REP)])
    await consume([request.emit(approval.OpinionAsked, OTHER, opinion_from=[MANAGER], **question)])
    assert [(item["type"], item["readAt"]) for item in await inbox_of(MANAGER).items()] == [("OPINION_ASKED", None)]
    nudged = envelope(approval.ApprovalNudged.model_validate(request.fields), request.id, None, clock.now())
    await consume([nudged])
    assert await inbox_of(MANAGER).types() == ["OPINION_ASKED"] * 2, "whoever holds it up is reminded too"
    await consume([request.emit(approval.OpinionGiven, MANAGER, opinion_from=[])])
    assert [item["readAt"] is None for item in await inbox_of(MANAGER).items()] == [False, False]
    for asking in (OTHER, APPROVER):
        assert (await inbox_of(asking).types())[0] == "OPINION_GIVEN", "who put it, and in whose place"
    await consume([request.emit(approval.OpinionAsked, OTHER, opinion_from=[MANAGER])])
    await consume([request.emit(approval.OpinionWithdrawn, OTHER, opinion_from=[])])
    assert (await inbox_of(OTHER).types())[0] == "OPINION_GIVEN", "nobody is told of what they did themselves"
    assert (await inbox_of(APPROVER).types())[0] == "OPINION_ENDED"


def task(version: int, user_id: UUID, actor: UUID | None, task_id: UUID, **changes: Any) -> Envelope:
    fields: dict[str, Any] = {
        "task_id": task_id,
        "customer_id": None,
        "user_id": user_id,
        "title": "資料送付",
        "state": "OPEN",
        "priority": "NORMAL",
        "due_date": clock.now(),
        "lead_hours": 24,
        "created_at": clock.now(),
    }
    payload = sales.TaskCreated if version == 1 else sales.TaskUpdated
    return envelope(payload.model_validate(fields | changes), task_id, version, clock.now(), actor_id=actor)


async def test_a_task_is_told_to_whom_it_is_given_not_to_whom_keeps_it(consume: Consume, inbox_of: Any) -> None:
    task_id = uuid4()
    await consume([*PEOPLE, task(1, REP, REP, task_id)])
    await consume([task(2, REP, MANAGER, task_id, title="資料再送付")])
    assert await inbox_of(REP).types() == []
    await consume([task(3, OTHER, MANAGER, task_id)])
    assert await inbox_of(OTHER).types() == ["TASK_ASSIGNED"]


async def test_due_soon_and_overdue_are_told_to_the_assignee(consume: Consume, inbox_of: Any) -> None:
    task_id = uuid4()
    fields = {"task_id": task_id, "title": "顧客面談", "due_date": clock.now(), "user_id": REP, "customer_id": None}
    facts = [
        envelope(payload.model_validate(fields), task_id, None, clock.now())
        for payload in (sales.TaskDueSoon, sales.TaskOverdue)
    ]
    await consume([*PEOPLE, *facts])
    assert await inbox_of(REP).types() == ["TASK_OVERDUE", "TASK_DUE_SOON"]


def assigned(to: UUID, actor: UUID, *, process_id: UUID | None = None, name: str = "株式会社山田製作所") -> Envelope:
    customer_id = uuid4()
    payload = customer.CustomerAssigned.model_validate(
        {
            "customer_id": customer_id,
            "name": name,
            "kind": "CORPORATE",
            "relationship": "CLIENT",
            "state": "ACTIVE",
            "assigned_sales_id": to,
            "created_at": clock.now(),
        }
    )
    return envelope(payload, customer_id, 2, clock.now(), actor_id=actor, process_id=process_id)


async def test_customers_that_a_leaver_hands_over_are_one_notification_with_a_count(
    consume: Consume, inbox_of: Any
) -> None:
    process = uuid4()
    await consume([*PEOPLE, assigned(REP, MANAGER)])
    await consume([assigned(REP, MANAGER, process_id=process) for _ in range(3)])
    await consume([assigned(REP, MANAGER, process_id=process) for _ in range(2)])
    titles = [item["title"] for item in await inbox_of(REP).items()]
    assert titles == ["担当顧客になりました ほか4件", "担当顧客になりました"]
    assert (await inbox_of(REP).items())[1]["body"] == "株式会社山田製作所"


def process(payload: type[EventPayload], version: int, **changes: Any) -> Envelope:
    process_id = uuid5(REP, str(changes.pop("name", "process")))
    fields: dict[str, Any] = {
        "process_id": process_id,
        "workflow_id": f"customer-deletion:{process_id}:1",
        "type": "customer_deletion",
        "resource_id": uuid4(),
        "actor_id": MANAGER,
        "status": "RUNNING",
        "steps": [],
        "progress": {"done": 0, "total": 4},
        "started_at": clock.now(),
    }
    return envelope(payload.model_validate(fields | changes), process_id, version, clock.now())


async def test_who_started_a_process_learns_its_end_and_operators_its_trouble(consume: Consume, inbox_of: Any) -> None:
    await consume([*PEOPLE, process(ProcessStarted, 1)])
    await consume([process(ProcessNeedsAttention, 2, status="NEEDS_ATTENTION")])
    await consume([process(ProcessCompleted, 3, status="COMPLETED", finished_at=clock.now())])
    assert await inbox_of(MANAGER).types() == ["PROCESS_FINISHED", "PROCESS_NEEDS_ATTENTION"]
    assert await inbox_of(OPS).types() == ["PROCESS_NEEDS_ATTENTION"]
    assert (await inbox_of(MANAGER).items())[0]["title"] == "顧客の削除: 完了しました"


async def test_a_request_that_stands_still_alarms_administrators_who_can_name_approvers(
    consume: Consume, inbox_of: Any
) -> None:
    short = process(ProcessNeedsAttention, 2, type="approval", actor_id=REP, status="NEEDS_ATTENTION")
    await consume([*PEOPLE, short])
    assert await inbox_of(ADMIN).types() == ["PROCESS_NEEDS_ATTENTION"]
    assert await inbox_of(REP).types() == ["PROCESS_NEEDS_ATTENTION"]
    assert await inbox_of(OPS).types() == []
    assert (await inbox_of(ADMIN).items())[0]["title"] == "承認申請: 対応が必要です"


async def test_the_end_of_an_approval_process_is_not_told_twice(consume: Consume, inbox_of: Any) -> None:
    await consume([*PEOPLE, process(ProcessCompleted, 2, type="approval", actor_id=REP, status="COMPLETED")])
    assert await inbox_of(REP).types() == []


async def test_old_history_tells_nothing_when_it_is_consumed_for_the_first_time(
    consume: Consume, inbox_of: Any
) -> None:
    event = Request().emit(approval.ApprovalRequested, REP)
    await consume([*PEOPLE, event.model_copy(update={"timestamp": clock.now() - timedelta(days=8)})])
    assert await inbox_of(APPROVER).types() == []


async def test_whoever_left_and_whoever_switched_a_type_off_is_not_told(
    consume: Consume, inbox_of: Any, client: ServiceClient
) -> None:
    chosen = {"items": [{"type": "APPROVAL_WAITING", "inApp": False}]}
    answer = await client.put("/notifications/preferences", chosen, token=inbox_of(OTHER).token)
    assert answer.status == 200
    assert {item["type"]: item["inApp"] for item in answer.json["items"]} == {
        kind: kind != "APPROVAL_WAITING" for kind in NotificationType
    }
    left = person("approver", user_id=APPROVER, state="DELETED")
    await consume([left, person("approver", user_id=OTHER), Request().emit(approval.ApprovalRequested, REP)])
    assert await inbox_of(APPROVER).types() == []
    assert await inbox_of(OTHER).types() == []


async def test_title_and_body_follow_the_readers_language(
    consume: Consume, inbox_of: Any, client: ServiceClient
) -> None:
    await consume([*PEOPLE, Request().emit(approval.ApprovalRequested, REP)])
    token = inbox_of(APPROVER).token
    english = await client.get("/notifications/unread", token=token, headers={"accept-language": "en"})
    assert english.json["count"] == 1
    assert english.json["items"][0]["title"].startswith("Waiting for your approval: ")


async def test_reading_and_deleting_change_ones_own_only(
    consume: Consume, inbox_of: Any, client: ServiceClient
) -> None:
    await consume([*PEOPLE, *(Request().emit(approval.ApprovalRequested, REP) for _ in range(3))])
    mine, others = inbox_of(APPROVER), inbox_of(OTHER)
    first = (await mine.items())[0]["id"]
    refused = await client.patch(f"/notifications/{first}/read", token=others.token, key=new_key())
    assert refused.status == 404
    read = await client.patch(f"/notifications/{first}/read", token=mine.token, key=new_key())
    assert read.json["readAt"] is not None
    assert len(await mine.items(unread="true")) == 2
    assert [item["id"] for item in await mine.items(unread="false")] == [first]
    assert (await client.delete(f"/notifications/{first}", token=others.token)).status == 404
    assert (await client.delete(f"/notifications/{first}", token=mine.token)).status == 204
    assert (await client.delete(f"/notifications/{first}", token=mine.token)).status == 404
    marked = await client.patch("/notifications/read-all", token=mine.token, key=new_key())
    assert marked.json == {"marked": 2}
    assert (await client.get("/notifications/unread", token=mine.token)).json["count"] == 0
    assert (await client.get("/notifications/unread", token=others.token)).json["count"] == 3


async def test_pages_show_every_notification_once(consume: Consume, inbox_of: Any, client: ServiceClient) -> None:
    await consume([*PEOPLE, *(Request().emit(approval.ApprovalRequested, REP) for _ in range(5))])
    token, cursor, seen = inbox_of(APPROVER).token, None, []
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = (await client.get("/notifications", token=token, params=params)).json
        seen += [item["id"] for item in answer["items"]]
        if (cursor := answer["nextCursor"]) is None:
            break
    assert len(seen) == len(set(seen)) == 5


async def test_every_notification_made_is_published(consume: Consume, client: ServiceClient) -> None:
    process_id = uuid4()
    await consume([*PEOPLE, Request().emit(approval.ApprovalRequested, REP)])
    await consume([assigned(REP, MANAGER, process_id=process_id)])
    await consume([assigned(REP, MANAGER, process_id=process_id)])
    async with client.kit.db.reader() as reader:
        rows = await reader.all(
            "SELECT o.aggregate_version, n.event_version, o.data ->> 'recipientId' = n.recipient_id::text AS same"
            " FROM outbox o JOIN notifications n ON n.id = o.aggregate_id WHERE o.event_type = 'notification.created'"
        )
    assert [tuple(row.values()) for row in rows] == [(1, 1, True)] * 3
