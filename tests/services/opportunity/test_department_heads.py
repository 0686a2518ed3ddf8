"""Stages that ask for the head of a department: who that is, at every door, and what stops where there is nobody."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from services.kit.running.ids import new_id
from services.kit.trust.internal import InternalTokens
from tests.services.opportunity.world import Person, World, plain
from tests.support.http import new_key

HEAD = "DEPARTMENT_HEAD"


async def _route(world: World, admin: Person, **stage: Any) -> Any:
    body = {"name": "稟議", "stages": [{"name": "部門長", "resolvers": [HEAD]} | stage]}
    return await world.client.post("/approval-routes", plain(body), token=admin.token, key=new_key())


async def _asked(world: World, rep: Person) -> list[str]:
    """Whom the rep's preview names; the code of the refusal where it names nobody."""
    body = {"kind": "FEE_DISCOUNT", "amount": 1}
    answer = await world.client.post("/approvals/preview", body, token=rep.token)
    if answer.status != 200:
        return [answer.json["code"]]
    [stage] = answer.json["stages"]
    return [person["name"] for person in stage["approvers"]]


async def test_the_head_of_the_requester_s_department_decides(world: World) -> None:
    admin, rep = await world.person("admin"), await world.person("rep")
    head = await world.person("manager", name="部長")
    await world.department("営業部", rep, head=head)
    assert (await _route(world, admin)).status == 201
    assert await _asked(world, rep) == ["部長"]
    request = await world.request(rep)
    assert request["stages"][0]["approverIds"] == [str(head.id)]
    trial = {"kind": "FEE_DISCOUNT", "amount": 1, "requesterId": str(rep.id)}
    tried = await world.client.post("/approval-routes/try", trial, token=admin.token)
    assert [one["name"] for one in tried.json["stages"][0]["approvers"]] == ["部長"]


async def test_above_a_department_without_a_head_or_of_the_requester_the_next_head_decides(world: World) -> None:
    admin, rep = await world.person("admin"), await world.person("rep")
    head = await world.person("manager", "rep", name="課長")
    top = await world.person("manager", name="本部長")
    division = await world.department("本部", head=top)
    middle = await world.department("部", parent=division)
    await world.department("課", rep, head, parent=middle, head=head)
    await _route(world, admin)
    assert await _asked(world, rep) == ["課長"]
    assert await _asked(world, head) == ["本部長"]
    newcomer = await world.person("rep")
    await world.department("別の課", newcomer, parent=middle)
    assert await _asked(world, newcomer) == ["本部長"]


@pytest.mark.parametrize("lacks", ["department", "head", "anybody but the requester", "a head who can decide"])
async def test_where_there_is_no_head_nothing_is_submitted(world: World, lacks: str) -> None:
    """A superior who is missing is stood in for by any approver; a head is not."""
    admin, rep = await world.person("admin"), await world.person("rep", "manager")
    await world.person("approver")
    above = await world.department("本部", head=await world.person("manager"))
    suspended = await world.person("manager", state="SUSPENDED")
    if lacks == "head":
        await world.department("部", rep)
    elif lacks == "anybody but the requester":
        await world.department("部", rep, head=rep)
    elif lacks == "a head who can decide":
        await world.department("部", rep, head=suspended, parent=above)
    await _route(world, admin)
    assert await _asked(world, rep) == ["no_route"]
    assert (await world.create(rep)).json["code"] == "no_route"
    trial = {"kind": "FEE_DISCOUNT", "amount": 1, "requesterId": str(rep.id)}
    tried = await world.client.post("/approval-routes/try", trial, token=admin.token)
    assert tried.json["problem"]["code"] == "no_route"


async def test_a_stage_of_all_does_not_shrink_by_a_head_who_is_missing(world: World) -> None:
    admin, rep, approver = await world.person("admin"), await world.person("rep"), await world.person("approver")
    await _route(world, admin, approverIds=[approver.id], mode="ALL")
    refused = await world.create(rep)
    assert (refused.json["code"], refused.json["needed"], refused.json["available"]) == ("too_few_approvers", 2, 1)


async def test_a_fixed_department_is_asked_whoever_requests(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def knows_no_more(*_: object) -> Any:
        return {"items": []}

    monkeypatch.setattr(world.client.kit.internal, "get", knows_no_more)
    admin, rep = await world.person("admin"), await world.person("rep")
    legal = await world.department("法務部", head=await world.person("approver", name="法務部長"))
    fixed = f"{HEAD}:{legal}"
    assert (await _route(world, admin, resolvers=[fixed], escalateToResolver=HEAD)).status == 201
    assert await _asked(world, rep) == ["法務部長"]
    for unknown in (f"{HEAD}:{new_id()}", f"{HEAD}:", f"{HEAD}:{str(legal).upper()}x", "DEPARTMENT"):
        assert (await _route(world, admin, resolvers=[unknown])).status == 422
    refused = await _route(world, admin, escalateToResolver=f"{HEAD}:{new_id()}")
    assert [(e["pointer"], e["code"]) for e in refused.json["errors"]] == [
        ("/stages/0/escalateToResolver", "unknown_department")
    ]


async def test_an_alarm_tells_of_a_fixed_department_that_has_nobody(world: World) -> None:
    admin = await world.person("admin")
    head = await world.person("approver")
    legal = await world.department("法務部", head=head)
    await _route(world, admin, resolvers=[f"{HEAD}:{legal}"])
    await _route(world, admin)

    async def alarms() -> list[str]:
        answer = await world.client.get("/approval-routes/alarms", token=admin.token)
        return [one["kind"] for one in answer.json["items"]]

    assert await alarms() == []
    async with world.db.transaction(world.system) as uow:
        await uow.execute("UPDATE department_copies SET head_id = NULL")
    assert await alarms() == ["NOBODY"]


async def test_who_heads_a_department_is_named_where_its_head_is_asked(world: World) -> None:
    admin, head, nobody = await world.person("admin"), await world.person("manager"), await world.person("manager")
    legal = await world.department("法務部", head=head)
    other = await world.department("融資部", head=nobody)
    names = {}
    for name, resolver in (("所属", HEAD), ("法務", f"{HEAD}:{legal}"), ("融資", f"{HEAD}:{other}")):
        names[name] = (await _route(world, admin, name=name, resolvers=[resolver])).json["id"]

    async def named(person: Person) -> dict[str, list[str]]:
        answer = await world.client.get("/approval-routes/naming", token=admin.token, params={"userId": str(person.id)})
        return {one["routeId"]: [place["part"] for place in one["places"]] for one in answer.json["items"]}

    assert await named(head) == {names["所属"]: [HEAD], names["法務"]: [HEAD]}
    assert await named(nobody) == {names["所属"]: [HEAD], names["融資"]: [HEAD]}
    token = InternalTokens(world.client.kit.settings, "auth").token("opportunity")
    count = await world.client.get(f"/internal/departments/{legal}/routes", token=token)
    assert count.json == {"routes": 1}


async def test_departments_that_are_not_known_here_yet_are_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, rep = await world.person("admin"), await world.person("rep")
    head, department, above = new_id(), new_id(), new_id()
    common = {"name": "部", "code": None, "deleted": False, "aggregateVersion": 3}
    answers: dict[UUID, dict[str, Any]] = {
        department: common | {"departmentId": str(department), "parentId": str(above), "headId": None},
        above: common | {"departmentId": str(above), "parentId": None, "headId": str(head)},
        head: {
            "userId": str(head),
            "name": "本部長",
            "email": "head@ringi.example",
            "state": "ACTIVE",
            "managerId": None,
            "departmentId": None,
            "roles": ["manager"],
            "aggregateVersion": 1,
        },
    }

    async def ask(_service: str, _path: str, params: Sequence[tuple[str, str]] = ()) -> Any:
        return {"items": [answers[UUID(id_)] for _, id_ in params if UUID(id_) in answers]}

    monkeypatch.setattr(world.client.kit.internal, "get", ask)
    fixed = await _route(world, admin, resolvers=[HEAD, f"{HEAD}:{department}"])
    assert fixed.status == 201, fixed.json
    async with world.db.transaction(world.system) as uow:
        await uow.execute("UPDATE user_copies SET department_id = %s WHERE id = %s", [department, rep.id])
    assert await _asked(world, rep) == ["本部長"]
