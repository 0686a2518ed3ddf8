"""取り戻し: who approved last takes that back, while nobody has acted after it."""

import asyncio

from services.kit.running import clock
from services.opportunity.dossier_check import check
from tests.services.opportunity.world import World, stage
from tests.support.http import new_key


async def test_an_approval_that_nobody_acted_on_is_taken_back_and_given_anew(live: World) -> None:
    rep, first, second = [await live.person(role) for role in ("rep", "approver", "approver")]
    request = await live.request(rep, stages=[stage("一次", first), stage("二次", second)])
    approved = await live.act(first, request, "approve", comment="可")
    assert "TAKE_BACK" in approved.json["allowedActions"]
    assert await live.inbox(second) == [request["number"]]
    back = await live.act(first, request, "take-back", comment="金額を見落としました")
    assert back.status == 200, back.json
    assert (back.json["state"], back.json["stage"], back.json["revision"]) == ("PENDING", 0, 1)
    assert [person["id"] for person in back.json["waitingFor"]] == [str(first.id)]
    assert (await live.inbox(first), await live.inbox(second)) == ([request["number"]], [])
    again = await live.act(first, request, "take-back")
    assert (again.status, again.json["code"]) == (409, "nothing_to_take_back")
    assert (await live.act(first, request, "approve")).json["stage"] == 1
    assert (await live.act(second, request, "approve")).json["state"] == "APPROVED"
    told = [entry["action"] for entry in await live.history(rep, request)]
    assert told == ["SUBMIT", "APPROVE", "TAKE_BACK", "APPROVE", "APPROVE"]
    [event] = await live.rows("SELECT data FROM outbox WHERE event_type = 'approval.taken_back'")
    assert (event["data"]["actedBy"], event["data"]["comment"]) == (str(first.id), "金額を見落としました")
    dossier = await live.client.get(f"/approvals/{request['id']}/dossier", token=rep.token)
    assert check(dossier.body).problems == []


async def test_once_somebody_has_acted_it_is_too_late_for_those_before_them(live: World) -> None:
    rep, first, second, third = [await live.person(role) for role in ("rep", "approver", "approver", "approver")]
    stages = [stage("一次", first), stage("合議", second, third, mode="ALL")]
    request = await live.request(rep, stages=stages)
    assert (await live.act(first, request, "approve")).status == 200
    assert (await live.act(second, request, "approve")).status == 200
    late = await live.act(first, request, "take-back")
    assert (late.status, late.json["code"]) == (409, "nothing_to_take_back")
    assert (await live.act(third, request, "take-back")).status == 409
    back = await live.act(second, request, "take-back")
    assert (back.status, back.json["stage"], back.json["stages"][1]["approvedBy"]) == (200, 1, [])
    assert (await live.act(second, request, "approve")).status == 200
    ended = await live.act(third, request, "approve")
    assert ended.json["state"] == "APPROVED"
    over = await live.act(third, request, "take-back")
    assert (over.status, over.json["code"]) == (409, "already_decided")


async def test_a_decision_on_a_place_that_was_taken_back_learns_who_did_it(live: World) -> None:
    rep, second = await live.person("rep"), await live.person("approver")
    first = await live.person("approver", name="高橋 直樹")
    request = await live.request(rep, stages=[stage("一次", first), stage("二次", second)])
    assert (await live.act(first, request, "approve")).status == 200
    answers = await asyncio.gather(
        live.act(first, request, "take-back"), live.act(second, request, "approve", stage=1, revision=1)
    )
    assert sorted(answer.status for answer in answers) == [200, 409]
    if answers[0].status == 200:
        lost = answers[1].json
        assert (lost["code"], lost["takenBack"], lost["decidedBy"]) == ("already_decided", True, "高橋 直樹")
    else:
        assert answers[0].json["code"] == "already_decided"


async def test_a_stand_in_takes_back_what_they_gave_and_nobody_elses(live: World) -> None:
    rep, absent, stand_in, second = [await live.person(role) for role in ("rep", "approver", "approver", "approver")]
    request = await live.request(rep, stages=[stage("一次", absent), stage("二次", second)])
    period = {"startsAt": clock.now().isoformat(), "endsAt": "2099-01-01T00:00:00Z"}
    given = await live.client.post("/proxies", {"toId": str(stand_in.id), **period}, token=absent.token)
    assert given.status == 201, given.json
    assert (await live.act(stand_in, request, "approve")).status == 200
    assert (await live.act(absent, request, "take-back")).json["code"] == "nothing_to_take_back"
    assert (await live.act(stand_in, request, "take-back")).status == 200
    entry = (await live.history(rep, request))[-1]
    assert (entry["action"], entry["role"], entry["onBehalfOfId"]) == ("TAKE_BACK", "PROXY", str(absent.id))
    assert (await live.act(absent, request, "approve")).json["stage"] == 1


async def test_an_approval_of_an_earlier_revision_stays_given(live: World) -> None:
    rep, first, second = [await live.person(role) for role in ("rep", "approver", "approver")]
    request = await live.request(rep, stages=[stage("一次", first), stage("二次", second)])
    assert (await live.act(first, request, "approve")).status == 200
    assert (await live.act(second, request, "return", comment="不足")).status == 200
    shown = await live.get(first, request)
    assert "TAKE_BACK" not in shown["allowedActions"]
    assert (await live.act(rep, request, "resubmit")).json["stage"] == 1
    late = await live.act(first, request, "take-back")
    assert (late.status, late.json["code"]) == (409, "nothing_to_take_back")


async def test_only_who_has_a_place_may_ask_and_a_repeat_takes_back_once(live: World) -> None:
    rep, first, second = [await live.person(role) for role in ("rep", "approver", "approver")]
    manager, admin = await live.person("manager"), await live.person("admin")
    viewed = stage("一次", first, viewerIds=[manager.id])
    request = await live.request(rep, stages=[viewed, stage("二次", second)])
    assert (await live.act(first, request, "approve")).status == 200
    assert (await live.act(manager, request, "take-back")).json["code"] == "not_an_approver"
    assert (await live.act(rep, request, "take-back")).status == 403
    assert (await live.act(admin, request, "take-back")).status == 403
    key = new_key()
    answers = await asyncio.gather(*(live.act(first, request, "take-back", key=key) for _ in range(3)))
    assert [answer.status for answer in answers] == [200] * 3, [answer.json for answer in answers]
    assert [entry["action"] for entry in await live.history(rep, request)].count("TAKE_BACK") == 1
