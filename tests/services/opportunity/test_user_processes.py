"""Handing a leaver's part in approvals over, and giving it back."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.contracts.steps import ProcessStep, ReassignStep, ReturnStep
from services.kit.running import clock
from services.kit.running.ids import new_id
from tests.services.opportunity.world import Person, World, plain


def _reassign(leaver: Person, successor: Person | None, process_id: UUID) -> ReassignStep:
    return ReassignStep(
        process_id=process_id,
        resource_id=leaver.id,
        actor_id=new_id(),
        successor_id=None if successor is None else successor.id,
    )


async def _hand_over(live: World, leaver: Person, successor: Person | None) -> UUID:
    step = _reassign(leaver, successor, new_id())
    await live.run(live.steps.fence_user, step)
    moved = await live.run(live.steps.reassign_approvals, step)
    assert moved.remaining == 0
    sweep = ProcessStep(process_id=step.process_id, resource_id=leaver.id, actor_id=step.actor_id)
    assert (await live.run(live.steps.sweep_user, sweep)).found == 0
    return step.process_id


async def _give_back(live: World, leaver: Person, deletion_id: UUID) -> None:
    step = ReturnStep(process_id=new_id(), resource_id=leaver.id, actor_id=new_id(), deletion_process_id=deletion_id)
    await live.run(live.steps.unfence_user, step.model_copy(update={"process_id": deletion_id}))
    returned = await live.run(live.steps.return_approvals, step)
    assert returned.remaining == 0


def _approvers(request: dict[str, Any]) -> list[list[str]]:
    return [stage["approverIds"] for stage in request["stages"]]


async def test_the_successor_decides_in_the_leavers_place_in_this_stage_and_later_ones(live: World) -> None:
    rep, other = await live.person("rep"), await live.person("approver")
    leaver, successor = await live.person("approver", name="退職者"), await live.person("approver", name="後任")
    stages = [
        {"name": "一次", "approverIds": [leaver.id]},
        {"name": "二次", "approverIds": [other.id, leaver.id], "mode": "ALL"},
        {"name": "三次", "approverIds": [other.id], "deadlineHours": 8, "escalateTo": leaver.id},
    ]
    request = await live.request(rep, stages=stages)
    deletion_id = await _hand_over(live, leaver, successor)
    shown = await live.get(rep, request)
    assert _approvers(shown) == [[str(successor.id)], [str(other.id), str(successor.id)], [str(other.id)]]
    assert shown["stages"][2]["escalateTo"] == str(successor.id)
    inbox = await live.client.get("/approvals/pending", token=successor.token)
    assert [item["id"] for item in inbox.json["items"]] == [request["id"]]
    assert (await live.act(leaver, request, "approve")).status in (403, 404)
    assert (await live.act(successor, request, "approve")).json["stage"] == 1
    await _give_back(live, leaver, deletion_id)
    back = await live.get(rep, request)
    assert _approvers(back) == [[str(successor.id)], [str(other.id), str(leaver.id)], [str(other.id)]]
    assert back["stages"][2]["escalateTo"] == str(leaver.id)


async def test_a_successor_who_is_an_approver_of_the_stage_already_fills_one_place_only(live: World) -> None:
    rep = await live.person("rep")
    leaver, successor = await live.person("approver"), await live.person("approver")
    stage = {"name": "合議", "approverIds": [leaver.id, successor.id], "mode": "ALL"}
    request = await live.request(rep, stages=[stage])
    deletion_id = await _hand_over(live, leaver, successor)
    assert _approvers(await live.get(rep, request)) == [[str(successor.id)]]
    await _give_back(live, leaver, deletion_id)
    assert _approvers(await live.get(rep, request)) == [[str(successor.id), str(leaver.id)]]


async def test_nobody_inherits_the_approval_of_their_own_request(live: World) -> None:
    boss = await live.person("manager")
    requester = await live.person("manager", manager=boss)
    leaver = await live.person("approver")
    request = await live.request(requester, leaver)
    await _hand_over(live, leaver, requester)
    assert _approvers(await live.get(requester, request)) == [[str(boss.id)]]


async def test_own_requests_get_a_new_owner_but_keep_who_raised_them(live: World) -> None:
    successor, approver = await live.person("rep"), await live.person("approver")
    leaver = await live.person("rep")
    request = await live.request(leaver, approver)
    assert (await live.act(approver, request, "return", comment="不足")).status == 200
    deletion_id = await _hand_over(live, leaver, successor)
    shown = await live.get(successor, request)
    assert (shown["requesterId"], shown["ownerId"]) == (str(leaver.id), str(successor.id))
    assert "RESUBMIT" in shown["allowedActions"]
    await _give_back(live, leaver, deletion_id)
    assert (await live.get(leaver, request))["ownerId"] == str(leaver.id)


async def test_routes_and_proxies_of_a_leaver_move_and_come_back(live: World) -> None:
    admin, rep = await live.person("admin"), await live.person("rep")
    leaver, successor, absent = [await live.person("approver") for _ in range(3)]
    route = {"name": "手数料", "kind": "FEE_DISCOUNT", "stages": [{"name": "承認", "approverIds": [str(leaver.id)]}]}
    created = await live.client.post("/approval-routes", route, token=admin.token)
    assert created.status == 201, created.json
    period = {"startsAt": "2020-01-01T00:00:00Z", "endsAt": "2999-01-01T00:00:00Z"}
    proxy = await live.client.post("/proxies", {"toId": str(leaver.id), **period}, token=absent.token)
    assert proxy.status == 201, proxy.json
    deletion_id = await _hand_over(live, leaver, successor)
    assert _approvers(await live.request(rep)) == [[str(successor.id)]]
    assert await _stand_ins(live, absent) == [str(successor.id)]
    await _give_back(live, leaver, deletion_id)
    assert _approvers(await live.request(rep)) == [[str(leaver.id)]]
    assert await _stand_ins(live, absent) == [str(leaver.id)]


async def test_a_leavers_places_in_versions_to_come_go_over_too(live: World) -> None:
    admin, rep = await live.person("admin"), await live.person("rep")
    leaver, successor = await live.person("approver"), await live.person("approver")
    body = {"name": "手数料", "stages": [{"name": "承認", "approverIds": [str(leaver.id)]}]}
    path = f"/approval-routes/{(await live.client.post('/approval-routes', body, token=admin.token)).json['id']}"
    later = {"validFrom": plain(clock.now() + timedelta(days=3)), "note": "来期の組織"}
    assert (await live.client.put(path, body | later, token=admin.token, if_match=1)).status == 200

    async def versions() -> list[tuple[int, str, str, str | None]]:
        listed = (await live.client.get(f"{path}/versions", token=admin.token)).json["items"]
        return [
            (one["version"], one["state"], one["stages"][0]["approverIds"][0], one["processId"])
            for one in reversed(listed)
        ]

    deletion_id = await _hand_over(live, leaver, successor)
    assert _approvers(await live.request(rep)) == [[str(successor.id)]]
    assert await versions() == [
        (1, "PAST", str(leaver.id), None),
        (2, "WITHDRAWN", str(leaver.id), None),
        (3, "CURRENT", str(successor.id), str(deletion_id)),
        (4, "PLANNED", str(successor.id), str(deletion_id)),
    ]
    await _give_back(live, leaver, deletion_id)
    assert _approvers(await live.request(rep)) == [[str(leaver.id)]]
    assert {one[1:3] for one in (await versions())[4:]} == {("CURRENT", str(leaver.id)), ("PLANNED", str(leaver.id))}


async def test_what_a_leaver_decided_by_proxy_keeps_its_evidence(live: World) -> None:
    rep, leaver, successor, absent = [await live.person(role) for role in ("rep", *["approver"] * 3)]
    period = {"startsAt": "2020-01-01T00:00:00Z", "endsAt": "2999-01-01T00:00:00Z"}
    for giver, holder in ((absent, leaver), (leaver, successor)):
        given = await live.client.post("/proxies", {"toId": str(holder.id), **period}, token=giver.token)
        assert given.status == 201, given.json
    by_leaver, for_leaver = await live.request(rep, absent), await live.request(rep, leaver)
    assert (await live.act(leaver, by_leaver, "approve")).status == 200
    assert (await live.act(successor, for_leaver, "approve")).status == 200
    deletion_id = await _hand_over(live, leaver, successor)
    for request in (by_leaver, for_leaver):
        await _decided_by_proxy(live, rep, request)
    await _give_back(live, leaver, deletion_id)
    for request in (by_leaver, for_leaver):
        await _decided_by_proxy(live, rep, request)
    assert await _stand_ins(live, absent) == [str(leaver.id)]
    assert await _stand_ins(live, leaver) == [str(successor.id)]


async def test_a_proxy_of_the_future_moves_and_comes_back_as_a_whole(live: World) -> None:
    leaver, successor, absent = [await live.person("approver") for _ in range(3)]
    period = {"startsAt": "2998-01-01T00:00:00Z", "endsAt": "2999-01-01T00:00:00Z"}
    for giver, holder in ((absent, leaver), (leaver, successor)):
        await live.client.post("/proxies", {"toId": str(holder.id), **period}, token=giver.token)
    deletion_id = await _hand_over(live, leaver, successor)
    [moved] = (await live.client.get("/proxies", token=absent.token)).json["items"]
    assert (moved["toId"], moved["startsAt"][:4], moved["endsAt"][:4]) == (str(successor.id), "2998", "2999")
    assert (await live.client.get("/proxies", token=leaver.token)).json["items"] == []
    await _give_back(live, leaver, deletion_id)
    for giver, holder in ((absent, leaver), (leaver, successor)):
        proxies = (await live.client.get("/proxies", token=giver.token)).json["items"]
        [back] = [proxy for proxy in proxies if proxy["fromId"] == str(giver.id)]
        assert (back["toId"], back["startsAt"][:4], back["endsAt"][:4]) == (str(holder.id), "2998", "2999")


async def test_what_a_successor_decided_by_a_proxy_that_began_meanwhile_keeps_its_evidence(live: World) -> None:
    rep, leaver, successor, absent = [await live.person(role) for role in ("rep", *["approver"] * 3)]
    begins_at = clock.now() + timedelta(minutes=1)
    period = {"startsAt": begins_at.isoformat(), "endsAt": "2999-01-01T00:00:00Z"}
    given = await live.client.post("/proxies", {"toId": str(leaver.id), **period}, token=absent.token)
    assert given.status == 201, given.json
    request = await live.request(rep, absent)
    deletion_id = await _hand_over(live, leaver, successor)
    with clock.travel(timedelta(minutes=2)):
        assert (await live.act(successor, request, "approve")).status == 200
    with clock.travel(timedelta(minutes=3)):
        await _give_back(live, leaver, deletion_id)
        await _decided_by_proxy(live, rep, request)
        assert await _stand_ins(live, absent) == [str(leaver.id)]


async def _stand_ins(live: World, absent: Person) -> list[str]:
    """Who stands in for somebody now."""
    proxies = (await live.client.get("/proxies", token=absent.token)).json["items"]
    now = clock.now()
    return [
        proxy["toId"]
        for proxy in proxies
        if proxy["fromId"] == str(absent.id)
        and datetime.fromisoformat(proxy["startsAt"]) <= now < datetime.fromisoformat(proxy["endsAt"])
    ]


async def _decided_by_proxy(live: World, reader: Person, request: dict[str, Any]) -> None:
    """A proxy covers the decision, as `ringi verify` demands it."""
    entry = (await live.history(reader, request))[-1]
    assert entry["role"] == "PROXY"
    async with live.db.reader() as rows:
        covering = await rows.scalar(
            "SELECT count(*) FROM approval_proxies"
            " WHERE from_id = %s AND to_id = %s AND %s BETWEEN starts_at AND ends_at",
            [entry["onBehalfOfId"], entry["actorId"], entry["at"]],
        )
    assert covering == 1


async def test_the_preview_names_what_a_successor_can_not_simply_take_over(live: World) -> None:
    rep = await live.person("rep")
    leaver, successor = await live.person("approver"), await live.person("approver")
    own = await live.request(rep, leaver)
    both = await live.request(rep, stages=[{"name": "合議", "approverIds": [leaver.id, successor.id], "mode": "ALL"}])
    token = live.client.kit.internal_tokens.token("opportunity")
    answer = await live.client.get(f"/internal/users/{leaver.id}/workload?successorId={successor.id}", token=token)
    assert answer.status == 200, answer.json
    assert {"kind": "approvals", "count": 2} in answer.json["items"]
    [conflict] = answer.json["conflicts"]
    assert (conflict["number"], conflict["reason"]) == (both["number"], "already_approver")
    assert own["number"] != both["number"]
