"""Who may read a request's customer elsewhere: what this service answers and tells of whom its requests name."""

from datetime import timedelta
from uuid import UUID

from services.contracts.events.approval import named_approvers
from services.contracts.processes import ApprovalInput
from services.kit.running import clock
from tests.services.opportunity.world import Person, World

PERIOD = {"startsAt": "2020-01-01T00:00:00Z", "endsAt": "2999-01-01T00:00:00Z"}


async def is_named(world: World, customer: UUID, person: Person) -> bool:
    token = world.client.kit.internal_tokens.token("opportunity")
    answer = await world.client.get(f"/internal/customers/{customer}/approvers/{person.id}", token=token)
    named: bool = answer.json["named"]
    return named


async def test_an_approver_is_named_and_so_is_who_stands_in_for_them_at_the_time(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    stand_in, later, other = [await world.person("approver") for _ in range(3)]
    customer, another = await world.customer(rep), await world.customer(rep)
    await world.request(rep, approver, customerId=customer)
    for proxy, period in ((stand_in, PERIOD), (later, PERIOD | {"startsAt": "2998-01-01T00:00:00Z"})):
        given = await world.client.post("/proxies", period | {"toId": str(proxy.id)}, token=approver.token)
        assert given.status == 201, given.json
    named = {person.id for person in (approver, stand_in, later, other) if await is_named(world, customer, person)}
    assert named == {approver.id, stand_in.id}
    assert not await is_named(world, another, stand_in)


async def test_a_draft_names_nobody(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    customer = await world.customer(rep)
    await world.create(rep, customerId=customer, approverId=approver.id, draft=True)
    assert not await is_named(world, customer, approver)


async def test_events_name_who_was_added_and_whom_it_was_escalated_to(live: World) -> None:
    rep, approver, added = await live.person("rep"), await live.person("approver"), await live.person("approver")
    superior = await live.person("manager")
    route = [{"name": "承認", "approverIds": [approver.id], "deadlineHours": 1, "escalateTo": superior.id}]
    request = await live.request(rep, stages=route)
    assert (await live.act(approver, request, "add-approver", userId=added.id, before=False)).status == 200
    with clock.travel(timedelta(hours=2)):
        await live.run(live.steps.escalate, ApprovalInput(approval_id=request["id"], generation=1))
    [event] = await live.rows("SELECT data FROM outbox WHERE event_type = 'approval.escalated'")
    assert set(named_approvers(event["data"])) == {str(person.id) for person in (approver, added, superior)}
