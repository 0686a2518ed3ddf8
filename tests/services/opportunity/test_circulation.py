"""回覧 and 後閲: who is shown a request when, confirms to have read it, and reviews it after the decision."""

from typing import Any

from services.contracts.steps import ReassignStep, ReturnStep
from services.kit.running.ids import new_id
from services.opportunity.dossier_check import check
from tests.services.opportunity.world import Person, World, stage


async def circulated(world: World, person: Person, purpose: str, *, answered: bool = False) -> list[str]:
    path = f"/approvals/circulated?purpose={purpose}&answered={str(answered).lower()}"
    answer = await world.client.get(path, token=person.token)
    assert answer.status == 200, answer.json
    return [item["number"] for item in answer.json["items"]]


async def parts(world: World, by: Person, request: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await world.client.get(f"/approvals/{request['id']}/circulation", token=by.token)
    assert answer.status == 200, answer.json
    items: list[dict[str, Any]] = answer.json["items"]
    return items


async def sees(world: World, person: Person, request: dict[str, Any]) -> bool:
    return (await world.client.get(f"/approvals/{request['id']}", token=person.token)).status == 200


async def counted(world: World, person: Person) -> dict[str, int]:
    counts: dict[str, int] = (await world.client.get("/approvals/counts", token=person.token)).json
    return counts


async def test_viewers_are_shown_a_request_as_their_stage_begins_and_confirm_to_have_read_it(live: World) -> None:
    rep, first, second = [await live.person(role) for role in ("rep", "approver", "approver")]
    early, late = await live.person("rep", name="回覧 一郎"), await live.person("rep")
    stages = [stage("一次", first, viewerIds=[early.id]), stage("二次", second, viewerIds=[late.id])]
    request = await live.request(rep, stages=stages)
    assert await circulated(live, early, "READ") == [request["number"]]
    assert (await counted(live, early))["toRead"] == 1
    assert not await sees(live, late, request)
    assert (await live.act(late, request, "read")).status == 404
    for _ in range(2):
        confirmed = await live.act(early, request, "read", revision=1)
        assert confirmed.status == 200, confirmed.json
    [part] = confirmed.json["items"]
    assert (part["userName"], part["revision"], part["endedAt"]) == ("回覧 一郎", 1, part["answeredAt"])
    assert await circulated(live, early, "READ") == []
    assert await circulated(live, early, "READ", answered=True) == [request["number"]]
    assert (await live.act(first, request, "approve")).status == 200
    assert await sees(live, late, request)
    assert [part["answeredAt"] is None for part in await parts(live, rep, request)] == [False, True]
    told = [entry["action"] for entry in await live.history(rep, request)]
    assert told == ["SUBMIT", "READ", "APPROVE"], "confirming twice is one entry, and no change of state"
    events = await live.rows("SELECT event_type, data FROM outbox WHERE data ? 'toRead'")
    shown = {row["event_type"]: row["data"]["toRead"] for row in events}
    assert shown["approval.requested"] == [str(early.id)]
    assert shown["approval.stage_completed"] == [str(late.id)]
    assert (await live.act(second, request, "read")).json["code"] == "not_shown"
    decision = await live.act(early, request, "approve")
    assert decision.status == 403
    dossier = await live.client.get(f"/approvals/{request['id']}/dossier", token=rep.token)
    assert check(dossier.body).problems == []


async def test_a_revision_is_read_anew_and_a_stale_page_does_not_confirm_it(live: World) -> None:
    rep, approver, viewer = [await live.person(role) for role in ("rep", "approver", "rep")]
    request = await live.request(rep, stages=[stage("承認", approver, viewerIds=[viewer.id])])
    assert (await live.act(viewer, request, "read")).status == 200
    assert (await live.act(approver, request, "return", comment="金額を確認してください")).status == 200
    assert (await live.act(rep, request, "resubmit")).status == 200
    assert await circulated(live, viewer, "READ") == [request["number"]]
    stale = await live.act(viewer, request, "read", revision=1)
    assert (stale.status, stale.json["code"], stale.json["revision"]) == (409, "revised_meanwhile", 2)
    assert (await live.act(viewer, request, "read", revision=2)).status == 200
    assert [part["revision"] for part in await parts(live, approver, request)] == [2, 1]
    assert (await live.act(rep, request, "recall")).status == 200
    assert await sees(live, viewer, request)


async def test_what_was_recalled_asks_nobody_to_read_it_any_more(live: World) -> None:
    rep, approver, viewer = [await live.person(role) for role in ("rep", "approver", "rep")]
    request = await live.request(rep, stages=[stage("承認", approver, viewerIds=[viewer.id])])
    assert (await live.act(rep, request, "recall")).status == 200
    assert await circulated(live, viewer, "READ") == []
    over = await live.act(viewer, request, "read")
    assert (over.status, over.json["code"]) == (409, "not_asked_any_more")


async def test_viewers_after_the_decision_and_reviewers_see_nothing_before_it(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    viewer, reviewer = await live.person("rep"), await live.person("manager", name="後閲 花子")
    stages = [stage("承認", approver, viewerIds=[viewer.id], viewWhen="DECISION", reviewerIds=[reviewer.id])]
    request = await live.request(rep, stages=stages)
    assert not await sees(live, viewer, request)
    assert not await sees(live, reviewer, request)
    assert (await live.act(approver, request, "approve")).json["state"] == "APPROVED"
    assert await circulated(live, viewer, "READ") == [request["number"]]
    assert await circulated(live, reviewer, "REVIEW") == [request["number"]]
    assert (await counted(live, reviewer))["toReview"] == 1
    wordless = await live.act(reviewer, request, "post-review", finding=True)
    assert wordless.status == 422
    reviewed = await live.act(reviewer, request, "post-review", finding=True, comment="根拠資料が不足しています")
    assert reviewed.status == 200, reviewed.json
    [part] = [part for part in reviewed.json["items"] if part["purpose"] == "REVIEW"]
    assert (part["verdict"], part["comment"]) == ("FINDING", "根拠資料が不足しています")
    assert part["dueAt"] > part["since"]
    again = await live.act(reviewer, request, "post-review", comment="もう一度")
    assert (again.status, again.json["code"]) == (409, "answered_already")
    assert (await live.get(rep, request))["state"] == "APPROVED"
    last = (await live.history(rep, request))[-1]
    assert (last["action"], last["role"], last["verdict"], last["state"]) == (
        *("POST_REVIEW", "REVIEWER", "FINDING"),
        "APPROVED",
    )
    dossier = await live.client.get(f"/approvals/{request['id']}/dossier", token=rep.token)
    assert check(dossier.body).problems == []


async def test_nobody_reads_or_reviews_their_own_request(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    request = await live.request(rep, stages=[stage("承認", approver, viewerIds=[rep.id], reviewerIds=[rep.id])])
    assert (await live.act(approver, request, "approve")).status == 200
    assert await parts(live, rep, request) == []
    assert (await live.act(rep, request, "read")).json["code"] == "not_shown"


async def test_only_people_who_may_read_requests_are_named(world: World) -> None:
    rep, approver, operator = [await world.person(role) for role in ("rep", "approver", "ops")]
    gone = await world.person("rep", state="DELETED")
    answer = await world.create(
        rep, stages=[stage("承認", approver, viewerIds=[operator.id], reviewerIds=[gone.id, approver.id])]
    )
    assert answer.status == 422
    pointers = [error["pointer"] for error in answer.json["errors"]]
    assert pointers == ["/stages/0/viewerIds/0", "/stages/0/reviewerIds/0"]


async def test_a_leavers_readings_and_reviews_are_handed_over_and_given_back(live: World) -> None:
    admin, rep, approver = [await live.person(role) for role in ("admin", "rep", "approver")]
    leaver, successor = await live.person("manager"), await live.person("manager")
    named = [stage("承認", approver, viewerIds=[leaver.id], reviewerIds=[leaver.id])]
    decided, open_ = await live.request(rep, stages=named), await live.request(rep, stages=named)
    draft = (await live.create(rep, draft=True)).json
    asked = await live.client.post(
        f"/approvals/{draft['id']}/consultations", {"userIds": [str(leaver.id)]}, token=rep.token
    )
    assert asked.status == 200, asked.json
    assert (await live.act(approver, decided, "approve")).status == 200
    process = new_id()
    call = ReassignStep(process_id=process, resource_id=leaver.id, actor_id=admin.id, successor_id=successor.id)
    answer = await live.run(live.steps.reassign_approvals, call)
    assert answer.remaining == 0
    assert await circulated(live, leaver, "READ") == await circulated(live, leaver, "CONSULT") == []
    assert sorted(await circulated(live, successor, "READ")) == sorted([decided["number"], open_["number"]])
    assert await circulated(live, successor, "REVIEW") == [decided["number"]]
    assert await circulated(live, successor, "CONSULT") == []
    assert (await live.act(approver, open_, "approve")).status == 200
    assert len(await circulated(live, successor, "REVIEW")) == 2
    back = ReturnStep(process_id=new_id(), resource_id=leaver.id, actor_id=admin.id, deletion_process_id=process)
    await live.run(live.steps.return_approvals, back)
    assert await circulated(live, leaver, "REVIEW") == [decided["number"]]
    assert await circulated(live, leaver, "CONSULT") == [draft["number"]]
    assert await sees(live, leaver, draft)
