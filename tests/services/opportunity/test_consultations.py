"""根回し: a draft is shown to named people for their opinion before it is submitted."""

import copy
from typing import Any

import orjson

from services.kit.running.ids import new_id
from services.opportunity.dossier_check import check
from services.opportunity.dossier_circulation import contradictions
from services.opportunity.schemas.circulation import MOST_CONSULTED
from services.opportunity.schemas.dossier import DossierRecord
from services.opportunity.service import circulation
from tests.services.opportunity.test_circulation import circulated, counted, parts, sees
from tests.services.opportunity.world import Person, World, plain
from tests.support.http import Answer


async def consult(world: World, by: Person, draft: dict[str, Any], *people: Person, **more: Any) -> Answer:
    body = plain({"userIds": [person.id for person in people]} | more)
    return await world.client.post(f"/approvals/{draft['id']}/consultations", body, token=by.token)


async def draft_of(world: World, rep: Person) -> dict[str, Any]:
    answer = await world.create(rep, draft=True, approverId=(await world.person("approver")).id)
    assert answer.status == 201, answer.json
    draft: dict[str, Any] = answer.json
    return draft


async def test_a_draft_is_shown_for_an_opinion_which_stays_with_the_request(live: World) -> None:
    rep, boss = await live.person("rep"), await live.person("approver", name="課長 次郎")
    stranger = await live.person("rep")
    draft = (await live.create(rep, draft=True, description="初案", approverId=str(boss.id))).json
    assert "CONSULT" in draft["allowedActions"]
    assert not await sees(live, boss, draft)
    asked = await consult(live, rep, draft, boss, comment="金額はこれでよいでしょうか")
    assert asked.status == 200, asked.json
    assert (await consult(live, rep, draft, boss)).status == 200, "who is asked already stays asked"
    assert await circulated(live, boss, "CONSULT") == [draft["number"]]
    assert (await counted(live, boss))["consulted"] == 1
    assert await sees(live, boss, draft)
    assert not await sees(live, stranger, draft)
    assert (await live.act(boss, draft, "advise")).status == 422
    assert (await live.act(boss, draft, "advise", verdict="FINDING")).status == 422
    said = await live.act(boss, draft, "advise", verdict="CONCERNED", comment="根拠を添えてください", revision=1)
    assert said.status == 200, said.json
    assert (await live.act(boss, draft, "advise", verdict="SUPPORTS")).status == 200
    [part] = await parts(live, rep, draft)
    assert (part["verdict"], part["endedAt"]) == ("SUPPORTS", None)
    submitted = await live.act(rep, draft, "submit")
    assert submitted.status == 200, submitted.json
    assert await circulated(live, boss, "CONSULT") == []
    assert await live.inbox(boss) == [draft["number"]], "who was consulted may be its approver"
    late = await live.act(boss, draft, "advise", comment="遅れました")
    assert (late.status, late.json["code"]) == (409, "not_asked_any_more")
    history = await live.history(boss, draft)
    assert [entry["action"] for entry in history] == ["DRAFT", "CONSULT", "ADVISE", "ADVISE", "SUBMIT"]
    advice = history[2]
    assert (advice["verdict"], advice["comment"], advice["role"]) == ("CONCERNED", "根拠を添えてください", "CONSULTED")
    assert history[1]["toName"] == "課長 次郎"
    path = f"/approvals/{draft['id']}/history/{advice['id']}"
    seen = await live.client.get(path, token=boss.token)
    assert seen.json["seen"]["description"] == "初案"
    assert (await live.act(boss, draft, "approve")).status == 200
    dossier = await live.client.get(f"/approvals/{draft['id']}/dossier", token=rep.token)
    assert check(dossier.body).problems == []


async def test_a_dossier_with_opinions_that_cannot_be_is_found_out(world: World) -> None:
    rep, other = await world.person("rep"), await world.person("rep")
    draft = await draft_of(world, rep)
    assert (await consult(world, rep, draft, other)).status == 200
    assert (await world.act(other, draft, "advise", verdict="SUPPORTS")).status == 200
    told = (await world.client.get(f"/approvals/{draft['id']}/dossier", token=rep.token)).json["record"]

    def found(**changed: Any) -> list[str]:
        forged = copy.deepcopy(told)
        forged["history"][2]["facts"] |= changed
        return [pointer for pointer, _ in contradictions(DossierRecord.model_validate_json(orjson.dumps(forged)))]

    assert found() == []
    assert found(actorId=str(rep.id)) == ["/record/history/2/facts/actorId"] * 2
    assert found(actorId=str(new_id())) == ["/record/history/2/facts/actorId"]
    assert found(state="PENDING") == ["/record/history/2/facts/state"]
    assert found(action="POST_REVIEW") == ["/record/history/2/facts/state"]


async def test_who_is_not_consulted_any_more_does_not_see_the_draft(world: World) -> None:
    rep, one, other = [await world.person(role) for role in ("rep", "rep", "manager")]
    draft = await draft_of(world, rep)
    assert (await consult(world, rep, draft, one, other)).status == 200
    assert (await world.act(one, draft, "advise", comment="よいと思います")).status == 200
    for _ in range(2):
        path = f"/approvals/{draft['id']}/consultations/{one.id}"
        assert (await world.client.delete(path, token=rep.token)).status == 200
    assert (await sees(world, one, draft), await sees(world, other, draft)) == (False, True)
    assert [entry["action"] for entry in await world.history(rep, draft)].count("END_CONSULTATION") == 1
    assert (await consult(world, rep, draft, one)).status == 200
    assert await sees(world, one, draft)
    assert (
        await world.client.delete(f"/approvals/{draft['id']}/consultations/{one.id}", token=one.token)
    ).status == 403


async def test_a_draft_is_shown_by_its_owner_to_few_active_readers_and_not_to_its_owner(world: World) -> None:
    rep, other, operator = [await world.person(role) for role in ("rep", "rep", "ops")]
    locked = await world.person("rep", state="SUSPENDED")
    draft = await draft_of(world, rep)
    refused = await consult(world, rep, draft, rep, operator, locked)
    assert refused.status == 422
    assert [error["code"] for error in refused.json["errors"]] == ["own_request", "unknown_user", "unknown_user"]
    assert (await consult(world, other, draft, other)).status == 404
    assert (await consult(world, rep, draft, other)).status == 200
    assert (await consult(world, other, draft, operator)).status == 403
    crowd = [await world.person("rep") for _ in range(MOST_CONSULTED)]
    assert (await consult(world, rep, draft, *crowd)).status == 422
    assert (await consult(world, rep, draft, *crowd[1:])).status == 200


async def test_opinions_on_one_draft_are_bounded(world: World, monkeypatch: Any) -> None:
    rep, other = await world.person("rep"), await world.person("rep")
    draft = await draft_of(world, rep)
    assert (await consult(world, rep, draft, other)).status == 200
    monkeypatch.setattr(circulation, "MOST_ANSWERS", 1)
    assert (await world.act(other, draft, "advise", comment="一言")).status == 200
    more = await world.act(other, draft, "advise", comment="もう一言")
    assert (more.status, more.json["code"]) == (409, "too_many_answers")


async def test_a_request_that_came_back_can_be_talked_over_until_it_is_submitted_again(live: World) -> None:
    rep, approver, boss = [await live.person(role) for role in ("rep", "approver", "manager")]
    request = await live.request(rep, approver)
    assert (await consult(live, rep, request, boss)).json["code"] == "wrong_state"
    assert (await live.act(approver, request, "return", comment="再検討")).status == 200
    assert (await consult(live, rep, request, boss)).status == 200
    assert (await live.act(boss, request, "advise", verdict="SUPPORTS")).status == 200
    assert (await live.act(rep, request, "resubmit")).status == 200
    assert await circulated(live, boss, "CONSULT") == []
    assert not await sees(live, boss, request)
    assert [part["revision"] for part in await parts(live, approver, request)] == [1]
