"""Pages of people and departments, where no real gateway is needed."""

from __future__ import annotations

from typing import Any

import pytest

from frontend.admin import words
from frontend.admin.app import create_app
from frontend.admin.people import words as people_words
from frontend.ui.build import build
from services.contracts.permissions import Role
from tests.support.fake_people import SALES, TEAM, department
from tests.support.fake_records import iso, uuid_of
from tests.support.html_forms import form_to
from tests.support.records import page, saga
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, text

PERSON = uuid_of("rep")
PATH, USER = f"/people/{PERSON}", f"/auth/users/{PERSON}"
DEPARTMENT = department("第一営業部", parentId=SALES, members=2)
TREE = [department("営業本部") | {"depth": 0}, DEPARTMENT | {"depth": 1}]


def account(key: str = "rep", **members: Any) -> dict[str, Any]:
    return {
        "id": uuid_of(key),
        "email": f"{key}@ringi.example",
        "name": "佐藤 美咲",
        "roles": ["rep"],
        "managerId": uuid_of("manager"),
        "departmentId": TEAM,
        "state": "ACTIVE",
        "version": 3,
        "createdAt": iso(-90),
        "updatedAt": iso(-90),
        "totpEnabled": False,
        "processId": None,
    } | members


def site(locale: str = "ja", **members: Any) -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(create_app(SETTINGS), "admin", "admin", locale=locale)
    shown = account(**members)
    boss = account("manager", name="加藤 健一", roles=["manager"], managerId=None)
    gateway.on("GET", "/auth/users", page(shown, boss))
    gateway.on("GET", USER, shown | {"lastSignInAt": iso(-3)}, etag='"3"')
    gateway.on("PUT", USER, shown)
    gateway.on("GET", "/departments", {"items": TREE})
    gateway.on("GET", f"/departments/{TEAM}", DEPARTMENT, etag='"1"')
    gateway.on("GET", "/auth/audit-logs", page())
    device = {"createdAt": iso(-9), "lastUsedAt": iso(-1), "expiresAt": iso(9), "ip": "192.0.2.7", "userAgent": "Edge"}
    sessions = [device | {"id": uuid_of(f"session {n}"), "current": False} for n in (1, 2)]
    gateway.on("GET", "/auth/sessions", {"items": sessions})
    return client, gateway


def test_every_role_says_what_it_may_do() -> None:
    assert set(people_words.duties()) == set(words.roles()) == set(Role)


@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_the_list_names_department_and_superior(locale: str) -> None:
    client, gateway = site(locale)
    shown = text(await client.get(f"/people?department={TEAM}&q=佐藤"))
    assert shown.count("加藤 健一") >= 2
    assert "第一営業部" in shown
    [asked] = gateway.sent("GET", "/auth/users")[:1]
    assert ("departmentId", TEAM) in asked.query


async def test_a_person_s_page_says_what_they_may_do_and_where_they_are_signed_in() -> None:
    client, _ = site()
    shown = text(await client.get(PATH))
    for part in ("自分の顧客を担当し", "第一営業部", "加藤 健一", "192.0.2.7", 'value="suspend"', 'value="end-all"'):
        assert part in shown, part


@pytest.mark.parametrize(
    ("state", "offered", "kept_back"),
    [
        ("LOCKED", ["activate", "suspend"], ["restore"]),
        ("SUSPENDED", ["activate"], ["suspend", "restore"]),
        ("DELETED", ["restore"], ["activate", "suspend"]),
    ],
)
async def test_each_state_offers_what_leads_out_of_it(state: str, offered: list[str], kept_back: list[str]) -> None:
    client, _ = site(state=state)
    shown = text(await client.get(PATH))
    assert [action for action in (*offered, *kept_back) if f'value="{action}"' in shown] == offered


async def test_an_account_is_suspended_as_it_was_seen() -> None:
    client, gateway = site()
    form = [("action", "suspend"), ("name", "佐藤 美咲"), ("etag", '"3"'), ("csrf", "x")]
    assert (await client.post(PATH, form)).status == 303
    [sent] = gateway.sent("PUT", USER)
    assert (sent.body, sent.headers["If-Match"]) == ({"name": "佐藤 美咲", "state": "SUSPENDED"}, '"3"')


async def test_only_what_was_changed_of_a_person_is_sent() -> None:
    client, gateway = site()
    form = form_to(text(await client.get(f"{PATH}/edit")), f"{PATH}/edit")
    assert (await client.post(f"{PATH}/edit", form.filled({"departmentId": ""}))).status == 303
    [sent] = gateway.sent("PUT", USER)
    assert sent.body == {"name": "佐藤 美咲", "departmentId": None}
    answer = await client.post(f"{PATH}/edit", form.filled({"roles": []}))
    assert (answer.status, "ロールを 1 つ以上選んでください" in text(answer)) == (422, True)


async def test_a_first_password_is_never_shown_again() -> None:
    client, gateway = site()
    address = (await client.get("/people/new")).headers["location"]
    form = form_to(text(await client.get(address)), address)
    filled = {"name": "新人", "email": "not an address", "password": "correct horse", "roles": ["rep"]}
    fault = {"pointer": "/email", "in": "body", "code": "email_invalid", "message": "メールアドレスが正しくありません"}
    problem = {"type": "about:blank", "title": "x", "status": 422, "code": "unprocessable", "traceId": "0"}
    gateway.on("POST", "/auth/users", problem | {"errors": [fault]}, status=422)
    answer = await client.post(address, form.filled(filled))
    assert answer.status == 422
    assert "メールアドレスが正しくありません" in text(answer)
    assert "correct horse" not in text(answer)


async def test_a_deletion_shows_what_goes_to_whom_before_it_begins() -> None:
    client, gateway = site()
    conflict = {"kind": "approvals", "resourceId": uuid_of("r"), "number": "RNG-2026-000412"}
    preview = {
        "userId": PERSON,
        "items": [{"kind": "departments_headed", "count": 1, "names": ["第一営業部"]}],
        "conflicts": [conflict | {"reason": "own_request", "resolution": "other_approver"}],
        "complete": False,
    }
    gateway.on("GET", f"{USER}/deletion-preview", preview)
    successor = uuid_of("manager")
    shown = text(await client.get(f"{PATH}/delete?successorId={successor}"))
    for part in ("部門長になっている部門", "第一営業部", "後任者自身の申請です", "件数は一部です"):
        assert part in shown, part
    form = [("successorId", successor), ("etag", '"3"'), ("csrf", "x")]
    gateway.on("DELETE", USER, saga(id=uuid_of("saga"), sagaId=uuid_of("saga")), status=202)
    answer = await client.post(f"{PATH}/delete", form)
    [sent] = gateway.sent("DELETE", USER)
    assert (sent.query, sent.headers["If-Match"]) == ([("successorId", successor)], '"3"')
    assert (answer.status, answer.headers["location"]) == (303, f"/processes/{uuid_of('saga')}")


async def test_departments_stand_below_each_other_with_what_can_be_done() -> None:
    client, gateway = site()
    shown = text(await client.get("/organization"))
    assert shown.index("営業本部") < shown.index("第一営業部")
    assert f"/people?department={TEAM}" in shown
    gateway.on("PUT", f"/departments/{TEAM}", DEPARTMENT)
    address = f"/organization/{TEAM}"
    form = form_to(text(await client.get(address)), address)
    head = uuid_of("manager")
    assert (await client.post(address, form.filled({"headId": head, "action": "save"}))).status == 303
    [sent] = gateway.sent("PUT", f"/departments/{TEAM}")
    assert sent.body == {"name": "第一営業部", "code": None, "parentId": SALES, "headId": head}
    problem = {"type": "about:blank", "title": "使われている部門は削除できません", "status": 409, "traceId": "0"}
    gateway.on("DELETE", f"/departments/{TEAM}", problem | {"code": "department_in_use"}, status=409)
    refused = await client.post(address, form.filled({"action": "delete"}))
    assert (refused.status, "使われている部門は削除できません" in text(refused)) == (409, True)
