"""Too few approvers is a stop with an alarm, one person fills one place, and changed terms are approved anew."""

from typing import Any
from uuid import UUID

from services.contracts.steps import ReassignStep
from services.kit.processes.ledger import process_view
from services.kit.running.ids import new_id
from tests.services.opportunity.world import Person, World


async def _set_state(world: World, person: Person, state: str) -> None:
    async with world.db.transaction(world.system) as uow:
        await uow.execute("UPDATE user_copies SET state = %s WHERE id = %s", [state, person.id])


async def _process(world: World, request: dict[str, Any]) -> dict[str, Any]:
    async with world.db.reader() as reader:
        process = await process_view(reader, UUID(request["processId"]))
    assert process is not None
    return process


async def _quorum_of_three(live: World, rep: Person) -> tuple[dict[str, Any], list[Person]]:
    approvers = [await live.person("approver", name=f"承認者{number}") for number in range(3)]
    stage = {"name": "合議", "approverIds": [who.id for who in approvers], "mode": "QUORUM", "quorum": 2}
    return await live.request(rep, stages=[stage]), approvers


async def test_two_of_three_with_two_suspended_stands_still_until_an_administrator_names_somebody(live: World) -> None:
    rep, admin = await live.person("rep"), await live.person("admin")
    request, [first, second, third] = await _quorum_of_three(live, rep)
    await _set_state(live, second, "SUSPENDED")
    await live.reconcile()
    assert (await live.get(rep, request))["shortage"] is None
    await _set_state(live, third, "SUSPENDED")
    await live.reconcile()
    short = await live.get(rep, request)
    assert short["shortSince"] is not None
    assert short["shortage"]["votesMissing"] == 1
    assert {person["id"] for person in short["shortage"]["unable"]} == {str(second.id), str(third.id)}
    assert (await _process(live, request))["status"] == "NEEDS_ATTENTION"
    alarms = await live.rows("SELECT 1 FROM outbox WHERE event_type = 'process.needs_attention'")
    await live.reconcile()
    assert await live.rows("SELECT 1 FROM outbox WHERE event_type = 'process.needs_attention'") == alarms
    voted = await live.act(first, request, "approve")
    assert (voted.status, voted.json["state"]) == (200, "PENDING"), voted.json
    successor = await live.person("approver", name="後任")
    body = {"fromId": second.id, "toId": successor.id, "reason": "停止中のため"}
    named = await live.act(admin, request, "reassign", **body)
    assert (named.status, named.json["shortage"], named.json["shortSince"]) == (200, None, None), named.json
    assert (await _process(live, request))["status"] == "RUNNING"
    assert (await live.act(successor, request, "approve")).json["state"] == "APPROVED"


async def test_who_is_able_again_ends_the_standstill(live: World) -> None:
    rep = await live.person("rep")
    request, approvers = await _quorum_of_three(live, rep)
    for who in approvers[:2]:
        await _set_state(live, who, "SUSPENDED")
    await live.reconcile()
    assert (await live.get(rep, request))["shortSince"] is not None
    await _set_state(live, approvers[0], "ACTIVE")
    await live.reconcile()
    assert (await live.get(rep, request))["shortSince"] is None
    assert (await _process(live, request))["status"] == "RUNNING"


async def test_a_stage_that_is_entered_with_too_few_people_says_so_at_once(live: World) -> None:
    rep, first, second = await live.person("rep"), await live.person("approver"), await live.person("approver")
    stages = [{"name": "一次", "approverIds": [first.id]}, {"name": "二次", "approverIds": [second.id]}]
    request = await live.request(rep, stages=stages)
    await _set_state(live, second, "SUSPENDED")
    entered = await live.act(first, request, "approve")
    assert entered.json["shortage"] == {
        "votesMissing": 1,
        "unable": [{"id": str(second.id), "name": second.name}],
        "vacant": [],
    }
    assert (await _process(live, request))["status"] == "NEEDS_ATTENTION"


async def test_a_proxy_fills_the_place_of_a_suspended_approver_but_of_one_only(live: World) -> None:
    rep, stand_in = await live.person("rep"), await live.person("approver", name="代理")
    request, [first, second, third] = await _quorum_of_three(live, rep)
    for who in (second, third):
        body = {"toId": str(stand_in.id), "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z"}
        assert (await live.client.post("/proxies", body, token=who.token)).status == 201
        await _set_state(live, who, "SUSPENDED")
    await live.reconcile()
    assert (await live.get(rep, request))["shortage"] is None
    await _set_state(live, first, "SUSPENDED")
    await live.reconcile()
    assert (await live.get(rep, request))["shortage"]["votesMissing"] == 1
    assert (await live.act(stand_in, request, "approve")).json["state"] == "PENDING"
    again = await live.act(stand_in, request, "approve")
    assert (again.status, again.json["code"]) == (409, "already_voted")
    assert (await live.client.get("/approvals/pending", token=stand_in.token)).json["items"] == []
    assert (await live.client.get("/approvals/counts", token=stand_in.token)).json["waiting"] == 0


async def test_a_proxy_who_is_an_approver_of_the_same_stage_votes_for_themselves_only(live: World) -> None:
    rep, present, absent = await live.person("rep"), await live.person("approver"), await live.person("approver")
    body = {"toId": str(present.id), "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z"}
    assert (await live.client.post("/proxies", body, token=absent.token)).status == 201
    stage = {"name": "合議", "approverIds": [present.id, absent.id], "mode": "ALL"}
    request = await live.request(rep, stages=[stage])
    assert (await live.act(present, request, "approve")).json["state"] == "PENDING"
    again = await live.act(present, request, "approve")
    assert (again.status, again.json["code"]) == (409, "already_voted")
    assert "APPROVE" not in (await live.get(present, request))["allowedActions"]
    assert (await live.act(absent, request, "approve")).json["state"] == "APPROVED"


async def test_who_leaves_a_stage_of_all_without_a_successor_leaves_a_vacant_place(live: World) -> None:
    rep, admin = await live.person("rep"), await live.person("admin")
    leaver, colleague = await live.person("approver", name="退職者"), await live.person("approver")
    stage = {"name": "合議", "approverIds": [leaver.id, colleague.id], "mode": "ALL"}
    request = await live.request(rep, stages=[stage])
    step = ReassignStep(process_id=new_id(), resource_id=leaver.id, actor_id=new_id(), successor_id=colleague.id)
    assert (await live.run(live.steps.reassign_approvals, step)).remaining == 0
    shown = await live.get(rep, request)
    assert shown["shortage"]["vacant"] == [{"id": str(leaver.id), "name": "退職者"}]
    assert (await live.act(colleague, request, "approve")).json["state"] == "PENDING"
    successor = await live.person("approver")
    body = {"fromId": leaver.id, "toId": successor.id, "reason": "後任"}
    assert (await live.act(admin, request, "reassign", **body)).json["shortage"] is None
    assert (await live.act(successor, request, "approve")).json["state"] == "APPROVED"


async def test_a_leavers_place_goes_to_somebody_who_has_none_before_it_stays_vacant(live: World) -> None:
    rep, boss = await live.person("rep"), await live.person("manager")
    leaver, colleague = await live.person("approver", manager=boss), await live.person("approver")
    stage = {"name": "合議", "approverIds": [leaver.id, colleague.id], "mode": "ALL"}
    request = await live.request(rep, stages=[stage])
    step = ReassignStep(process_id=new_id(), resource_id=leaver.id, actor_id=new_id(), successor_id=colleague.id)
    assert (await live.run(live.steps.reassign_approvals, step)).remaining == 0
    shown = await live.get(rep, request)
    assert shown["stages"][0]["approverIds"] == [str(boss.id), str(colleague.id)]


async def _returned_by_the_second_stage(live: World, rep: Person) -> tuple[dict[str, Any], Person, Person]:
    first, second = await live.person("manager"), await live.person("approver")
    stages = [{"name": "一次", "approverIds": [first.id]}, {"name": "二次", "approverIds": [second.id]}]
    request = await live.request(rep, stages=stages, amount=500_000, description="減額の理由")
    assert (await live.act(first, request, "approve")).json["stage"] == 1
    returned = await live.act(second, request, "return", comment="見直してください")
    return returned.json, first, second


async def _rewrite(live: World, rep: Person, returned: dict[str, Any], **changes: Any) -> None:
    names = ("kind", "title", "description", "amount", "currency", "customerId")
    body = {name: returned[name] for name in names} | changes
    path = f"/approvals/{returned['id']}"
    answer = await live.client.put(path, body, token=rep.token, if_match=returned["version"])
    assert answer.status == 200, answer.json


async def test_terms_rewritten_after_a_later_stage_returned_them_go_to_the_first_stage_again(live: World) -> None:
    rep = await live.person("rep")
    for changes in ({"amount": 100_000}, {"description": "まったく別の理由"}):
        returned, first, second = await _returned_by_the_second_stage(live, rep)
        await _rewrite(live, rep, returned, **changes)
        assert (await live.get(rep, returned))["termsChanged"] is True
        again = await live.act(rep, returned, "resubmit")
        assert (again.json["state"], again.json["stage"], again.json["revision"]) == ("PENDING", 0, 2), again.json
        assert [person["id"] for person in again.json["waitingFor"]] == [str(first.id)]
        steps = (await _process(live, returned))["steps"]
        assert [step["status"] for step in steps] == ["RUNNING", "PLANNED"]
        assert (await live.act(first, returned, "approve")).json["stage"] == 1
        assert (await live.act(second, returned, "approve")).json["state"] == "APPROVED"
        assert [step["status"] for step in (await _process(live, returned))["steps"]] == ["DONE", "DONE"]


async def test_a_new_title_or_line_breaks_go_back_to_the_stage_that_returned_them(live: World) -> None:
    rep = await live.person("rep")
    returned, _first, second = await _returned_by_the_second_stage(live, rep)
    await _rewrite(live, rep, returned, title="手数料の減額（再）", description=" 減額の理由\n")
    again = await live.act(rep, returned, "resubmit")
    assert (again.json["stage"], again.json["waitingFor"][0]["id"]) == (1, str(second.id)), again.json


async def test_a_first_stage_that_begins_again_asks_the_successors_of_those_who_left(live: World) -> None:
    rep, successor = await live.person("rep"), await live.person("approver", name="後任")
    returned, first, _second = await _returned_by_the_second_stage(live, rep)
    step = ReassignStep(process_id=new_id(), resource_id=first.id, actor_id=new_id(), successor_id=successor.id)
    await live.run(live.steps.reassign_approvals, step)
    await _set_state(live, first, "DELETED")
    await _rewrite(live, rep, returned, amount=1)
    again = await live.act(rep, returned, "resubmit")
    assert again.json["stage"] == 0
    assert [person["id"] for person in again.json["waitingFor"]] == [str(successor.id)], again.json
