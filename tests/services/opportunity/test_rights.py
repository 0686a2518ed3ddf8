"""Who may see and do what with a request."""

import asyncio
from datetime import datetime, timedelta

import pytest

from services.kit.running import clock
from services.kit.running.ids import new_id
from services.opportunity.service.actors import actor_of
from tests.services.opportunity.world import World
from tests.support.http import TestIssuer
from tests.support.postgres import someone_waits_for_a_lock
from tests.support.waiting import eventually

PERIOD = {"startsAt": "2020-01-01T00:00:00Z", "endsAt": "2999-01-01T00:00:00Z"}


async def test_a_request_is_seen_by_those_with_a_part_in_it_their_superiors_auditors_and_admins(world: World) -> None:
    manager = await world.person("manager")
    rep, approver = await world.person("rep", manager=manager), await world.person("approver")
    request = await world.request(rep, approver)
    expected = {
        "the requester": (rep, 200),
        "their manager": (manager, 200),
        "the approver": (approver, 200),
        "an auditor": (await world.person("auditor"), 200),
        "an administrator": (await world.person("admin"), 200),
        "another rep": (await world.person("rep"), 404),
        "another manager": (await world.person("manager"), 404),
        "another approver": (await world.person("approver"), 404),
        "an operator": (await world.person("ops"), 403),
    }
    for who, (person, status) in expected.items():
        answer = await world.client.get(f"/approvals/{request['id']}", token=person.token)
        assert answer.status == status, who
        listed = await world.client.get("/approvals", token=person.token)
        if status == 200:
            assert [item["id"] for item in listed.json["items"]] == [request["id"]], who
        elif status == 404:
            assert listed.json["items"] == [], who


async def test_a_draft_is_not_shown_to_its_future_approver(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    draft = await world.request(rep, approver, draft=True)
    assert (await world.client.get(f"/approvals/{draft['id']}", token=approver.token)).status == 404
    assert (await world.act(rep, draft, "submit")).json["state"] == "PENDING"
    assert (await world.client.get(f"/approvals/{draft['id']}", token=approver.token)).status == 200


@pytest.mark.parametrize("action", ["approve", "reject", "return"])
async def test_an_administrator_never_decides(world: World, action: str) -> None:
    rep, admin = await world.person("rep"), await world.person("admin")
    request = await world.request(rep, await world.person("approver"))
    answer = await world.act(admin, request, action, comment="代わりに決めます")
    assert answer.status == 403, answer.json


async def test_nobody_approves_their_own_request_by_proxy_neither(world: World) -> None:
    manager, approver = await world.person("manager"), await world.person("approver")
    proxy = await world.client.post("/proxies", {"toId": str(manager.id), **PERIOD}, token=approver.token)
    assert proxy.status == 201, proxy.json
    request = await world.request(manager, approver)
    answer = await world.act(manager, request, "approve")
    assert (answer.status, answer.json["code"]) == (403, "own_request")
    assert (await world.client.get("/approvals/pending", token=manager.token)).json["items"] == []
    named = await world.create(manager, approverId=manager.id)
    assert (named.status, named.json["errors"][0]["pointer"]) == (422, "/approverId")


async def test_a_proxy_decides_and_the_decision_keeps_both_names(live: World) -> None:
    rep, absent = await live.person("rep"), await live.person("approver", name="不在 一郎")
    stand_in = await live.person("approver", name="代理 二郎")
    await live.client.post("/proxies", {"toId": str(stand_in.id), **PERIOD}, token=absent.token)
    request = await live.request(rep, absent)
    inbox = await live.client.get("/approvals/pending", token=stand_in.token)
    assert [item["id"] for item in inbox.json["items"]] == [request["id"]]
    assert (await live.act(stand_in, request, "approve")).status == 200
    entry = (await live.history(rep, request))[-1]
    assert (entry["role"], entry["actorName"], entry["onBehalfOfName"]) == ("PROXY", "代理 二郎", "不在 一郎")


async def test_a_proxy_that_is_ended_early_stays_as_evidence_of_what_was_decided_by_it(live: World) -> None:
    rep, absent, stand_in = await live.person("rep"), await live.person("approver"), await live.person("approver")
    given = await live.client.post("/proxies", {"toId": str(stand_in.id), **PERIOD}, token=absent.token)
    decided, waiting = await live.request(rep, absent), await live.request(rep, absent)
    assert (await live.act(stand_in, decided, "approve")).status == 200
    for _ in range(2):
        assert (await live.client.delete(f"/proxies/{given.json['id']}", token=absent.token)).status == 204
    assert (await live.act(stand_in, waiting, "approve")).status == 404
    [ended] = (await live.client.get("/proxies", token=stand_in.token)).json["items"]
    assert (ended["id"], ended["version"]) == (given.json["id"], 2)
    entry = (await live.history(rep, decided))[-1]
    assert ended["startsAt"] <= entry["at"] <= ended["endsAt"]


@pytest.mark.parametrize("ahead", [timedelta(0), clock.MAX_SKEW], ids=["deciding", "ending"])
async def test_a_proxy_ends_at_once_though_the_clocks_of_replicas_are_minutes_apart(
    live: World, ahead: timedelta
) -> None:
    """`ahead`: of the replica that ends it. The one that decides is as much ahead of it in the other case."""
    rep, absent, stand_in = await live.person("rep"), await live.person("approver"), await live.person("approver")
    given = await live.client.post("/proxies", {"toId": str(stand_in.id), **PERIOD}, token=absent.token)
    decided, waiting = await live.request(rep, absent), await live.request(rep, absent)
    with clock.travel(clock.MAX_SKEW - ahead):
        assert (await live.act(stand_in, decided, "approve")).status == 200
    with clock.travel(ahead):
        assert (await live.client.delete(f"/proxies/{given.json['id']}", token=absent.token)).status == 204
    with clock.travel(clock.MAX_SKEW - ahead):
        assert (await live.client.get("/approvals/pending", token=stand_in.token)).json["items"] == []
        assert (await live.act(stand_in, waiting, "approve")).status == 404
    [ended] = (await live.client.get("/proxies", token=absent.token)).json["items"]
    entry = (await live.history(rep, decided))[-1]
    assert ended["startsAt"] <= entry["at"] <= ended["endsAt"]


async def test_a_proxy_that_has_not_begun_leaves_nothing_behind(world: World) -> None:
    absent, stand_in = await world.person("approver"), await world.person("approver")
    period = {"startsAt": "2998-01-01T00:00:00Z", "endsAt": "2999-01-01T00:00:00Z"}
    given = await world.client.post("/proxies", {"toId": str(stand_in.id), **period}, token=absent.token)
    assert (await world.client.delete(f"/proxies/{given.json['id']}", token=absent.token)).status == 204
    assert (await world.client.get("/proxies", token=absent.token)).json["items"] == []
    assert (await world.client.delete(f"/proxies/{given.json['id']}", token=absent.token)).status == 404


async def test_a_proxy_ends_after_a_decision_that_is_being_made_by_it(world: World) -> None:
    absent, stand_in = await world.person("approver"), await world.person("approver")
    given = await world.client.post("/proxies", {"toId": str(stand_in.id), **PERIOD}, token=absent.token)
    async with world.db.transaction(world.system) as deciding:
        actor = await actor_of(deciding, stand_in.id, frozenset({"approver"}), new_id())
        assert actor.proxy_for == {absent.id}
        ending = asyncio.create_task(world.client.delete(f"/proxies/{given.json['id']}", token=absent.token))
        await eventually(lambda: someone_waits_for_a_lock(world.db), what="the end waits for the decision")
        decided_at = clock.now()
    assert (await ending).status == 204
    [ended] = (await world.client.get("/proxies", token=absent.token)).json["items"]
    assert decided_at <= datetime.fromisoformat(ended["endsAt"])


async def test_a_proxy_period_that_is_over_gives_no_right(world: World) -> None:
    rep, absent, stand_in = await world.person("rep"), await world.person("approver"), await world.person("approver")
    async with world.db.transaction(world.system) as uow:
        await uow.execute(
            "INSERT INTO approval_proxies"
            " VALUES (gen_random_uuid(), %s, %s, '2020-01-01', '2020-02-01', 1, now(), now())",
            [absent.id, stand_in.id],
        )
    request = await world.request(rep, absent)
    assert (await world.act(stand_in, request, "approve")).status == 404


async def test_a_stand_in_sees_what_waits_for_the_absent_one_and_not_what_they_ask_for_themselves(world: World) -> None:
    absent, stand_in = await world.person("manager"), await world.person("approver")
    await world.client.post("/proxies", {"toId": str(stand_in.id), **PERIOD}, token=absent.token)
    waiting = await world.request(await world.person("rep"), absent)
    their_own = await world.request(absent, await world.person("approver"))
    listed = await world.client.get("/approvals", token=stand_in.token)
    assert [item["id"] for item in listed.json["items"]] == [waiting["id"]]
    for request, status in ((waiting, 200), (their_own, 404)):
        assert (await world.client.get(f"/approvals/{request['id']}", token=stand_in.token)).status == status


async def test_a_stand_in_who_decides_no_more_sees_nothing_by_proxy_any_longer(
    world: World, issuer: TestIssuer
) -> None:
    absent, stand_in = await world.person("approver"), await world.person("approver")
    await world.client.post("/proxies", {"toId": str(stand_in.id), **PERIOD}, token=absent.token)
    request = await world.request(await world.person("rep"), absent)
    as_rep = issuer.token(stand_in.id, ["rep"])
    assert (await world.client.get(f"/approvals/{request['id']}", token=stand_in.token)).status == 200
    assert (await world.client.get(f"/approvals/{request['id']}", token=as_rep)).status == 404
    assert (await world.client.get("/approvals/pending", token=as_rep)).json["items"] == []
    assert (await world.client.get("/approvals/counts", token=as_rep)).json["waiting"] == 0


@pytest.mark.parametrize("role", ["rep", "auditor", "ops"])
async def test_only_who_decides_names_a_proxy(world: World, role: str) -> None:
    person, approver = await world.person(role), await world.person("approver")
    answer = await world.client.post("/proxies", {"toId": str(approver.id), **PERIOD}, token=person.token)
    assert answer.status == 403, answer.json


async def test_an_auditor_reads_and_leaves_no_remark(world: World) -> None:
    auditor = await world.person("auditor")
    request = await world.request(await world.person("rep"), await world.person("approver"))
    path = f"/approvals/{request['id']}/comments"
    assert (await world.client.get(path, token=auditor.token)).status == 200
    assert (await world.client.post(path, {"body": "指摘"}, token=auditor.token)).status == 403
    assert (await world.client.get(path, token=auditor.token)).json["items"] == []


async def test_an_auditor_who_also_is_a_rep_acts_on_their_own_only(world: World) -> None:
    both, other, approver = (
        await world.person("rep", "auditor"),
        await world.person("rep"),
        await world.person("approver"),
    )
    theirs, mine = await world.request(other, approver), await world.request(both, approver)
    for request, status in ((theirs, 403), (mine, 201)):
        answer = await world.client.post(f"/approvals/{request['id']}/comments", {"body": "補足"}, token=both.token)
        assert answer.status == status, answer.json
    foreign = await world.create(both, customerId=await world.customer(other), approverId=approver.id)
    assert (foreign.status, foreign.json["errors"][0]["pointer"]) == (422, "/customerId")
    own = await world.create(both, customerId=await world.customer(both), approverId=approver.id)
    assert own.status == 201, own.json


async def test_a_request_for_somebody_elses_customer_is_refused_with_a_pointer(world: World) -> None:
    rep, other, approver = await world.person("rep"), await world.person("rep"), await world.person("approver")
    foreign = await world.customer(other)
    answer = await world.create(rep, customerId=foreign, approverId=approver.id)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/customerId")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"ownerId": "019a0000-0000-7000-8000-000000000001"}, "/ownerId"),
        ({"state": "APPROVED"}, "/state"),
        ({"amount": 1.5}, "/amount"),
        ({"amount": -1}, "/amount"),
        ({"title": ""}, "/title"),
        ({"kind": "GIFT"}, "/kind"),
        ({"currency": "yen"}, "/currency"),
        ({"stages": []}, "/stages"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_kept(
    world: World, fields: dict[str, object], pointer: str
) -> None:
    rep = await world.person("rep")
    answer = await world.create(rep, **fields)
    assert answer.status == 422
    assert pointer in [error["pointer"] for error in answer.json["errors"]]
    assert await world.rows("SELECT 1 FROM approvals") == []


async def test_a_stale_edit_is_refused_and_a_returned_request_can_not_be_made_larger(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    request = await live.request(rep, approver, amount=100)
    await live.act(approver, request, "return", comment="不足")
    path, body = f"/approvals/{request['id']}", {"kind": "FEE_DISCOUNT", "title": "減額（修正）", "amount": 90}
    assert (await live.client.put(path, body, token=rep.token)).status == 428
    assert (await live.client.put(path, body, token=rep.token, if_match=1)).json["title"] == "減額（修正）"
    stale = await live.client.put(path, body, token=rep.token, if_match=1)
    assert (stale.status, stale.json["currentVersion"], stale.json["changedBy"]) == (412, 2, str(rep.id))
    larger = await live.client.put(path, body | {"amount": 101}, token=rep.token, if_match=2)
    assert (larger.status, larger.json["errors"][0]["pointer"]) == (422, "/amount")


async def test_a_draft_that_is_edited_keeps_the_approvers_whom_its_author_named(world: World) -> None:
    rep, approver = await world.person("rep", manager=await world.person("manager")), await world.person("approver")
    answer = await world.create(rep, draft=True, approverId=str(approver.id), amount=900_000, currency="USD")
    path, content = f"/approvals/{answer.json['id']}", {"kind": "FEE_DISCOUNT", "title": "改題", "currency": "USD"}
    kept = await world.client.put(path, content, token=rep.token, if_match=1)
    assert [stage["approverIds"] for stage in kept.json["stages"]] == [[str(approver.id)]]
    freed = await world.client.put(path, content | {"approverId": None}, token=rep.token, if_match=2)
    assert str(approver.id) not in freed.json["stages"][0]["approverIds"], "null leaves it to the policy"


async def test_one_bulk_decision_is_answered_row_by_row(live: World) -> None:
    rep, approver, other = await live.person("rep"), await live.person("approver"), await live.person("approver")
    mine = [await live.request(rep, approver) for _ in range(2)]
    foreign = await live.request(rep, other)
    items = [{"id": request["id"]} for request in [*mine, foreign]]
    answer = await live.client.post(
        "/approvals/bulk-decide", {"decision": "APPROVE", "items": items}, token=approver.token
    )
    assert answer.status == 200, answer.json
    assert [result["status"] for result in answer.json["results"]] == [200, 200, 404]
    assert answer.json["results"][0]["approval"]["state"] == "APPROVED"
    assert answer.json["results"][2]["problem"]["code"] == "not_found"
