"""Routes: what no door lets in, which one a request takes, and what happens where one can't work."""

from typing import Any

import orjson
import pytest

from services.kit.running.ids import new_id
from services.opportunity.service.stages import handed_over
from tests.services.opportunity.world import Person, World, plain


def _faults(answer: Any) -> dict[str, str]:
    assert answer.status == 422, answer.json
    return {error["pointer"]: error["code"] for error in answer.json.get("errors", [])}


async def _route(world: World, admin: Person, *stages: dict[str, Any], **fields: Any) -> Any:
    body = {"name": "手数料", "stages": [{"name": "承認"} | stage for stage in stages]} | fields
    return await world.client.post("/approval-routes", plain(body), token=admin.token)


async def _store(world: World, *stages: dict[str, Any]) -> None:
    """A route as it may stand in the database since before doors checked it."""
    async with world.db.transaction(world.system) as uow:
        await uow.execute(
            "INSERT INTO approval_routes (id, name, risk_tolerances, priority, stages, active, version, created_at,"
            " updated_at) VALUES (%s, '以前のルート', '{}', 0, %s::jsonb, true, 1, now(), now())",
            [new_id(), orjson.dumps(plain([{"name": "承認", "mode": "ANY"} | stage for stage in stages])).decode()],
        )


@pytest.mark.parametrize("door", ["request", "draft", "preview", "route"])
async def test_every_door_refuses_stages_that_can_not_work(world: World, door: str) -> None:
    """A repeated approver made every later command fail for ever."""
    admin, rep = await world.person("admin"), await world.person("rep")
    first, second = await world.person("approver"), await world.person("approver")
    suspended = await world.person("approver", state="SUSPENDED")
    gone = await world.person("approver", state="DELETED")
    stages = [
        {"name": "一", "approverIds": [first.id, first.id], "mode": "ALL"},
        {"name": "二", "approverIds": [first.id], "escalateTo": first.id, "viewerIds": [rep.id, rep.id]},
        {"name": "三", "approverIds": [first.id, second.id], "mode": "QUORUM", "quorum": 3},
        {"name": "四", "approverIds": [first.id], "mode": "ALL", "quorum": 1},
        {"name": "五", "approverIds": [first.id], "mode": "QUORUM"},
    ]
    people = [
        {"name": "一", "approverIds": [admin.id, suspended.id, first.id], "escalateTo": rep.id},
        {"name": "二", "approverIds": [first.id], "viewerIds": [rep.id, gone.id]},
    ]

    async def enter(given: list[dict[str, Any]]) -> Any:
        if door == "route":
            return await _route(world, admin, *given)
        body = {"kind": "FEE_DISCOUNT", "title": "減額", "stages": given}
        if door == "preview":
            return await world.client.post("/approvals/preview", plain(body), token=rep.token)
        return await world.create(rep, stages=given, draft=door == "draft")

    assert _faults(await enter(stages)) == {
        "/stages/0/approverIds/1": "approvers_repeated",
        "/stages/1/escalateTo": "escalates_to_approver",
        "/stages/1/viewerIds/1": "viewers_repeated",
        "/stages/2/quorum": "quorum_unreachable",
        "/stages/3/quorum": "quorum_mismatch",
        "/stages/4/quorum": "quorum_mismatch",
    }
    assert _faults(await enter(people)) == {
        "/stages/0/approverIds/0": "not_an_approver",
        "/stages/0/approverIds/1": "not_an_approver",
        "/stages/0/escalateTo": "not_an_approver" if door == "route" else "own_request",
        "/stages/1/viewerIds/1": "unknown_user",
    }
    assert await world.rows("SELECT 1 FROM approvals") == await world.rows("SELECT 1 FROM approval_routes") == []


async def test_a_route_names_somebody_and_a_quorum_counts_what_resolvers_can_find(world: World) -> None:
    admin, approver = await world.person("admin"), await world.person("approver")
    nobody = await _route(world, admin, {})
    assert _faults(nobody) == {"/stages/0/approverIds": "no_approvers"}
    of_two = {"resolvers": ["MANAGER_OF_REQUESTER"], "approverIds": [approver.id], "mode": "QUORUM", "quorum": 3}
    assert _faults(await _route(world, admin, of_two)) == {"/stages/0/quorum": "quorum_unreachable"}
    twice = {"resolvers": ["ROLE:approver", "ROLE:approver"]}
    assert _faults(await _route(world, admin, twice)) == {"/stages/0/resolvers/1": "resolvers_repeated"}
    of_any = {"resolvers": ["ROLE:approver"], "mode": "QUORUM", "quorum": 3}
    assert (await _route(world, admin, of_any)).status == 201
    empty = await _route(world, admin, {"resolvers": ["ROLE:approver"]}, minAmount=10, maxAmount=10)
    assert _faults(empty) == {"": "amounts_empty"}


async def test_routes_from_before_are_mended_or_refused_with_a_reason_never_a_fault(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    one = {"approverIds": [approver.id], "viewerIds": [approver.id, approver.id], "escalateTo": rep.id}
    await _store(live, one | {"mode": "ANY"}, {"approverIds": [approver.id, approver.id], "mode": "ALL"})
    request = await live.request(rep)
    assert [stage["approverIds"] for stage in request["stages"]] == [[str(approver.id)]] * 2
    assert request["stages"][0]["escalateTo"] is None
    assert (await live.act(approver, request, "approve")).json["stage"] == 1
    assert (await live.act(approver, request, "approve")).json["state"] == "APPROVED"


async def test_a_request_stored_with_a_repeated_approver_can_go_on(live: World) -> None:
    rep, first, second = await live.person("rep"), await live.person("approver"), await live.person("approver")
    stages = [{"name": "一", "approverIds": [first.id]}, {"name": "二", "approverIds": [second.id], "mode": "ALL"}]
    request = await live.request(rep, stages=stages)
    async with live.db.transaction(live.system) as uow:
        await uow.execute(
            "UPDATE approvals SET stages = jsonb_set(stages, '{1,approverIds}', jsonb_build_array(%s::text, %s::text))",
            [str(second.id), str(second.id)],
        )
    assert (await live.act(first, request, "approve")).status == 200
    assert (await live.act(second, request, "approve")).json["state"] == "APPROVED"


@pytest.mark.parametrize("mode", ["ALL", "QUORUM"])
async def test_a_control_does_not_shrink_to_who_is_left(world: World, mode: str) -> None:
    """Two of three with two suspended became one of one."""
    admin, rep = await world.person("admin"), await world.person("rep")
    approvers = [await world.person("approver") for _ in range(3)]
    quorum = {"quorum": 2} if mode == "QUORUM" else {}
    made = await _route(world, admin, {"approverIds": [who.id for who in approvers], "mode": mode} | quorum)
    assert made.status == 201, made.json
    async with world.db.transaction(world.system) as uow:
        left = [approvers[1].id, approvers[2].id]
        await uow.execute("UPDATE user_copies SET state = 'SUSPENDED' WHERE id = ANY(%s)", [left])
    answer = await world.create(rep)
    assert (answer.status, answer.json["code"]) == (422, "too_few_approvers")
    assert (answer.json["needed"], answer.json["available"]) == (2 if mode == "QUORUM" else 3, 1)
    assert "管理者" in answer.json["detail"]
    draft = (await world.create(rep, draft=True)).json
    assert draft["code"] == "too_few_approvers"


async def test_two_resolvers_that_find_one_person_give_one_place(world: World) -> None:
    admin, manager = await world.person("admin"), await world.person("manager", "approver")
    rep = await world.person("rep", manager=manager)
    both = {"resolvers": ["MANAGER_OF_REQUESTER", "ROLE:approver"], "mode": "ALL"}
    own = {"approverIds": [manager.id], "escalateToResolver": "MANAGER_OF_REQUESTER"}
    assert (await _route(world, admin, both, own)).status == 201
    request = await world.request(rep)
    assert [stage["approverIds"] for stage in request["stages"]] == [[str(manager.id)]] * 2
    assert request["stages"][1]["escalateTo"] is None
    two = {"resolvers": ["MANAGER_OF_REQUESTER", "ROLE:approver"], "mode": "QUORUM", "quorum": 2}
    assert (await _route(world, admin, two, priority=5)).status == 201
    assert (await world.create(rep)).json["code"] == "too_few_approvers"


async def test_a_draft_from_before_is_refused_with_pointers_when_it_is_submitted(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    draft = await world.request(rep, approver, draft=True)

    async def store(assignment: str, *values: Any) -> None:
        async with world.db.transaction(world.system) as uow:
            await uow.execute(f"UPDATE approvals SET {assignment}", values)  # noqa: S608 - constants of this test

    await store("wish = jsonb_set(wish, '{stages,0,approverIds,1}', to_jsonb(%s::text))", str(approver.id))
    assert _faults(await world.act(rep, draft, "submit")) == {"/stages/0/approverIds/1": "approvers_repeated"}
    await store("currency = 'ZZZ', title = %s", "\u200b")
    faults = _faults(await world.act(rep, draft, "submit"))
    assert faults == {"/title": "string_too_short", "/currency": "currency_unknown"}


@pytest.mark.parametrize("currency", ["ZZZ", "XXX", "XTS", "XAU", "CHE", "DEM", "yen", "JPY ", "￥", ""])
async def test_only_currencies_in_use_are_taken(world: World, currency: str) -> None:
    admin, rep = await world.person("admin"), await world.person("rep")
    request = await world.create(rep, currency=currency, amount=1)
    assert "/currency" in _faults(request)
    route = await _route(world, admin, {"resolvers": ["ROLE:approver"]}, currency=currency)
    assert "/currency" in _faults(route)


async def _taken(world: World, rep: Person, amount: int | None, currency: str = "JPY") -> str:
    body = {"kind": "FEE_DISCOUNT", "amount": amount, "currency": currency}
    answer = await world.client.post("/approvals/preview", body, token=rep.token)
    assert answer.status == 200, answer.json
    [stage] = answer.json["stages"]
    return str(stage["name"])


async def test_thresholds_compare_within_one_currency_and_others_take_the_strictest_route(world: World) -> None:
    """900,000 US dollars took the route for less than 1,000,000 yen."""
    admin, rep = await world.person("admin"), await world.person("rep")
    approver = await world.person("approver")

    async def route(name: str, **fields: Any) -> None:
        made = await _route(world, admin, {"name": name, "approverIds": [approver.id]}, **fields)
        assert made.status == 201, made.json
        assert made.json["currency"] == fields.get("currency", "JPY")

    await route("小口", maxAmount=1_000_000)
    await route("中口", minAmount=1_000_000, maxAmount=10_000_000)
    await route("大口", minAmount=10_000_000)
    assert [await _taken(world, rep, amount) for amount in (999_999, 1_000_000, 10_000_000)] == ["小口", "中口", "大口"]
    assert [await _taken(world, rep, amount, "USD") for amount in (1, 900_000)] == ["大口", "大口"]
    await route("少額のドル", currency="USD", maxAmount=10_000)
    assert [await _taken(world, rep, amount, "USD") for amount in (9_999, 10_000)] == ["少額のドル", "大口"]
    assert await _taken(world, rep, 9_999, "EUR") == "大口"
    assert await _taken(world, rep, 9_999) == "小口"


async def test_without_routes_foreign_amounts_are_large(world: World) -> None:
    manager = await world.person("manager")
    rep, approver = await world.person("rep", manager=manager), await world.person("approver")
    request = await world.request(rep, amount=900, currency="USD")
    assert [stage["approverIds"] for stage in request["stages"]] == [[str(manager.id)], [str(approver.id)]]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"mode": "ANY", "approverIds": ["L", "S"]}, {"mode": "ANY", "approverIds": ["S"]}),
        ({"mode": "ALL", "approverIds": ["L", "S"]}, {"mode": "QUORUM", "approverIds": ["S"], "quorum": 2}),
        ({"mode": "ALL", "approverIds": ["L", "X"]}, {"mode": "ALL", "approverIds": ["S", "X"]}),
        (
            {"mode": "QUORUM", "quorum": 2, "approverIds": ["L", "S"]},
            {"mode": "QUORUM", "quorum": 2, "approverIds": ["S"]},
        ),
        ({"mode": "ANY", "approverIds": ["S"], "escalateTo": "L"}, {"mode": "ANY", "approverIds": ["S"]}),
        (
            {"mode": "ANY", "approverIds": ["X"], "viewerIds": ["L", "S"]},
            {"mode": "ANY", "approverIds": ["X"], "viewerIds": ["S"]},
        ),
    ],
)
def test_a_leavers_places_in_a_route_go_over_without_asking_for_less(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    plain_after = {"viewerIds": [], "reviewerIds": [], "escalateTo": None} | after
    assert handed_over([before], "L", "S") == [plain_after]
