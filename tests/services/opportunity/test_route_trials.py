"""Trying routes out: what is told is what the submission does; simulations read, and alarms come before refusals."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contracts.states import ApprovalKind
from services.kit.running import clock
from services.opportunity.service import route_simulation
from tests.services.opportunity.world import Person, World, plain

DAY = timedelta(days=1)
ROUTES: list[dict[str, Any]] = [
    {"name": "大口", "minAmount": 10_000_000, "priority": 5},
    {"name": "中口", "minAmount": 1_000_000, "maxAmount": 10_000_000, "priority": 5},
    {"name": "高齢", "minAge": 75, "priority": 9},
    {"name": "積極", "riskTolerances": ["AGGRESSIVE"], "priority": 3},
    {"name": "少額のドル", "maxAmount": 10_000, "currency": "USD", "priority": 1},
    {"name": "手数料", "kind": "FEE_DISCOUNT"},
]


async def _route(world: World, admin: Person, *stages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    body = {"name": "手数料", "stages": [{"name": "承認"} | stage for stage in stages]} | fields
    answer = await world.client.post("/approval-routes", plain(body), token=admin.token)
    assert answer.status == 201, answer.json
    made: dict[str, Any] = answer.json
    return made


async def _try(world: World, admin: Person, requester: Person, **fields: Any) -> Any:
    body = {"kind": "FEE_DISCOUNT", "requesterId": requester.id} | fields
    return await world.client.post("/approval-routes/try", plain(body), token=admin.token)


async def _simulate(world: World, admin: Person, route: dict[str, Any], route_id: str | None = None) -> dict[str, Any]:
    body = {"draft": {"routeId": route_id, "route": route}}
    answer = await world.client.post("/approval-routes/simulate", plain(body), token=admin.token)
    assert answer.status == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(list(ApprovalKind)),
    amount=st.none() | st.sampled_from([0, 9_999, 10_000, 999_999, 1_000_000, 9_999_999, 10_000_000]),
    currency=st.sampled_from(["JPY", "USD", "EUR"]),
    who=st.sampled_from(["led", "alone", "approves"]),
    born=st.none() | st.sampled_from([date(1940, 1, 1), date(1990, 1, 1)]),
    suspended=st.booleans(),
)
async def test_what_a_trial_tells_is_what_the_submission_does(
    live: World, kind: ApprovalKind, amount: int | None, currency: str, who: str, born: date | None, suspended: bool
) -> None:
    await _retire_all(live)
    admin, boss = await live.person("admin"), await live.person("manager")
    first, second = await live.person("approver"), await live.person("approver")
    requester = {
        "led": await live.person("rep", manager=boss),
        "alone": await live.person("rep"),
        "approves": await live.person("rep", "approver", manager=boss),
    }[who]
    await _fill(live, admin, first, second, requester)
    async with live.db.transaction(live.system) as uow:
        state = "SUSPENDED" if suspended else "ACTIVE"
        await uow.execute("UPDATE user_copies SET state = %s WHERE id = %s", [state, second.id])
    customer = None if born is None else await live.customer(requester, born=born)
    asked = {"kind": kind, "amount": amount, "currency": currency, "customerId": customer}
    told = await _try(live, admin, requester, **asked)
    assert told.status == 200, told.json
    done = await live.create(requester, **asked)
    if told.json["problem"] is not None:
        assert (done.status, done.json["code"]) == (422, told.json["problem"]["code"])
        assert done.json["detail"] == told.json["problem"]["message"]
        return
    assert done.status == 201, done.json
    shown = ("name", "approverIds", "mode", "quorum", "deadlineHours", "businessDays", "escalateTo")
    assert [[stage[part] for part in shown] for stage in told.json["stages"]] == [
        [stage[part] for part in shown] for stage in done.json["stages"]
    ]
    taken = told.json["taken"] or {"routeId": None, "version": None}
    assert (taken["routeId"], taken["version"]) == (done.json["routeId"], done.json["routeVersion"])
    of_fields = {"FIRST_IN_PRODUCT", "RISK_ABOVE_TOLERANCE"}
    assert told.json["flags"] == [flag for flag in done.json["flags"] if flag not in of_fields]


async def _retire_all(world: World) -> None:
    async with world.db.transaction(world.system) as uow:
        await uow.execute(
            "UPDATE approval_routes SET active = false, version = version + 1, updated_at = now() WHERE active"
        )


async def _fill(world: World, admin: Person, first: Person, second: Person, requester: Person) -> None:
    both = {"approverIds": [first.id, second.id]}
    stages = [
        [both | {"mode": "ALL"}],
        [both | {"mode": "QUORUM", "quorum": 2}],
        [{"resolvers": ["MANAGER_OF_REQUESTER"], "escalateToResolver": "MANAGER_OF_MANAGER", "deadlineHours": 8}, both],
        [both | {"escalateTo": first.id, "approverIds": [second.id]}],
        [{"resolvers": ["ROLE:manager"]}],
        [{"approverIds": [first.id]} | ({"viewerIds": [requester.id]})],
    ]
    for fields, given_stages in zip(ROUTES, stages, strict=True):
        await _route(world, admin, *given_stages, **fields)


async def test_a_trial_tells_why_a_route_is_taken_and_why_others_are_not(world: World) -> None:
    admin, rep = await world.person("admin"), await world.person("rep")
    approver = await world.person("approver", name="高橋 恵子")
    stage = {"approverIds": [approver.id]}
    for fields in ROUTES:
        await _route(world, admin, stage, **fields)
    told = (await _try(world, admin, rep, amount=2_000_000)).json
    assert [(route["name"], route["taken"], route["met"], route["failed"]) for route in told["routes"]] == [
        ("高齢", False, [], ["AGE"]),
        ("大口", False, [], ["AMOUNT"]),
        ("中口", True, ["AMOUNT"], []),
        ("積極", False, [], ["RISK_TOLERANCE"]),
        ("少額のドル", False, [], ["AMOUNT"]),
        ("手数料", False, ["KIND"], []),
    ]
    assert told["taken"]["name"] == "中口"
    assert told["stages"][0]["approvers"][0]["name"] == "高橋 恵子"
    foreign = (await _try(world, admin, rep, amount=100, currency="USD")).json
    assert foreign["taken"]["name"] == "少額のドル"
    assert [route["name"] for route in foreign["routes"] if route["displaced"]] == ["大口"]
    policy = (await _try(world, admin, rep, kind="OTHER", amount=20_000)).json
    assert policy["taken"] is None


async def test_a_trial_tells_who_is_left_out_and_who_stands_in(world: World) -> None:
    admin, requester = await world.person("admin"), await world.person("rep", "approver")
    away, stand_in = await world.person("approver"), await world.person("approver", name="代理 花子")
    suspended, demoted = await world.person("approver"), await world.person("approver")
    gone = await world.person("approver")
    everybody = [away, requester, suspended, demoted, gone]
    await _route(world, admin, {"approverIds": [who.id for who in everybody], "mode": "QUORUM", "quorum": 2})
    async with world.db.transaction(world.system) as uow:
        await uow.execute("UPDATE user_copies SET state = 'SUSPENDED' WHERE id = %s", [suspended.id])
        await uow.execute("UPDATE user_copies SET roles = '{rep}' WHERE id = %s", [demoted.id])
        await uow.execute("UPDATE user_copies SET state = 'DELETED' WHERE id = %s", [gone.id])
    at = clock.now() + 10 * DAY
    period = plain({"toId": stand_in.id, "startsAt": at - DAY, "endsAt": at + DAY})
    assert (await world.client.post("/proxies", period, token=away.token)).status == 201
    told = (await _try(world, admin, requester, at=at)).json
    [stage] = told["stages"]
    assert {one["id"]: one["reason"] for one in stage["leftOut"]} == {
        str(requester.id): "REQUESTER",
        str(suspended.id): "SUSPENDED",
        str(demoted.id): "NO_PERMISSION",
        str(gone.id): "GONE",
    }
    [asked] = stage["approvers"]
    assert (asked["id"], asked["absent"]) == (str(away.id), True)
    assert [proxy["name"] for proxy in asked["proxies"]] == ["代理 花子"]
    assert (stage["problem"]["code"], told["problem"]["code"]) == ("too_few_approvers", "too_few_approvers")
    assert not (await _try(world, admin, requester)).json["stages"][0]["approvers"][0]["absent"]


async def test_a_planned_version_and_a_draft_can_be_tried(world: World) -> None:
    admin, rep = await world.person("admin"), await world.person("rep")
    people = [await world.person("approver") for _ in range(3)]
    route = await _route(world, admin, {"approverIds": [people[0].id]})
    at = clock.now() + 3 * DAY
    body = plain({"name": "来期", "stages": [{"name": "承認", "approverIds": [people[1].id]}], "validFrom": at})
    planned = await world.client.put(f"/approval-routes/{route['id']}", body, token=admin.token, if_match=1)
    assert planned.status == 200

    def asked(told: Any) -> tuple[int | None, str]:
        return told.json["taken"]["version"], told.json["stages"][0]["approverIds"][0]

    assert asked(await _try(world, admin, rep)) == (1, str(people[0].id))
    assert asked(await _try(world, admin, rep, at=at + DAY)) == (2, str(people[1].id))
    content = {"name": "案", "stages": [{"name": "承認", "approverIds": [people[2].id]}]}
    told = await _try(world, admin, rep, draft={"routeId": route["id"], "route": content})
    assert asked(told) == (None, str(people[2].id))
    assert [route["drafted"] for route in told.json["routes"]] == [True], "in the place of its own version"
    retired = await _try(world, admin, rep, draft={"routeId": route["id"], "route": content | {"active": False}})
    assert retired.json["taken"] is None
    beside = await _try(world, admin, rep, draft={"route": content | {"priority": -1}})
    assert asked(beside) == (1, str(people[0].id))
    nobody = content | {"stages": [{"name": "承認", "approverIds": [rep.id]}]}
    refused = await _try(world, admin, rep, draft={"route": nobody})
    assert refused.json["errors"][0]["pointer"] == "/draft/route/stages/0/approverIds/0"
    assert await world.rows("SELECT 1 FROM approval_route_versions WHERE number > 2") == []


@pytest.mark.parametrize(("field", "pointer"), [("requester", "/requesterId"), ("customer", "/customerId")])
async def test_who_could_not_submit_can_not_be_tried(world: World, field: str, pointer: str) -> None:
    admin, rep, approver = [await world.person(role) for role in ("admin", "rep", "approver")]
    gone = await world.customer(rep, state="DELETED")
    asked = {"requester": (approver, {}), "customer": (rep, {"customerId": gone})}[field]
    answer = await _try(world, admin, asked[0], **asked[1])
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer)


async def test_a_simulation_lists_what_would_go_elsewhere_as_it_was_submitted(
    live: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, rep = await live.person("admin"), await live.person("rep")
    small, large, named = [await live.person("approver", name=name) for name in ("小口 一", "大口 二", "指名 三")]
    route = await _route(live, admin, {"approverIds": [small.id]})
    old = await live.customer(rep, born=date(1930, 1, 1))
    requests = {
        "small": await live.request(rep, amount=100_000),
        "large": await live.request(rep, amount=5_000_000),
        "senior": await live.request(rep, amount=5_000_000, customerId=old),
        "named": await live.request(rep, named, amount=5_000_000),
        "draft": await live.request(rep, draft=True, amount=5_000_000),
    }
    returned = await live.act(small, requests["large"], "return", comment="減額してください")
    lower = {"kind": "FEE_DISCOUNT", "title": "減額", "amount": 1, "currency": "JPY"}
    path = f"/approvals/{requests['large']['id']}"
    lowered = await live.client.put(path, lower, token=rep.token, if_match=returned.json["version"])
    assert lowered.status == 200, lowered.json
    before = await live.rows("SELECT count(*) AS n, max(updated_at) AS at FROM approvals")
    new = {"name": "大口", "minAmount": 1_000_000, "priority": 1}
    new |= {"stages": [{"name": "部長", "approverIds": [large.id]}]}
    found = await _simulate(live, admin, new)
    assert (found["lookedAt"], found["named"], found["changed"], found["more"]) == (4, 1, 2, False)
    assert {item["approvalId"] for item in found["items"]} == {requests["large"]["id"], requests["senior"]["id"]}
    of_large = next(item for item in found["items"] if item["approvalId"] == requests["large"]["id"])
    assert of_large["amount"] == 5_000_000, "as it was submitted, though it was lowered since"
    assert of_large["before"]["route"] == {"routeId": route["id"], "version": 1, "name": "手数料", "drafted": False}
    assert of_large["after"]["route"] == {"routeId": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "version": None} | {
        "name": "大口",
        "drafted": True,
    }
    ways = [of_large[way]["stages"][0]["approvers"][0]["name"] for way in ("before", "after")]
    assert ways == ["小口 一", "大口 二"]
    assert "title" not in of_large
    seniors = await _simulate(live, admin, new | {"minAge": 75})
    assert [item["approvalId"] for item in seniors["items"]] == [requests["senior"]["id"]]
    async with live.db.transaction(live.system) as uow:
        await uow.execute("UPDATE customer_copies SET birth_date = '2000-01-01'")
    assert (await _simulate(live, admin, new | {"minAge": 75}))["changed"] == 1, "the customer as known then"
    same = {"name": "改名", "stages": [{"name": "承認", "approverIds": [small.id]}]}
    assert (await _simulate(live, admin, same, route["id"]))["changed"] == 0
    assert await live.rows("SELECT count(*) AS n, max(updated_at) AS at FROM approvals") == before
    monkeypatch.setattr(route_simulation, "MOST_LOOKED_AT", 3)
    monkeypatch.setattr(route_simulation, "MOST_LISTED", 1)
    capped = await _simulate(live, admin, new)
    assert (capped["lookedAt"], capped["more"], len(capped["items"])) == (3, True, 1)


async def test_what_was_erased_is_read_as_it_is_now_and_said_so(world: World) -> None:
    admin, rep, approver = [await world.person(role) for role in ("admin", "rep", "approver")]
    await _route(world, admin, {"approverIds": [approver.id]})
    await world.request(rep, amount=5_000_000)
    async with world.db.transaction(world.system) as uow:
        await uow.execute("DELETE FROM approval_history_personal")
        await uow.execute("UPDATE approvals SET amount = 1")
    new = {
        "name": "大口",
        "minAmount": 1_000_000,
        "priority": 1,
        "stages": [{"name": "長", "approverIds": [approver.id]}],
    }
    found = await _simulate(world, admin, new)
    assert (found["knownNow"], found["changed"]) == (1, 0)


async def test_everybody_who_is_named_is_found_in_what_counts_and_what_is_planned(world: World) -> None:
    admin, auditor = await world.person("admin"), await world.person("auditor")
    who, other = await world.person("approver"), await world.person("approver")
    stages = [
        {"name": "一", "approverIds": [who.id, other.id]},
        {"name": "二", "approverIds": [other.id], "deadlineHours": 8, "escalateTo": who.id, "viewerIds": [who.id]},
    ]
    route = await _route(world, admin, *stages)
    path = f"/approval-routes/{route['id']}"
    body = {"name": "来期", "stages": stages[1:], "validFrom": clock.now() + DAY}
    assert (await world.client.put(path, plain(body), token=admin.token, if_match=1)).status == 200
    found: list[dict[str, Any]] = []
    cursor = ""
    while cursor is not None:
        more = f"&cursor={cursor}" if cursor else ""
        answer = await world.client.get(f"/approval-routes/naming?userId={who.id}&limit=1{more}", token=auditor.token)
        found += answer.json["items"]
        cursor = answer.json["nextCursor"]
    places = [[(place["stage"], place["part"]) for place in one["places"]] for one in found]
    assert [(one["version"], one["planned"]) for one in found] == [(1, False), (2, True)]
    assert places == [[(0, "APPROVER"), (1, "ESCALATION"), (1, "VIEWER")], [(0, "ESCALATION"), (0, "VIEWER")]]
    async with world.db.transaction(world.system) as uow:
        await uow.execute("UPDATE user_copies SET state = 'SUSPENDED' WHERE id = %s", [other.id])
    replaced = await world.client.put(
        path,
        plain(body | {"validFrom": None, "stages": [{"name": "一", "approverIds": [who.id]}]}),
        token=admin.token,
        if_match=1,
    )
    assert replaced.status == 200, replaced.json
    listed = await world.client.get(f"/approval-routes/naming?userId={who.id}", token=auditor.token)
    assert [one["version"] for one in listed.json["items"]] == [2, 3], "the past names nobody"


async def test_stages_that_can_not_work_are_an_alarm_before_somebody_is_refused(world: World) -> None:
    admin = await world.person("admin")
    first, second, third = [await world.person("approver", name=name) for name in ("甲", "乙", "丙")]
    all_of = {"approverIds": [first.id, second.id], "mode": "ALL"}
    two_of = {"approverIds": [first.id, second.id, third.id], "mode": "QUORUM", "quorum": 2}
    any_of = {"approverIds": [second.id, third.id]}
    superior = {"resolvers": ["MANAGER_OF_REQUESTER"], "mode": "ALL"}
    managers = {"resolvers": ["ROLE:manager"], "mode": "QUORUM", "quorum": 2}
    lone = {"approverIds": [second.id]}
    await _route(world, admin, all_of, two_of, any_of, superior, managers, lone)

    async def alarms() -> list[tuple[int, str, list[str]]]:
        answer = await world.client.get("/approval-routes/alarms", token=admin.token)
        return [(one["stage"], one["kind"], [who["name"] for who in one["people"]]) for one in answer.json["items"]]

    assert await alarms() == [(4, "NOBODY", [])]
    async with world.db.transaction(world.system) as uow:
        await uow.execute("UPDATE user_copies SET state = 'SUSPENDED' WHERE id = %s", [second.id])
    found = await alarms()
    assert found == [
        (0, "TOO_FEW", ["乙"]),
        (1, "UNABLE", ["乙"]),
        (2, "UNABLE", ["乙"]),
        (4, "NOBODY", []),
        (5, "NOBODY", ["乙"]),
    ]
