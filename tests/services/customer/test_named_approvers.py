"""An approver who can't read the customer of a request decides blindly; one who reads others' has no business there."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.contracts.events.approval import ApprovalDrafted, ApprovalReassigned, ApprovalRequested, ApprovalSnapshot
from services.contracts.events.proxy import ProxyEnded, ProxyFact, ProxyGiven
from services.contracts.permissions import Role
from services.customer import references
from services.kit.events.envelope import Envelope
from services.kit.running import clock
from services.kit.running.context import ActorContext
from tests.services.customer.conftest import Person, Team
from tests.support.http import new_key

NOW = datetime(2026, 10, 1, tzinfo=UTC)


async def told(
    team: Team,
    customer: dict[str, Any],
    approver: Person,
    kind: type[ApprovalSnapshot] = ApprovalRequested,
    *,
    request_id: UUID | None = None,
    version: int = 1,
    **fields: Any,
) -> UUID:
    """As the consumer would apply an event of a request about the customer that names this approver."""
    request_id = request_id or uuid4()
    state = "DRAFT" if kind is ApprovalDrafted else "PENDING"
    payload = kind.model_validate(
        {
            "approval_id": request_id,
            "number": "RNG-2026-000001",
            "customer_id": customer["id"],
            "requester_id": team.rep.id,
            "owner_id": team.rep.id,
            "kind": "FEE_DISCOUNT",
            "title": "手数料の減額",
            "amount": None,
            "currency": "JPY",
            "state": state,
            "generation": 1,
            "revision": 1,
            "stage": 0,
            "stages": [{"name": "課長", "approver_ids": [approver.id], "mode": "ANY"}],
            "waiting_for": [],
            "created_at": NOW,
        }
        | fields
    )
    event = Envelope(
        event_id=uuid4(),
        event_type=payload.event_type,
        timestamp=NOW,
        data=payload.model_dump(mode="json", by_alias=True),
        aggregate_id=request_id,
        aggregate_version=version,
    )
    async with team.db.transaction(ActorContext.system()) as uow:
        await references.apply(uow, [event])
    return request_id


async def listed(team: Team, person: Person, path: str = "/customers", **params: Any) -> list[str]:
    answer = await team.client.get(path, token=person.token, params=params)
    assert answer.status == 200, answer.json
    return [item["id"] for item in answer.json["items"]]


async def status(team: Team, person: Person, customer: dict[str, Any], rest: str = "") -> int:
    return (await team.client.get(f"/customers/{customer['id']}{rest}", token=person.token)).status


async def test_who_is_named_reads_the_customer_and_no_other(team: Team) -> None:
    customer, other = await team.create(), await team.create()
    second = await team.join("second", Role.APPROVER)
    await told(team, customer, team.approver)
    assert await status(team, team.approver, customer) == 200
    assert await status(team, team.approver, customer, "/profile-versions") == 200
    assert await listed(team, team.approver) == [customer["id"]]
    assert await listed(team, team.approver, "/customers/search", q="山田") == [customer["id"]]
    assert await status(team, team.approver, other) == 404
    assert await status(team, second, customer) == 404
    assert await listed(team, second) == []


async def test_who_is_named_changes_nothing(team: Team) -> None:
    customer = await team.create()
    await told(team, customer, team.approver)
    await told(team, customer, team.other_manager)
    for person in (team.approver, team.other_manager):
        path = f"/customers/{customer['id']}"
        assert (await team.client.get(path, token=person.token)).json["allowedActions"] == []
        assert (await team.put(customer, person, name="佐藤")).status == 403
        assert (await team.client.delete(path, token=person.token)).status == 403
        body = {"assignedSalesId": str(team.outsider.id)}
        assert (await team.client.post(f"{path}/assign", body, token=person.token, key=new_key())).status == 403


async def test_what_may_be_done_with_a_customer_is_said_to_those_who_may(team: Team) -> None:
    customer = await team.create()

    async def offered(person: Person) -> list[str]:
        answer = await team.client.get(f"/customers/{customer['id']}", token=person.token)
        actions: list[str] = answer.json["allowedActions"]
        return actions

    assert await offered(team.rep) == ["CHANGE"]
    assert await offered(team.manager) == ["CHANGE", "ASSIGN", "DELETE"]


async def test_a_draft_opens_nothing_and_who_handed_the_place_on_no_longer_reads(team: Team) -> None:
    customer = await team.create()
    second = await team.join("second", Role.APPROVER)
    request_id = await told(team, customer, team.approver, ApprovalDrafted)
    assert await status(team, team.approver, customer) == 404
    await told(team, customer, team.approver, request_id=request_id, version=2)
    assert await status(team, team.approver, customer) == 200
    moved = {"from_id": team.approver.id, "to_id": second.id}
    await told(team, customer, second, ApprovalReassigned, request_id=request_id, version=3, **moved)
    assert (await status(team, team.approver, customer), await status(team, second, customer)) == (404, 200)


async def test_a_role_that_does_not_decide_opens_nothing_by_being_named(team: Team) -> None:
    customer = await team.create()
    await told(team, customer, team.outsider)
    assert await status(team, team.outsider, customer) == 404
    assert await listed(team, team.outsider) == []


async def told_of_proxy(team: Team, kind: type[ProxyFact], proxy: UUID, stand_in: Person, **fields: Any) -> None:
    """As the consumer would apply a fact about who stands in for the approver."""
    now = clock.now()
    payload = kind.model_validate(
        {
            "proxy_id": proxy,
            "from_id": team.approver.id,
            "to_id": stand_in.id,
            "starts_at": now - timedelta(hours=1),
            "ends_at": now + timedelta(hours=1),
            "takes_waiting": True,
        }
        | fields
    )
    event = Envelope(
        event_id=uuid4(),
        event_type=payload.event_type,
        timestamp=now,
        data=payload.model_dump(mode="json", by_alias=True),
        aggregate_id=proxy,
    )
    async with team.db.transaction(ActorContext.system()) as uow:
        await references.apply_proxies(uow, [event])


async def test_a_proxy_reads_while_the_absence_lasts_and_no_longer(team: Team) -> None:
    customer, other = await team.create(), await team.create()
    stand_in = await team.join("second", Role.APPROVER)
    await told(team, customer, team.approver)
    planned, current = uuid4(), uuid4()
    begins = clock.now() + timedelta(hours=2)
    period = {"starts_at": begins, "ends_at": begins + timedelta(hours=1)}
    await told_of_proxy(team, ProxyGiven, planned, stand_in, **period)
    assert (await status(team, stand_in, customer), await listed(team, stand_in)) == (404, [])
    await told_of_proxy(team, ProxyGiven, current, stand_in)
    assert (await status(team, stand_in, customer), await listed(team, stand_in)) == (200, [customer["id"]])
    assert await status(team, stand_in, other) == 404
    await told_of_proxy(team, ProxyEnded, current, stand_in)
    assert (await status(team, stand_in, customer), await listed(team, stand_in)) == (404, [])


async def test_a_deleted_customer_shows_to_no_approver(team: Team) -> None:
    customer = await team.create()
    await told(team, customer, team.approver)
    await team.execute("UPDATE customers SET state = 'DELETED', deleted_at = now() WHERE id = %s", [customer["id"]])
    assert await status(team, team.approver, customer) == 410
    assert await listed(team, team.approver) == []


async def test_an_approver_who_is_faster_than_the_event_is_answered_by_the_owner_of_the_request(team: Team) -> None:
    customer = await team.create()
    question = f"/internal/customers/{customer['id']}/approvers/{team.approver.id}"
    assert await status(team, team.approver, customer) == 404
    assert team.asked == [question]
    team.answers[question] = {"named": True}
    assert await status(team, team.approver, customer) == 200
    assert await status(team, team.outsider, customer) == 404
    assert await status(team, team.approver, {"id": uuid4()}) == 404
    assert len(team.asked) == 2, "nobody else is asked for, nor a customer who does not exist"


async def test_pages_hold_ones_own_and_those_one_is_named_for_once_each_in_order(team: Team) -> None:
    own = [await team.create() for _ in range(3)]
    others = [await team.create(team.outsider) for _ in range(3)]
    for customer in (own[1], *others[:2]):
        await told(team, customer, team.manager)
    wanted = [own[0], own[1], own[2], others[0], others[1]]
    answer = await team.client.get("/customers", token=team.manager.token, params={"limit": 2, "sort": "createdAt"})
    found = [item["id"] for item in answer.json["items"]]
    while answer.json["nextCursor"] is not None:
        params = {"limit": 2, "sort": "createdAt", "cursor": answer.json["nextCursor"]}
        answer = await team.client.get("/customers", token=team.manager.token, params=params)
        found += [item["id"] for item in answer.json["items"]]
    assert found == [customer["id"] for customer in wanted]
    assert await listed(team, team.manager, teamOf=str(team.manager.id), sort="createdAt") == [c["id"] for c in own]
