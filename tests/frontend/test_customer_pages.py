"""Customers in the browser: what is searched, sent, refused and shown."""

from __future__ import annotations

from typing import Any

import pytest

from frontend.customer.app import create_app
from frontend.customer.tags import joined, split
from frontend.customer.views import Customer
from frontend.ui.build import build
from frontend.ui.time_zone import office_now
from tests.support.records import colleague, customer, page, saga
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, fragment, text

ME = colleague(id="me", name="加藤 浩二", roles=["manager"], managerId=None)
REP = colleague(id="rep", name="佐藤 美咲", roles=["rep"], managerId="me")
STRANGER = colleague(id="other", name="他店 太郎", roles=["rep"], managerId="elsewhere")
CUSTOMER = customer(
    id="c1",
    name="山田 <b>太郎</b>",
    kind="INDIVIDUAL",
    relationship="CLIENT",
    assignedSalesId="rep",
    tags=["NISA"],
    occupation="医師",
    state="ACTIVE",
    version=3,
    profile=None,
)
MAY = {"rep": ["CHANGE"], "manager": ["CHANGE", "ASSIGN", "DELETE"], "admin": ["CHANGE", "ASSIGN", "DELETE"]}
"""What a role may do with an active customer within its reach."""
FORM = {"name": "山田 太郎", "kind": "INDIVIDUAL", "relationship": "CLIENT", "tags": "NISA、相続 , NISA"}
EMPTY_PROFILE: dict[str, Any] = {
    **dict.fromkeys(("riskTolerance", "assetsBand", "incomeBand", "horizon", "fundSource", "investorClass")),
    "objectives": [],
    "experience": {},
}

Site = tuple[Browser, ScriptedGateway]


def site(*roles: str) -> Site:
    build()
    client, gateway = browser(create_app(SETTINGS), "customer", *roles)
    gateway.on("GET", "/auth/users", page(ME, REP, STRANGER))
    gateway.on("GET", "/customers", page(CUSTOMER, more="more"))
    gateway.on("GET", "/customers/c1", CUSTOMER | {"allowedActions": MAY.get(roles[0], [])}, etag='"3"')
    return client, gateway


async def test_a_search_asks_for_what_the_address_says_and_the_address_follows() -> None:
    client, gateway = site("manager")
    answer = await client.get("/customers?q=山田&risk=STABLE&tag=NISA&sort=name", headers=fragment("customer-results"))
    assert gateway.sent("GET", "/customers")[0].query == [
        ("limit", "50"), ("q", "山田"), ("risk", "STABLE"), ("tag", "NISA"), ("sort", "name"),
    ]  # fmt: skip
    assert "risk=STABLE" in answer.headers["hx-replace-url"]
    assert "hx-push-url" not in answer.headers, "one press of Back leaves the list, however much was typed"
    assert "<h1>" not in text(answer)


async def test_values_that_the_api_would_refuse_are_left_out_of_a_search() -> None:
    client, gateway = site("manager")
    assert (await client.get("/customers?risk=nonsense&sort=drop&state=DELETED")).status == 200
    assert gateway.sent("GET", "/customers")[0].query == [("limit", "50"), ("sort", "-createdAt")]


async def test_further_rows_come_alone_and_keep_the_filter() -> None:
    client, _gateway = site("manager")
    answer = await client.get("/customers?tag=NISA&cursor=abc", headers=fragment("customer-more"))
    assert text(answer).count("<tr") == 2
    assert "tag=NISA&amp;cursor=more" in text(answer)
    assert "<table" not in text(answer)


@pytest.mark.parametrize(("query", "words"), [("", "まだ登録されていません"), ("?q=zz", "条件に合う顧客はいません")])
async def test_no_customers_and_no_results_look_different(query: str, words: str) -> None:
    client, gateway = site("rep")
    gateway.on("GET", "/customers", page())
    assert words in text(await client.get(f"/customers{query}"))


async def test_a_service_that_is_down_says_so_with_the_request_id() -> None:
    client, gateway = site("rep")
    gateway.on("GET", "/customers", {"code": "unavailable"}, status=503)
    answer = await client.get("/customers")
    assert answer.status == 503
    assert "request-1" in text(answer)


async def test_a_name_with_markup_stays_text() -> None:
    client, _gateway = site("manager")
    assert "山田 &lt;b&gt;太郎" in text(await client.get("/customers"))


async def test_a_new_customer_is_sent_once_with_its_tags_and_without_an_empty_profile() -> None:
    client, gateway = site("rep")
    gateway.on("POST", "/customers", customer(id="c9"), status=201)
    answer = await client.post("/customers/new", form=FORM | {"idempotency_key": "k1"})
    assert (answer.status, answer.headers["location"]) == (303, "/customers/c9")
    sent = gateway.sent("POST", "/customers")[0]
    assert sent.headers["Idempotency-Key"] == "k1"
    assert sent.body["tags"] == ["NISA", "相続"]
    assert "profile" not in sent.body
    assert "assignedSalesId" not in sent.body


async def test_what_the_server_refuses_stands_at_its_field_and_nothing_typed_is_lost() -> None:
    client, gateway = site("manager")
    errors = [{"pointer": "/tags/1", "message": "長すぎます"}, {"pointer": "/email", "message": "形式が違います"}]
    gateway.on("POST", "/customers", {"code": "unprocessable", "title": "誤り", "errors": errors}, status=422)
    answer = await client.post("/customers/new", form=FORM | {"occupation": "弁護士"})
    assert answer.status == 422
    assert 'id="customer-tags-error"' in text(answer)
    assert 'id="customer-email-error"' in text(answer)
    assert 'value="弁護士"' in text(answer)


async def test_who_saves_second_learns_who_was_first_and_what_differs() -> None:
    client, gateway = site("manager")
    problem = {"code": "precondition_failed", "changedBy": "rep", "changedAt": "2026-11-20T01:00:00Z"}
    gateway.on("PUT", "/customers/c1", problem, status=412)
    answer = await client.post("/customers/c1/edit", form=FORM | {"etag": '"2"', "occupation": "弁護士"})
    assert answer.status == 412
    assert "佐藤 美咲さんが" in text(answer)
    assert "医師" in text(answer)
    assert "弁護士" in text(answer)
    assert 'value="&#34;3&#34;"' in text(answer), "saving again means the version that is shown now"
    assert gateway.sent("PUT", "/customers/c1")[0].headers["If-Match"] == '"2"'


async def test_a_manager_is_offered_their_own_team_only() -> None:
    client, _gateway = site("manager")
    html = text(await client.get("/customers/c1"))
    assert 'value="rep"' in html
    assert 'value="other"' not in html


async def test_whoever_is_in_charge_stays_offered_to_a_manager_of_another_team() -> None:
    client, gateway = site("manager")
    gateway.on("GET", "/customers/c1", CUSTOMER | {"assignedSalesId": "other"}, etag='"3"')
    html = text(await client.get("/customers/c1/edit"))
    assert '<option value="other" selected>他店 太郎' in html
    assert '<option value="rep" >佐藤 美咲' in html


async def test_an_approver_reads_the_customer_of_a_request_and_is_offered_nothing_to_change() -> None:
    client, gateway = site("approver")
    gateway.on("GET", "/auth/users", {"code": "forbidden"}, status=403)
    html = text(await client.get("/customers/c1"))
    assert "山田 &lt;b&gt;太郎" in html
    assert not any(part in html for part in ("/edit", "/delete", "/new", "<form"))
    assert all(slot in html for slot in ("sales/meetings", "sales/tasks")), "what was done for the customer, to read"
    assert "/customers/new" not in text(await client.get("/customers"))


@pytest.mark.parametrize("address", ["/customers/c1", "/customers/c1/edit", "/customers/c1/delete"])
async def test_who_had_a_deleted_customer_learns_who_deleted_it_when_and_how_it_comes_back(address: str) -> None:
    client, gateway = site("manager")
    told = "佐藤 美咲さんが2026-11-20 10:00に削除しました。2026-12-20まで管理者が復元できます。"
    gone = {"code": "customer_gone", "title": "この顧客は削除されました", "detail": told}
    gateway.on("GET", "/customers/c1", gone, status=410)
    answer = await client.get(address)
    assert answer.status == 410
    assert "<h1>この顧客は削除されました" in text(answer).replace("\n", "").replace("  ", "")
    assert told in text(answer)


async def test_a_manager_whom_a_request_names_is_offered_nothing_of_another_teams_customer() -> None:
    client, gateway = site("manager")
    gateway.on("GET", "/customers/c1", CUSTOMER | {"allowedActions": []}, etag='"3"')
    html = text(await client.get("/customers/c1"))
    assert not any(part in html for part in ("/edit", "/delete", "/new", "/assign", "add=1"))
    gateway.on("GET", "/customers/c1", CUSTOMER | {"allowedActions": ["CHANGE"]}, etag='"3"')
    html = text(await client.get("/customers/c1"))
    assert all(part in html for part in ("/customers/c1/edit", "/approvals/new?customerId=c1", "add=1"))


async def test_an_auditor_sees_no_button_that_changes_anything() -> None:
    client, _gateway = site("auditor")
    html = text(await client.get("/customers/c1"))
    assert "/edit" not in html
    assert "/delete" not in html
    assert "<form" not in html


async def test_a_deletion_shows_what_it_takes_along_and_leads_to_its_process() -> None:
    client, gateway = site("manager")
    preview = {"customerId": "c1", "items": [{"kind": "meetings", "count": 1234}], "total": 1234}
    gateway.on("GET", "/customers/c1/deletion-preview", preview)
    gateway.on("DELETE", "/customers/c1", saga(), status=202)
    assert "1,234" in text(await client.get("/customers/c1/delete"))
    answer = await client.post("/customers/c1/delete", form={})
    assert answer.headers["location"] == "/processes/s1"


async def test_without_a_preview_no_deletion_is_offered() -> None:
    client, gateway = site("manager")
    gateway.on("GET", "/customers/c1/deletion-preview", {"code": "unavailable"}, status=503)
    html = text(await client.get("/customers/c1/delete"))
    assert 'action="/customers/c1/delete"' not in html
    assert "何も削除されていません" in html


async def test_only_an_administrator_is_offered_a_restore() -> None:
    for roles, offered in ((("admin",), True), (("auditor",), False)):
        client, gateway = site(*roles)
        deleted = {"state": "DELETED", "deletedAt": "2026-11-20T01:00:00Z"}
        gateway.on("GET", "/customers/c1", CUSTOMER | deleted | {"allowedActions": ["RESTORE"] if offered else []})
        assert ('action="/customers/c1/restore"' in text(await client.get("/customers/c1"))) is offered


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ({}, None),
        ({"riskTolerance": "STABLE"}, {"riskTolerance": "STABLE"}),
        ({"experience-BONDS": "NONE"}, {"experience": {"BONDS": "NONE"}}),
        ({"reviewed": "1"}, {}),
    ],
)
async def test_a_new_customers_profile_goes_along_only_when_something_was_answered(
    typed: dict[str, str], sent: dict[str, Any] | None
) -> None:
    client, gateway = site("rep")
    gateway.on("POST", "/customers", customer(id="c9"), status=201)
    assert (await client.post("/customers/new", form=FORM | {"riskTolerance": ""} | typed)).status == 303
    profile = gateway.sent("POST", "/customers")[0].body.get("profile")
    assert profile == (None if sent is None else EMPTY_PROFILE | sent)


@pytest.mark.parametrize(
    "tags",
    [
        ["相続, 贈与", "NISA"],
        ['"引用"', '半"分'],
        ['"', ',"', '",'],
        ["株式、債券；外貨"],
        [" 前 ", "後　"],
        [],
        ['""', "a"],
    ],
)
def test_tags_read_as_they_were_written_whatever_stands_in_them(tags: list[str]) -> None:
    assert split(joined(tags)) == tags


@pytest.mark.parametrize(
    ("typed", "tags"),
    [
        ("NISA、相続 , NISA", ["NISA", "相続"]),
        ('"開いたまま, 次', ['"開いたまま', "次"]),
        ('前"中"後', ['前"中"後']),
        (" , ,、", []),
    ],
)
def test_tags_are_understood_as_people_type_them(typed: str, tags: list[str]) -> None:
    assert split(typed) == tags


@pytest.mark.parametrize(("years", "flag"), [(74, None), (75, "SENIOR_75"), (79, "SENIOR_75"), (80, "SENIOR_80")])
def test_age_asks_for_care_from_the_birthday_on(years: int, flag: str | None) -> None:
    today = office_now().date()
    born = today.replace(year=today.year - years, day=min(today.day, 28)).isoformat()
    flags = Customer(id="c", name="山田", birth_date=born).flags
    assert [found for found in flags if found.startswith("SENIOR")] == ([flag] if flag else [])
    assert not any(found.startswith("SENIOR") for found in Customer(id="c", name="社", kind="CORPORATE").flags)
