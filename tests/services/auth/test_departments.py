"""Departments: the tree, who leads what, and that nothing that is used disappears."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.auth.service import deletion_steps
from services.contracts.permissions import Role
from services.contracts.steps import ProcessStep, ReassignStep, ReturnStep
from services.kit.errors import Conflict, Unavailable
from services.kit.running.context import ActorContext
from tests.services.auth.conftest import AuthWorld, Person
from tests.support.http import Answer


async def put(world: AuthWorld, by: Person, department: dict[str, Any], **changed: Any) -> Answer:
    body = {name: department[name] for name in ("name", "code", "parentId", "headId")} | changed
    path = f"/departments/{department['id']}"
    return await world.client.put(path, body, token=by.token, if_match=department["version"])


def code_of(answer: Answer) -> tuple[int, str, str]:
    [fault] = answer.json["errors"]
    return answer.status, fault["pointer"], fault["code"]


@pytest.fixture
def routes(world: AuthWorld, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many routes name a department, as opportunity would say; an unknown department has none."""
    named: dict[str, int] = {}

    async def ask(service: str, path: str, _params: Sequence[tuple[str, str]] = ()) -> Any:
        assert service == "opportunity"
        return {"routes": named.get(path.split("/")[3], 0)}

    monkeypatch.setattr(world.client.kit.internal, "get", ask)
    return named


async def test_the_tree_is_told_from_the_top_with_heads_and_members(world: AuthWorld, admin: Person) -> None:
    head = await world.person(Role.MANAGER, name="営業 部長")
    sales = await world.department(admin, "営業本部", code="S")
    first = await world.department(admin, "第一営業部", code="S1", parentId=sales["id"], headId=str(head.id))
    await world.department(admin, "法務部")
    for number in (1, 2):
        body = {"name": f"営業 {number}", "departmentId": first["id"]}
        person = await world.person()
        assert (await world.client.put(f"/auth/users/{person.id}", body, token=admin.token, if_match=1)).status == 200
    rep = await world.signed_in(Role.REP)
    tree = (await world.client.get("/departments", token=rep.token)).json["items"]
    assert [(one["name"], one["depth"], one["members"], one["headName"]) for one in tree] == [
        ("営業本部", 0, 0, None),
        ("第一営業部", 1, 2, "営業 部長"),
        ("法務部", 0, 0, None),
    ]
    listed = await world.client.get("/auth/users", token=rep.token, params={"departmentId": first["id"]})
    assert {one["name"] for one in listed.json["items"]} == {"営業 1", "営業 2"}
    one = await world.client.get(f"/departments/{first['id']}", token=rep.token)
    assert (one.json["code"], one.headers["etag"]) == ("S1", '"1"')


async def test_names_and_codes_belong_to_one_department(world: AuthWorld, admin: Person) -> None:
    await world.department(admin, "リテール営業部", code="R1")
    legal = await world.department(admin, "法務部")
    same = await world.client.post("/departments", {"name": "ﾘﾃｰﾙ 営業部"}, token=admin.token)
    assert code_of(same) == (409, "/name", "name_taken")
    coded = await world.client.post("/departments", {"name": "融資部", "code": "R1"}, token=admin.token)
    assert code_of(coded) == (409, "/code", "code_taken")
    assert code_of(await put(world, admin, legal, name="リテール営業部")) == (409, "/name", "name_taken")
    assert (await put(world, admin, legal, name="法務 部")).status == 200


async def test_no_department_lies_below_itself_whoever_moves_what_at_once(world: AuthWorld, admin: Person) -> None:
    top = await world.department(admin, "本部")
    below = await world.department(admin, "部", parentId=top["id"])
    lowest = await world.department(admin, "課", parentId=below["id"])
    for parent in (top, below, lowest):
        answer = await put(world, admin, top, parentId=parent["id"])
        assert code_of(answer) == (422, "/parentId", "department_cycle")
    one, other = await world.department(admin, "甲"), await world.department(admin, "乙")
    answers = await asyncio.gather(
        put(world, admin, one, parentId=other["id"]), put(world, admin, other, parentId=one["id"])
    )
    assert sorted(answer.status for answer in answers) == [200, 422]


async def test_heads_parents_and_departments_of_people_have_to_be_there(world: AuthWorld, admin: Person) -> None:
    leaving, person = await world.person(), await world.person()
    await world.client.delete(f"/auth/users/{leaving.id}", token=admin.token)
    for field, value, fault in (
        ("parentId", uuid4(), "unknown_department"),
        ("headId", uuid4(), "unknown_user"),
        ("headId", leaving.id, "unknown_user"),
    ):
        answer = await world.client.post("/departments", {"name": "部", field: str(value)}, token=admin.token)
        assert code_of(answer) == (422, f"/{field}", fault)
    body = {"name": "x", "departmentId": str(uuid4())}
    answer = await world.client.put(f"/auth/users/{person.id}", body, token=admin.token, if_match=1)
    assert code_of(answer) == (422, "/departmentId", "unknown_department")


async def test_changes_are_for_administrators_and_the_version_that_was_read(world: AuthWorld, admin: Person) -> None:
    department = await world.department(admin, "総務部")
    manager = await world.signed_in(Role.MANAGER)
    assert (await put(world, manager, department, name="人事部")).status == 403
    path = f"/auth/users/{manager.id}"
    mine = {"name": "山田", "departmentId": department["id"]}
    assert (await world.client.put(path, mine, token=manager.token, if_match=1)).status == 403
    assert (await put(world, admin, department, name="人事部")).status == 200
    stale = await put(world, admin, department, name="人事総務部")
    assert (stale.status, stale.json["changedBy"]) == (412, str(admin.id))
    [created], [updated] = await world.audit("department.created"), await world.audit("department.updated")
    assert created["detail"]["changes"]["name"] == {"from": None, "to": "総務部"}
    assert updated["detail"] == {
        "name": "人事部",
        "changed": ["name"],
        "changes": {"name": {"from": "総務部", "to": "人事部"}},
    }


async def test_what_hangs_on_a_department_keeps_it(world: AuthWorld, admin: Person, routes: dict[str, int]) -> None:
    department = await world.department(admin, "法務部")
    path = f"/departments/{department['id']}"
    below = await world.department(admin, "法務課", parentId=department["id"])
    person = await world.person()
    body = {"name": "法務 一郎", "departmentId": department["id"]}
    await world.client.put(f"/auth/users/{person.id}", body, token=admin.token, if_match=1)
    routes[department["id"]] = 2
    refused = await world.client.delete(path, token=admin.token, if_match=1)
    assert (refused.status, refused.json["code"]) == (409, "department_in_use")
    assert [refused.json[kind] for kind in ("departments", "members", "routes")] == [1, 1, 2]
    assert (await world.client.delete(f"/departments/{below['id']}", token=admin.token, if_match=1)).status == 204
    body = {"name": "法務 一郎", "departmentId": None}
    await world.client.put(f"/auth/users/{person.id}", body, token=admin.token, if_match=2)
    routes.clear()
    assert (await world.client.delete(path, token=admin.token)).status == 428
    assert (await world.client.delete(path, token=admin.token, if_match=1)).status == 204
    assert (await world.client.get(path, token=admin.token)).status == 404
    assert (await world.department(admin, "法務部"))["version"] == 1


async def test_nothing_is_deleted_while_nobody_can_say_which_routes_name_it(
    world: AuthWorld, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    department = await world.department(admin, "法務部")

    async def silent(*_: object) -> None:
        raise Unavailable()

    monkeypatch.setattr(world.client.kit.internal, "get", silent)
    path = f"/departments/{department['id']}"
    assert (await world.client.delete(path, token=admin.token, if_match=1)).status == 503
    assert (await world.client.get(path, token=admin.token)).status == 200


async def test_a_leaver_s_departments_go_to_the_successor_and_come_back(world: AuthWorld, admin: Person) -> None:
    leaver, successor = await world.person(Role.MANAGER), await world.person(Role.MANAGER)
    kept = await world.department(admin, "営業部", headId=str(leaver.id))
    given = await world.department(admin, "融資部", headId=str(leaver.id))
    query = f"?successorId={successor.id}"
    process = UUID((await world.client.delete(f"/auth/users/{leaver.id}{query}", token=admin.token)).json["sagaId"])
    call = {"process_id": process, "resource_id": leaver.id, "actor_id": admin.id}
    db = world.client.kit.db

    async def heads() -> dict[str, str]:
        tree = (await world.client.get("/departments", token=admin.token)).json["items"]
        return {one["name"]: one["headId"] for one in tree}

    async with db.transaction(ActorContext.system()) as uow:
        assert await deletion_steps.reports_left(uow, leaver.id) == 2
        with pytest.raises(Conflict):
            await deletion_steps.confirm_deletion(uow, ProcessStep(**call))
    async with db.transaction(ActorContext.system()) as uow:
        assert await deletion_steps.reassign_reports(uow, ReassignStep(**call, successor_id=successor.id)) == 2
        assert await deletion_steps.reports_left(uow, leaver.id) == 0
    assert await heads() == {"営業部": str(successor.id), "融資部": str(successor.id)}
    moved = (await world.client.get(f"/departments/{given['id']}", token=admin.token)).json
    assert (await put(world, admin, moved, headId=str(admin.id))).status == 200
    async with db.transaction(ActorContext.system()) as uow:
        give_back = ReturnStep(**call, deletion_process_id=process)
        assert await deletion_steps.return_reports(uow, give_back) == 2
        assert await deletion_steps.moves_left(uow, process) == 0
    assert await heads() == {kept["name"]: str(leaver.id), "融資部": str(admin.id)}


async def test_without_a_successor_nobody_heads_the_leaver_s_departments(world: AuthWorld, admin: Person) -> None:
    leaver = await world.person(Role.MANAGER)
    department = await world.department(admin, "営業部", headId=str(leaver.id))
    answer = await world.client.delete(f"/auth/users/{leaver.id}", token=admin.token)
    call = {"process_id": UUID(answer.json["sagaId"]), "resource_id": leaver.id, "actor_id": admin.id}
    async with world.client.kit.db.transaction(ActorContext.system()) as uow:
        assert await deletion_steps.reassign_reports(uow, ReassignStep(**call, successor_id=None)) == 1
        await deletion_steps.confirm_deletion(uow, ProcessStep(**call))
    shown = await world.client.get(f"/departments/{department['id']}", token=admin.token)
    assert (shown.json["headId"], shown.json["version"]) == (None, 2)
