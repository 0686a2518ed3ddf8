"""Users: who may see and change whom, and that nobody ends up without an administrator or below themselves."""

import asyncio
from uuid import uuid4

import pytest

from services.contracts.permissions import Role
from services.kit.running.context import ActorContext
from tests.services.auth.conftest import PASSWORD, AuthWorld, Person
from tests.support.http import new_key

NEW = {"email": "new@ringi.example", "name": "新人 一郎", "password": PASSWORD, "roles": ["rep"]}


async def test_an_administrator_creates_a_user_who_can_sign_in(world: AuthWorld, admin: Person) -> None:
    answer = await world.client.post("/auth/users", NEW, token=admin.token, key=new_key())
    assert answer.status == 201
    assert answer.headers["location"] == f"/api/v1/auth/users/{answer.json['id']}"
    assert answer.headers["etag"] == '"1"'
    assert answer.json | {"id": "", "createdAt": "", "updatedAt": ""} == {
        "id": "",
        "email": "new@ringi.example",
        "name": "新人 一郎",
        "roles": ["rep"],
        "managerId": None,
        "departmentId": None,
        "state": "ACTIVE",
        "version": 1,
        "createdAt": "",
        "updatedAt": "",
        "totpEnabled": False,
        "processId": None,
    }
    assert (await world.login(Person(answer.json["id"], "new@ringi.example"))).status == 200


async def test_an_address_belongs_to_one_person(world: AuthWorld, admin: Person) -> None:
    await world.client.post("/auth/users", NEW, token=admin.token)
    again = await world.client.post("/auth/users", NEW | {"email": "NEW@ringi.example"}, token=admin.token)
    assert (again.status, again.json["code"]) == (409, "email_taken")


async def test_an_address_is_stored_as_meant_and_signs_in_as_it_was_typed(world: AuthWorld, admin: Person) -> None:
    typed = "Taro＠RINGI.example"
    created = await world.client.post("/auth/users", NEW | {"email": typed}, token=admin.token, key=new_key())
    assert (created.status, created.json["email"]) == (201, "taro@ringi.example")
    assert (await world.login(Person(created.json["id"], typed))).status == 200


async def test_two_requests_for_the_same_address_at_once_make_one_user(world: AuthWorld, admin: Person) -> None:
    answers = await asyncio.gather(
        *(world.client.post("/auth/users", NEW, token=admin.token, key=new_key()) for _ in range(4))
    )
    assert sorted(a.status for a in answers) == [201, 409, 409, 409]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "no-at-sign"}, "/email"),
        ({"email": "a@b"}, "/email"),
        ({"email": "two@signs@ringi.example"}, "/email"),
        ({"email": "ta＠ro@ringi.example"}, "/email"),
        ({"email": "a..b@ringi.example"}, "/email"),
        ({"email": "a@-ringi.example"}, "/email"),
        ({"name": "  "}, "/name"),
        ({"name": "\u200b"}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"roles": []}, "/roles"),
        ({"roles": ["emperor"]}, "/roles/0"),
        ({"roles": "rep"}, "/roles"),
        ({"managerId": "nobody"}, "/managerId"),
        ({"managerId": "019f0000-0000-7000-8000-000000000001"}, "/managerId"),
        ({"state": "ACTIVE"}, "/state"),
        ({"id": "019f0000-0000-7000-8000-000000000001"}, "/id"),
    ],
)
async def test_what_a_new_user_can_not_be(
    world: AuthWorld, admin: Person, change: dict[str, object], pointer: str
) -> None:
    answer = await world.client.post("/auth/users", NEW | change, token=admin.token)
    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
async def test_only_administrators_manage_users(world: AuthWorld, role: Role) -> None:
    person = await world.signed_in(role)
    other = await world.person()
    client = world.client
    assert (await client.post("/auth/users", NEW, token=person.token)).status == 403
    change = {"name": "x"}
    assert (await client.put(f"/auth/users/{other.id}", change, token=person.token, if_match=1)).status == 403
    assert (await client.delete(f"/auth/users/{other.id}", token=person.token)).status == 403
    assert (await client.post(f"/auth/users/{other.id}/restore", token=person.token)).status == 403
    assert (await client.get(f"/auth/users/{other.id}/deletion-preview", token=person.token)).status == 403
    assert (await client.post(f"/auth/users/{other.id}/password-reset", token=person.token)).status == 403


@pytest.mark.parametrize(
    "change",
    [
        {"roles": ["admin"]},
        {"managerId": None},
        {"departmentId": None},
        {"state": "ACTIVE"},
        {"roles": ["rep"], "state": "ACTIVE"},
    ],
)
async def test_people_change_their_name_but_not_their_rights(world: AuthWorld, change: dict[str, object]) -> None:
    person = await world.signed_in()
    path = f"/auth/users/{person.id}"
    renamed = await world.client.put(path, {"name": "山田 次郎"}, token=person.token, if_match=1)
    assert (renamed.status, renamed.json["name"], renamed.version) == (200, "山田 次郎", 2)
    refused = await world.client.put(path, {"name": "山田 三郎"} | change, token=person.token, if_match=2)
    assert refused.status == 403
    assert {e["pointer"] for e in refused.json["errors"]} == {f"/{field}" for field in change}
    assert (await world.user(person))["name"] == "山田 次郎"


async def test_a_change_needs_the_version_that_was_read(world: AuthWorld, admin: Person) -> None:
    person = await world.person()
    path = f"/auth/users/{person.id}"
    body = {"name": "山田 次郎"}
    assert (await world.client.put(path, body, token=admin.token)).status == 428
    malformed = await world.client.put(path, body, token=admin.token, headers={"if-match": "7"})
    assert malformed.json["errors"][0]["pointer"] == "/If-Match"
    assert (await world.client.put(path, body, token=admin.token, if_match=1)).status == 200
    stale = await world.client.put(path, body, token=admin.token, if_match=1)
    assert (stale.status, stale.json["currentVersion"], stale.json["changedBy"]) == (412, 2, str(admin.id))
    await world.sign_in(person)
    after_a_sign_in = await world.client.put(path, body, token=admin.token, if_match=1)
    assert after_a_sign_in.json["changedBy"] == str(admin.id), "who signs in changes nothing"


async def test_two_changes_of_the_same_version_have_one_winner(world: AuthWorld, admin: Person) -> None:
    person = await world.person()
    answers = await asyncio.gather(
        *(
            world.client.put(f"/auth/users/{person.id}", {"name": f"{n}"}, token=admin.token, if_match=1)
            for n in range(4)
        )
    )
    assert sorted(a.status for a in answers) == [200, 412, 412, 412]


async def test_a_change_is_published_with_the_full_state(world: AuthWorld, admin: Person) -> None:
    boss = await world.person(Role.MANAGER)
    person = await world.person()
    change = {"name": "山田 次郎", "roles": ["rep", "approver"], "managerId": str(boss.id)}
    await world.client.put(f"/auth/users/{person.id}", change, token=admin.token, if_match=1)
    async with world.client.kit.db.reader() as reader:
        row = await reader.one(
            "SELECT * FROM outbox WHERE aggregate_id = %s AND event_type = 'user.updated'", [person.id]
        )
    assert row is not None
    assert row["aggregate_version"] == 2
    assert row["actor_id"] == admin.id
    assert row["data"] == {
        "userId": str(person.id),
        "name": "山田 次郎",
        "email": person.email,
        "state": "ACTIVE",
        "managerId": str(boss.id),
        "departmentId": None,
        "roles": ["approver", "rep"],
    }


async def test_the_last_administrator_stays_one(world: AuthWorld, admin: Person) -> None:
    path = f"/auth/users/{admin.id}"
    demoted = await world.client.put(path, {"name": "x", "roles": ["rep"]}, token=admin.token, if_match=1)
    assert (demoted.status, demoted.json["code"]) == (409, "last_admin")
    other = await world.signed_in(Role.ADMIN)
    suspended = await world.client.put(path, {"name": "x", "state": "SUSPENDED"}, token=admin.token, if_match=1)
    assert (suspended.status, suspended.json["code"]) == (409, "self_deletion")
    allowed = await world.client.put(path, {"name": "x", "roles": ["rep"]}, token=other.token, if_match=1)
    assert allowed.status == 200


async def test_two_administrators_who_demote_each_other_at_once_leave_one(world: AuthWorld, admin: Person) -> None:
    other = await world.signed_in(Role.ADMIN)
    body = {"name": "x", "roles": ["rep"]}
    answers = await asyncio.gather(
        world.client.put(f"/auth/users/{other.id}", body, token=admin.token, if_match=1),
        world.client.put(f"/auth/users/{admin.id}", body, token=other.token, if_match=1),
    )
    assert sorted(a.status for a in answers) == [200, 409]


async def test_nobody_reports_to_themselves_in_a_circle(world: AuthWorld, admin: Person) -> None:
    top = await world.person(Role.MANAGER)
    middle = await world.person(Role.MANAGER, manager=top)
    bottom = await world.person(manager=middle)
    for boss in (top, middle, bottom):
        body = {"name": "x", "managerId": str(boss.id)}
        answer = await world.client.put(f"/auth/users/{top.id}", body, token=admin.token, if_match=1)
        assert (answer.status, answer.json["code"]) == (422, "manager_cycle")


async def test_two_changes_at_once_can_not_close_a_circle(world: AuthWorld, admin: Person) -> None:
    one, two = await world.person(Role.MANAGER), await world.person(Role.MANAGER)
    answers = await asyncio.gather(
        world.client.put(
            f"/auth/users/{one.id}", {"name": "x", "managerId": str(two.id)}, token=admin.token, if_match=1
        ),
        world.client.put(
            f"/auth/users/{two.id}", {"name": "x", "managerId": str(one.id)}, token=admin.token, if_match=1
        ),
    )
    assert sorted(a.status for a in answers) == [200, 422]


async def test_lists_page_through_everybody_once(world: AuthWorld, admin: Person) -> None:
    for number in range(7):
        await world.person(name=f"人 {number % 3}")
    for sort in ("name", "-name", "createdAt", "-createdAt"):
        seen: list[str] = []
        cursor: str | None = None
        while True:
            params = {"limit": 3, "sort": sort} | ({"cursor": cursor} if cursor else {})
            listed = (await world.client.get("/auth/users", token=admin.token, params=params)).json
            seen += [item["id"] for item in listed["items"]]
            cursor = listed["nextCursor"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == 8
    wrong_list = {"cursor": "x", "sort": "name"}
    assert (await world.client.get("/auth/users", token=admin.token, params=wrong_list)).status == 422


async def test_filters_narrow_the_list(world: AuthWorld, admin: Person) -> None:
    boss = await world.person(Role.MANAGER, name="佐藤 部長")
    report = await world.person(manager=boss, name="鈴木 花子")

    async def ids(**params: str) -> list[str]:
        listed = await world.client.get("/auth/users", token=admin.token, params=params)
        return [item["id"] for item in listed.json["items"]]

    assert await ids(role="manager") == [str(boss.id)]
    assert await ids(managerId=str(boss.id)) == [str(report.id)]
    assert set(await ids(q="花子")) == {str(report.id), str(admin.id)}
    assert await ids(q=boss.email.upper()) == [str(boss.id)]
    assert await ids(state="SUSPENDED") == []
    assert await ids(q="%") == []
    variant = await world.person(name="髙﨑 林")
    assert await ids(q="高崎") == await ids(q="林") == await ids(q="　髙崎　") == [str(variant.id)]
    assert (await world.client.get("/auth/users", token=admin.token, params={"q": "\u200b"})).status == 422


async def test_the_longest_names_have_a_next_page(world: AuthWorld, admin: Person) -> None:
    for sign in ("𠮷", "ﷺ"):
        await world.person(name=sign * 100)
    listed = await world.client.get("/auth/users", token=admin.token, params={"limit": 2, "sort": "-name"})
    params = {"limit": 2, "sort": "-name", "cursor": listed.json["nextCursor"]}
    following = await world.client.get("/auth/users", token=admin.token, params=params)
    assert following.status == 200
    assert "sortKey" not in following.json["items"][0]


SEES_ACCOUNTS = {Role.ADMIN, Role.AUDITOR}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPS])
async def test_colleagues_see_of_each_other_what_it_takes_to_choose_somebody(world: AuthWorld, role: Role) -> None:
    person = await world.signed_in(role)
    boss = await world.person(Role.MANAGER, name="佐藤 部長")
    away = await world.person(name="鈴木 花子", manager=boss)
    async with world.client.kit.db.transaction(ActorContext.system()) as uow:
        await uow.execute("UPDATE users SET state = 'SUSPENDED' WHERE id = %s", [away.id])
    listed = (await world.client.get("/auth/users", token=person.token)).json["items"]
    one = await world.client.get(f"/auth/users/{away.id}", token=person.token)
    if role in SEES_ACCOUNTS:
        assert {"totpEnabled", "state", "email"} <= listed[0].keys() & one.json.keys()
        assert str(away.id) in {item["id"] for item in listed}
        return
    assert one.json == {
        "id": str(away.id),
        "name": "鈴木 花子",
        "roles": ["rep"],
        "managerId": str(boss.id),
        "departmentId": None,
        "active": False,
    }
    assert {frozenset(item) for item in listed} == {frozenset(one.json)}
    assert {item["id"] for item in listed} == {str(person.id), str(boss.id)}
    by_state = await world.client.get("/auth/users?state=SUSPENDED", token=person.token)
    assert (by_state.status, by_state.json["errors"][0]["pointer"]) == (403, "/state")
    by_address = await world.client.get("/auth/users", token=person.token, params={"q": boss.email})
    assert by_address.json["items"] == []
    own = await world.client.get(f"/auth/users/{person.id}", token=person.token)
    assert (own.json["email"], own.json["totpEnabled"], own.json["state"]) == (person.email, False, "ACTIVE")


async def test_operators_see_no_personal_data_but_their_own(world: AuthWorld) -> None:
    ops = await world.signed_in(Role.OPS)
    other = await world.person()
    assert (await world.client.get("/auth/users", token=ops.token)).status == 403
    assert (await world.client.get(f"/auth/users/{other.id}", token=ops.token)).status == 404
    assert (await world.client.get(f"/auth/users/{ops.id}", token=ops.token)).status == 200


async def test_unknown_users_are_not_found(world: AuthWorld, admin: Person) -> None:
    path = f"/auth/users/{uuid4()}"
    assert (await world.client.get(path, token=admin.token)).status == 404
    assert (await world.client.put(path, {"name": "x"}, token=admin.token, if_match=1)).status == 404
    assert (await world.client.delete(path, token=admin.token)).status == 404
    assert (await world.client.post(f"{path}/restore", token=admin.token)).status == 404
    assert (await world.client.get(f"{path}/deletion-preview", token=admin.token)).status == 404


async def test_roles_are_listed_with_what_they_may(world: AuthWorld) -> None:
    person = await world.signed_in()
    items = (await world.client.get("/auth/roles", token=person.token)).json["items"]
    admin = next(item for item in items if item["role"] == "admin")
    assert "approval:decide" not in admin["permissions"]
    assert admin["scope"] == "all"


async def test_other_services_get_the_state_that_copies_keep(world: AuthWorld) -> None:
    person = await world.person()
    token = world.client.kit.internal_tokens.token("auth")
    many = await world.client.get(f"/internal/users?ids={person.id}&ids={uuid4()}", token=token)
    assert many.json["items"] == [
        {
            "userId": str(person.id),
            "name": "山田 太郎",
            "email": person.email,
            "state": "ACTIVE",
            "managerId": None,
            "departmentId": None,
            "roles": ["rep"],
            "aggregateVersion": 1,
        }
    ]


async def test_without_a_token_there_is_nothing(world: AuthWorld) -> None:
    for path in (
        "/auth/me",
        "/auth/users",
        f"/auth/users/{uuid4()}",
        "/auth/roles",
        "/auth/audit-logs",
        "/auth/sessions",
    ):
        answer = await world.client.get(path)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
