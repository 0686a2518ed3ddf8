"""An approver who can't read what was done for the customer of a request decides blindly; who reads more pries."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.contracts.events.proxy import ProxyChanged, ProxyEnded, ProxyFact, ProxyGiven
from services.kit.events.envelope import Envelope
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.sales_activity import references
from tests.services.sales_activity.world import SYSTEM, Person, World
from tests.support.http import new_key


async def apply(world: World, *events: Envelope) -> None:
    async with world.db.transaction(SYSTEM) as uow:
        await references.apply(uow, list(events))


def request_event(
    customer: UUID, *approvers: UUID, state: str = "PENDING", request: UUID | None = None, version: int = 1
) -> Envelope:
    """Of a request about the customer that names these approvers, one a stage."""
    stages = [{"name": "承認", "approverIds": [str(approver)]} for approver in approvers]
    return Envelope(
        event_id=new_id(),
        event_type="approval.requested",
        timestamp=clock.now(),
        data={"customerId": str(customer), "state": state, "stages": stages},
        aggregate_id=request or new_id(),
        aggregate_version=version,
    )


def proxy_event(kind: type[ProxyFact], proxy: UUID, absent: Person, stand_in: Person, **fields: Any) -> Envelope:
    now = clock.now()
    payload = kind.model_validate(
        {
            "proxy_id": proxy,
            "from_id": absent.id,
            "to_id": stand_in.id,
            "starts_at": now - timedelta(hours=1),
            "ends_at": now + timedelta(hours=1),
            "takes_waiting": False,
            "previous_to_id": stand_in.id,
        }
        | fields
    )
    return Envelope(
        event_id=new_id(),
        event_type=payload.event_type,
        timestamp=now,
        data=payload.model_dump(mode="json", by_alias=True),
        aggregate_id=proxy,
    )


class Named:
    """What a rep did for two customers; the approver's request is about the first."""

    def __init__(self, world: World, rep: Person, approver: Person, customers: list[UUID]) -> None:
        self.world, self.rep, self.approver, self.customers = world, rep, approver, customers
        self.meetings: list[dict[str, Any]] = []
        self.tasks: list[dict[str, Any]] = []

    async def sees(self, who: Person) -> list[list[str]]:
        """By each door: the ids that it shows of all that there is."""
        doors = ("/meetings", "/tasks", "/tasks/overdue")
        found = [await self._listed(who, door) for door in doors]
        found.append(await self._listed(who, "/meetings", q="定期"))
        found.append(await self._listed(who, "/tasks", q="目論見書"))
        for door, records in (("/meetings", self.meetings), ("/tasks", self.tasks)):
            statuses = [(await self._get(who, f"{door}/{record['id']}")).status for record in records]
            assert set(statuses) <= {200, 404}
            found.append([r["id"] for r, status in zip(records, statuses, strict=True) if status == 200])
        for customer in self.customers:
            answer = await self._get(who, f"/meetings/customer/{customer}")
            found.append([item["id"] for item in answer.json["items"]] if answer.status == 200 else [])
        return found

    @property
    def of_first(self) -> list[list[str]]:
        """What the doors show to whoever may read what was done for the first customer only."""
        meeting, task = [self.meetings[0]["id"]], [self.tasks[0]["id"]]
        return [meeting, task, task, meeting, task, meeting, task, meeting, []]

    @property
    def nothing(self) -> list[list[str]]:
        return [[] for _ in self.of_first]

    async def _get(self, who: Person, path: str, **params: Any) -> Any:
        return await self.world.client.get(path, token=who.token, params=params)

    async def _listed(self, who: Person, path: str, **params: Any) -> list[str]:
        answer = await self._get(who, path, **params)
        assert answer.status == 200, answer.json
        return [item["id"] for item in answer.json["items"]]


@pytest.fixture
async def named(world: World) -> Named:
    rep, approver = await world.person("rep"), await world.person("approver")
    customers = [await world.customer(rep), await world.customer(rep)]
    found = Named(world, rep, approver, customers)
    overdue = (clock.now() - timedelta(days=1)).isoformat()
    for customer in customers:
        found.meetings.append(await world.meeting(rep, customer))
        found.tasks.append(await world.task(rep, customerId=customer, dueDate=overdue))
    return found


async def test_who_is_named_reads_what_was_done_for_that_customer_by_every_door(named: Named) -> None:
    assert await named.sees(named.approver) == named.nothing
    await apply(named.world, request_event(named.customers[0], named.approver.id))
    assert await named.sees(named.approver) == named.of_first
    assert await named.sees(await named.world.person("approver")) == named.nothing


async def test_who_is_named_writes_nothing(named: Named) -> None:
    manager = await named.world.person("manager")
    await apply(named.world, request_event(named.customers[0], named.approver.id, manager.id))
    assert await named.sees(manager) == named.of_first
    meeting, task = named.meetings[0], named.tasks[0]
    for who in (named.approver, manager):
        change = {"title": "改題", "userId": str(named.rep.id), "customerId": str(named.customers[0])}
        period = {"startsAt": meeting["startsAt"], "endsAt": meeting["endsAt"]}
        ask = named.world.client
        answers = [
            await ask.put(f"/meetings/{meeting['id']}", change | period, token=who.token, if_match=1),
            await ask.delete(f"/meetings/{meeting['id']}", token=who.token),
            await ask.put(f"/tasks/{task['id']}", change, token=who.token, if_match=1),
            await named.world.set_status(who, task, "COMPLETED"),
            await ask.delete(f"/tasks/{task['id']}", token=who.token),
        ]
        assert {answer.status for answer in answers} == {403}
    planned = await named.world.create_meeting(manager, named.customers[0])
    assert (planned.status, planned.json["errors"][0]["code"]) == (422, "unknown_customer")
    refused = await ask.post("/tasks", {"title": "連絡"}, token=named.approver.token, key=new_key())
    assert refused.status == 403


async def test_a_draft_opens_nothing_and_who_handed_the_place_on_no_longer_reads(named: Named) -> None:
    second, request = await named.world.person("approver"), new_id()
    first_customer = named.customers[0]
    await apply(named.world, request_event(first_customer, named.approver.id, state="DRAFT", request=request))
    assert await named.sees(named.approver) == named.nothing
    await apply(named.world, request_event(first_customer, named.approver.id, request=request, version=2))
    assert await named.sees(named.approver) == named.of_first
    await apply(named.world, request_event(first_customer, second.id, request=request, version=3))
    assert (await named.sees(named.approver), await named.sees(second)) == (named.nothing, named.of_first)


async def test_an_approver_of_a_later_stage_reads_from_the_start(named: Named) -> None:
    later = await named.world.person("approver")
    await apply(named.world, request_event(named.customers[0], named.approver.id, later.id))
    assert await named.sees(later) == named.of_first


async def test_a_role_that_does_not_decide_opens_nothing_by_being_named(named: Named) -> None:
    other = await named.world.person("rep")
    await apply(named.world, request_event(named.customers[0], other.id))
    assert await named.sees(other) == named.nothing


async def test_an_approver_sees_no_work_of_their_own_beside(named: Named) -> None:
    """The role opens what requests need: whoever was a rep before has handed their work over."""
    admin = await named.world.person("admin")
    await named.world.task(admin, userId=named.approver.id)
    await named.world.meeting(admin, named.customers[1], attendeeIds=[str(named.approver.id)])
    assert await named.sees(named.approver) == named.nothing


async def test_a_proxy_reads_while_the_absence_lasts(named: Named) -> None:
    proxy, stand_in, other = new_id(), await named.world.person("approver"), await named.world.person("approver")
    await apply(named.world, request_event(named.customers[0], named.approver.id))
    begins = clock.now() + timedelta(hours=2)
    planned = {"starts_at": begins, "ends_at": begins + timedelta(hours=1)}
    await apply(named.world, proxy_event(ProxyGiven, proxy, named.approver, stand_in, **planned))
    assert await named.sees(stand_in) == named.nothing
    await apply(named.world, proxy_event(ProxyChanged, proxy, named.approver, stand_in))
    assert await named.sees(stand_in) == named.of_first
    assert await named.sees(named.approver) == named.of_first
    await apply(named.world, proxy_event(ProxyChanged, proxy, named.approver, other, previous_to_id=stand_in.id))
    assert (await named.sees(stand_in), await named.sees(other)) == (named.nothing, named.of_first)
    over = clock.now() - timedelta(seconds=1)
    await apply(named.world, proxy_event(ProxyChanged, proxy, named.approver, other, ends_at=over))
    assert await named.sees(other) == named.nothing


async def test_an_ended_absence_opens_nothing_whatever_is_told_of_it_later(named: Named) -> None:
    proxy, stand_in = new_id(), await named.world.person("approver")
    await apply(named.world, request_event(named.customers[0], named.approver.id))
    given = proxy_event(ProxyGiven, proxy, named.approver, stand_in)
    await apply(named.world, given, proxy_event(ProxyEnded, proxy, named.approver, stand_in))
    assert await named.sees(stand_in) == named.nothing
    await apply(named.world, given)
    assert await named.sees(stand_in) == named.nothing


async def test_pages_hold_each_record_once_where_two_ways_lead_to_it(named: Named) -> None:
    manager = await named.world.person("manager")
    report = await named.world.person("rep", manager=manager)
    own = await named.world.customer(report)
    await apply(named.world, request_event(own, manager.id), request_event(named.customers[0], manager.id))
    planned = [await named.world.meeting(report, own) for _ in range(3)]
    wanted = {named.meetings[0]["id"], *(meeting["id"] for meeting in planned)}
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = await named.world.client.get("/meetings", token=manager.token, params=params)
        found += [item["id"] for item in answer.json["items"]]
        cursor = answer.json["nextCursor"]
    assert (len(found), set(found)) == (len(wanted), wanted)
