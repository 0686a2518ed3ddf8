"""承認者の追加: an approver has somebody asked before or after themselves."""

from typing import Any

from services.opportunity.dossier_check import check
from tests.services.opportunity.world import Person, World, stage


async def test_somebody_added_before_decides_first_and_the_stage_comes_again(live: World) -> None:
    rep, first, expert = [await live.person(role) for role in ("rep", "approver", "approver")]
    request = await live.request(rep, stages=[stage("決裁", first, deadlineHours=24)])
    asked = await live.act(first, request, "add-approver", userId=expert.id, before=True, comment="税務の確認")
    assert asked.status == 200, asked.json
    assert [one["name"] for one in asked.json["stages"]] == ["追加承認", "決裁"]
    assert (asked.json["stage"], asked.json["stages"][0]["deadlineHours"]) == (0, 24)
    assert asked.json["deadlineAt"] > request["deadlineAt"], "the stage that was added has its own time"
    assert (await live.inbox(first), await live.inbox(expert)) == ([], [request["number"]])
    assert (await live.act(first, request, "approve")).json["code"] == "not_an_approver"
    assert (await live.act(expert, request, "approve")).json["stage"] == 1
    ended = await live.act(first, request, "approve")
    assert ended.json["state"] == "APPROVED"
    told = [entry["action"] for entry in await live.history(rep, request)]
    assert told == ["SUBMIT", "ADD_APPROVER", "APPROVE", "APPROVE"]
    [event] = await live.rows("SELECT data FROM outbox WHERE event_type = 'approval.approver_added'")
    assert event["data"]["waitingFor"] == [str(expert.id)]
    dossier = await live.client.get(f"/approvals/{request['id']}/dossier", token=rep.token)
    assert check(dossier.body).problems == []
    [added] = [entry for entry in dossier.json["record"]["history"] if entry["facts"]["action"] == "ADD_APPROVER"]
    assert added["personal"]["toId"] == str(expert.id)


async def test_somebody_added_after_is_asked_when_the_stage_is_through(live: World) -> None:
    rep, first, second, expert = [await live.person(role) for role in ("rep", "approver", "approver", "approver")]
    request = await live.request(rep, stages=[stage("一次", first), stage("二次", second)])
    asked = await live.act(first, request, "add-approver", userId=expert.id)
    assert [one["name"] for one in asked.json["stages"]] == ["一次", "追加承認", "二次"]
    assert await live.inbox(first) == [request["number"]]
    for person, after in ((first, 1), (expert, 2)):
        assert (await live.act(person, request, "approve")).json["stage"] == after
    assert (await live.act(second, request, "approve")).json["state"] == "APPROVED"


async def test_who_can_not_be_added_and_by_whom_nobody_is(live: World) -> None:
    rep, first, second, expert = [await live.person(role) for role in ("rep", "approver", "approver", "approver")]
    gone = await live.person("approver", state="SUSPENDED")
    request = await live.request(rep, stages=[stage("合議", first, second, mode="ALL")])

    async def code(by: Person, user: Person, **more: Any) -> tuple[int, str]:
        answer = await live.act(by, request, "add-approver", userId=user.id, **more)
        return answer.status, answer.json.get("code", "")

    for unfit in (rep, second, gone):
        assert await code(first, unfit) == (409, "cannot_be_added"), unfit
    assert await code(expert, second) == (404, "not_found")
    assert (await code(rep, expert))[0] == 403
    assert (await live.act(second, request, "approve")).status == 200
    assert await code(first, expert, before=True) == (409, "cannot_be_added")
    assert await code(second, expert) == (409, "already_voted")
    assert (await code(first, expert))[0] == 200
    late = await live.act(second, request, "take-back")
    assert (late.status, late.json["code"]) == (409, "nothing_to_take_back"), "somebody has acted after it"


async def test_a_leaver_who_returns_finds_their_place_where_it_is_now(live: World) -> None:
    rep, first, leaver, expert = [await live.person(role) for role in ("rep", "approver", "approver", "approver")]
    request = await live.request(rep, stages=[stage("一次", first), stage("二次", leaver)])
    places = '{"places": [{"position": 1, "approver": true, "dropped": false, "escalate_to": false}]}'
    async with live.db.transaction(live.system) as uow:
        await uow.execute(
            "INSERT INTO approval_moves (id, process_id, kind, resource_id, from_id, detail, moved_at)"
            " VALUES (gen_random_uuid(), gen_random_uuid(), 'APPROVER', %s, %s, %s::jsonb, now())",
            [request["id"], leaver.id, places],
        )
    assert (await live.act(first, request, "add-approver", userId=expert.id)).status == 200
    [move] = await live.rows("SELECT detail FROM approval_moves")
    assert move["detail"]["places"][0]["position"] == 2
