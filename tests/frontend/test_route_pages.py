"""The administrator's pages of approval routes, and what they ask of the gateway."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from frontend.opportunity.app import create_app
from frontend.ui.build import build
from tests.support.html_forms import form_to
from tests.support.records import approval_route, colleague, page, route_stage, route_version
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, text

PEOPLE = [
    colleague(id="a1", name="高橋 直樹", roles=["approver"]),
    colleague(id="a2", name="伊藤 さくら", roles=["approver"]),
    colleague(id="b1", name="山田 管理", roles=["admin", "approver"]),
    colleague(id="s1", name="佐藤 美咲", roles=["rep"]),
]
FIRST = route_stage(name="部長承認", approverIds=["a1"], deadlineHours=24)
SECOND = route_stage(name="最終承認", resolvers=["ROLE:approver"])
ROUTE = approval_route(
    name="大口", kind="FEE_DISCOUNT", minAmount=10_000_000, minAge=75, priority=5, stages=[FIRST, SECOND]
)
ALARM: dict[str, Any] = {
    "routeId": "r9", "version": 1, "name": "大口", "planned": False, "validFrom": ROUTE["validFrom"], "stage": 0,
    "stageName": "部長承認", "kind": "TOO_FEW", "people": [{"id": "a1", "name": "高橋 直樹", "reason": "SUSPENDED"}],
    "message": "「部長承認」には 2 人の承認が必要ですが、承認できる人は 1 人です。",
}  # fmt: skip


def _ahead(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days, hours=1)).isoformat().replace("+00:00", "Z")


def site(*roles: str, **members: Any) -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(create_app(SETTINGS), "opportunity", *(roles or ("admin",)))
    route = ROUTE | members
    versions = page(
        route_version(**{name: route[name] for name in ("name", "stages")}, version=2, state="CURRENT", note="改定"),
        route_version(name="旧", stages=[FIRST], version=1, state="PAST"),
    )
    gateway.on("GET", "/auth/users", page(*PEOPLE))
    gateway.on("GET", "/approval-routes", page(route))
    gateway.on("GET", "/approval-routes/alarms", {"items": []})
    gateway.on("GET", "/business-calendar", {"confirmedUntil": "2027-12-31", "runsOut": False, "lastProclaimed": 2027})
    gateway.on("GET", "/approval-routes/r9", route, etag='"1"')
    gateway.on("GET", "/approval-routes/r9/versions", versions)
    gateway.on("GET", "/approval-routes/r9/versions/2", versions["items"][0], etag='"2"')
    gateway.on("PUT", "/approval-routes/r9", route | {"version": 2})
    return client, gateway


async def test_the_list_says_whom_a_route_takes_what_is_planned_and_what_can_not_work() -> None:
    planned = [{"version": 2, "validFrom": _ahead(3), "active": True}]
    client, gateway = site(planned=planned)
    gateway.on("GET", "/approval-routes/alarms", {"items": [ALARM]})
    html = text(await client.get("/routes"))
    for told in ("特別手数料率 ・ ¥10,000,000以上 ・ 75歳以上の顧客", "高橋 直樹 停止中", ALARM["message"], "要対応"):
        assert told in html
    assert re.search("3 ?日後に切替", html)
    assert 'href="/routes/new"' in html


@pytest.mark.parametrize(("role", "alarmed"), [("auditor", True), ("approver", False)])
async def test_who_only_reads_is_offered_nothing_to_change(role: str, alarmed: bool) -> None:
    client, gateway = site(role)
    for path in ("/routes", "/routes/r9", "/routes/r9/versions/2"):
        html = text(await client.get(path))
        assert "/edit" not in html
        assert "/routes/new" not in html
        assert "<form method" not in html
    assert bool(gateway.sent("GET", "/approval-routes/alarms")) is alarmed


async def test_two_versions_are_told_apart_line_by_line() -> None:
    client, _gateway = site()
    html = text(await client.get("/routes/r9/versions/2"))
    assert "<del>旧</del>" in html
    assert "<ins>大口</ins>" in html
    assert "第2段階" in html.partition("相違点")[2], "a stage that the other one does not have"
    assert "第1段階" not in html.partition("相違点")[2], "what is the same is left out"


async def _step(client: Browser, html: str, action: str, **typed: str | list[str]) -> str:
    form = form_to(html, "/routes/r9/edit")
    answer = await client.post("/routes/r9/edit", form.filled(typed | {"action": action}))
    assert answer.status == 200, text(answer)
    return text(answer)


async def test_stages_are_added_moved_and_removed_without_a_script_and_nothing_typed_is_lost() -> None:
    client, gateway = site()
    html = text(await client.get("/routes/r9/edit"))
    html = await _step(client, html, "add", name="改名")
    html = await _step(client, html, "person-2", s2_name="追加承認", s2_add="a2")
    html = await _step(client, html, "up-2")
    html = await _step(client, html, "remove-0", s1_hours="8")
    form = form_to(html, "/routes/r9/edit")
    answer = await client.post("/routes/r9/edit", form.filled({"action": "save"}))
    assert answer.status == 303, text(answer)
    [call] = gateway.sent("PUT", "/approval-routes/r9")
    assert call.body["name"] == "改名"
    added = route_stage(name="追加承認", approverIds=["a2"], deadlineHours=8)
    assert call.body["stages"] == [added, SECOND]
    assert call.body["minAmount"] == ROUTE["minAmount"], "what nobody touched stays"


async def test_the_last_stage_stays_and_administrators_are_not_offered_as_approvers() -> None:
    client, _gateway = site(stages=[FIRST])
    html = text(await client.get("/routes/r9/edit"))
    assert "remove-0" not in html
    html = await _step(client, html, "remove-0")
    assert 'value="部長承認"' in html
    offered = html.partition('name="s0_add"')[2].partition("</select>")[0]
    assert "伊藤 さくら" in offered
    assert "山田 管理" not in offered
    assert "佐藤 美咲" not in offered


async def test_what_is_refused_stands_at_its_stage_and_what_was_typed_is_kept() -> None:
    client, gateway = site()
    errors = [
        {
            "pointer": "/stages/1/approverIds/0",
            "in": "body",
            "code": "not_an_approver",
            "message": "承認者になれません",
        },
        {"pointer": "/stages/0/quorum", "in": "body", "code": "quorum_unreachable", "message": "定足数が多すぎます"},
        {"pointer": "/validFrom", "in": "body", "code": "time_past", "message": "これからの日時を指定してください"},
    ]
    gateway.on("PUT", "/approval-routes/r9", {"code": "unprocessable", "title": "誤り", "errors": errors}, status=422)
    form = form_to(text(await client.get("/routes/r9/edit")), "/routes/r9/edit")
    typed = {"action": "save", "s0_name": "改名した段階", "validDay": "2026-01-01"}
    answer = await client.post("/routes/r9/edit", form.filled(typed))
    assert answer.status == 422
    html = text(answer)
    assert "定足数が多すぎます" in html.partition('id="opportunity-s0_quorum"')[2].partition("</div>")[0]
    assert "承認者になれません" in html.partition('id="opportunity-stage-1"')[2]
    assert "これからの日時" in html.partition('id="opportunity-valid-day"')[2].partition("</div>")[0]
    assert 'value="改名した段階"' in html
    assert 'value="2026-01-01"' in html


async def test_a_form_with_something_missing_is_not_sent() -> None:
    client, gateway = site()
    form = form_to(text(await client.get("/routes/r9/edit")), "/routes/r9/edit")
    typed = {"action": "save", "name": "", "s0_name": "", "s0_hours": "一日", "minAmount": "12,00"}
    answer = await client.post("/routes/r9/edit", form.filled(typed))
    assert (answer.status, gateway.sent("PUT", "/approval-routes/r9")) == (422, [])
    assert text(answer).count('data-invalid="true"') == 4


async def test_a_route_that_has_not_begun_is_changed_in_its_plan() -> None:
    client, _gateway = site(state="PLANNED", active=False)
    answer = await client.get("/routes/r9/edit")
    assert (answer.status, answer.headers["location"]) == (303, "/routes/r9/versions/1/edit")


async def test_what_stands_in_the_form_is_tried_out_before_it_is_saved() -> None:
    client, gateway = site()
    away = {"absentFrom": "2026-12-01T00:00:00Z", "absentUntil": "2099-12-05T00:00:00Z"}
    proxies = [{"id": "a2", "name": "伊藤 さくら"}]
    person = {"id": "a1", "name": "高橋 直樹", "absent": True, "proxies": proxies} | away
    stage = {name: FIRST[name] for name in ("name", "mode", "quorum", "deadlineHours", "businessDays", "escalateTo")}
    left_out = [{"id": "s1", "name": "佐藤 美咲", "reason": "REQUESTER"}]
    problem = {"code": "too_few_approvers", "message": "承認できる人が足りません"}
    stage |= {"approverIds": ["a1"], "approvers": [person], "leftOut": left_out, "problem": problem}
    ref = {"routeId": "r9", "version": None, "name": "試案", "drafted": True}
    other = {"routeId": "r8", "version": 4, "name": "高齢", "drafted": False, "taken": False, "displaced": False}
    routes = [other | {"met": [], "failed": ["AGE", "KIND"]}]
    routes += [ref | {"taken": True, "met": ["AMOUNT"], "failed": [], "displaced": False}]
    answer = {"at": _ahead(30), "taken": ref, "routes": routes, "flags": [], "stages": [stage], "problem": problem}
    gateway.on("POST", "/approval-routes/try", answer)
    html = text(await client.get("/routes/r9/edit"))
    asked = {"try_requester": "s1", "try_amount": "2,000万", "try_day": "2027-04-01", "name": "試案"}
    html = await _step(client, html, "try", **asked)
    [call] = gateway.sent("POST", "/approval-routes/try")
    assert call.body["draft"]["routeId"] == "r9"
    assert call.body["draft"]["route"]["name"] == "試案"
    assert (call.body["amount"], call.body["at"]) == (20_000_000, "2027-04-01T00:00:00+09:00")
    panel = html.partition('id="opportunity-trial"')[2]
    for told in ("承認できる人が足りません", "代理：伊藤 さくら", "申請者本人", "条件に合いません: 年齢, 種別", "試案"):
        assert told in panel
    assert 'value="2,000万"' in html, "the question stays"
    form = form_to(html, "/routes/r9/edit")
    part = text(await client.post("/routes/-/try", form.filled({})))
    assert "承認できる人が足りません" in part
    assert "<form" not in part
    assert gateway.sent("PUT", "/approval-routes/r9") == []


async def test_whoever_edits_is_told_of_a_plan_that_will_not_have_the_change() -> None:
    client, _gateway = site(planned=[{"version": 2, "validFrom": "2027-03-31T15:00:00Z", "active": True}])
    html = text(await client.get("/routes/r9/edit"))
    assert 'href="/routes/r9/versions/2/edit"' in html
    assert "2027/04/01 00:00" in html


async def test_a_draft_is_simulated_and_the_answer_says_what_it_rests_on() -> None:
    client, gateway = site()
    ways = {
        "route": None,
        "stages": [{"name": "上長", "approvers": [{"id": "a1", "name": "高橋 直樹"}]}],
        "problem": None,
    }
    item = {"approvalId": "q1", "number": "RNG-2026-000007", "kind": "FEE_DISCOUNT", "amount": 1, "currency": "JPY"}
    item |= {"requesterId": "s1", "requesterName": "佐藤 美咲", "submittedAt": "2026-11-01T00:00:00Z"}
    ref = {"routeId": "r9", "version": None, "name": "試案", "drafted": True}
    item |= {"before": ways, "after": ways | {"route": ref}}
    counts = {"lookedAt": 40, "more": True, "named": 3, "knownNow": 1, "changed": 5, "items": [item]}
    simulated = {"since": "2026-09-01T00:00:00Z", "until": "2026-11-30T00:00:00Z"} | counts
    gateway.on("POST", "/approval-routes/simulate", simulated)
    html = await _step(client, text(await client.get("/routes/r9/edit")), "simulate")
    for told in (
        "5件の申請の行き先が変わります",
        "RNG-2026-000007",
        "ルートなし（標準の決裁）",
        "試案",
        "3件は申請者が承認者を指名",
    ):
        assert told in html
    assert "期間内のさらに古い申請は対象にしていません" in html
    assert "提出時の記録が消去" in html
    assert 'href="/approvals/q1"' in html
    alone = text(await client.get("/routes/r9/versions/2/simulate"))
    assert "RNG-2026-000007" in alone
    assert [call.body["draft"]["routeId"] for call in gateway.sent("POST", "/approval-routes/simulate")] == ["r9", "r9"]


async def test_a_new_route_is_sent_whole() -> None:
    client, gateway = site()
    gateway.on("POST", "/approval-routes", ROUTE, status=201)
    key = "0f9d2f4c-1111-4222-8333-444455556666"
    form = form_to(text(await client.get(f"/routes/new?form={key}")), f"/routes/new?form={key}")
    typed = {"name": "新規", "s0_name": "承認", "s0_add": "a2", "validDay": "2027-04-01", "action": "save"}
    answer = await client.post(f"/routes/new?form={key}", form.filled(typed))
    assert (answer.status, answer.headers["location"]) == (303, "/routes/r9")
    [call] = gateway.sent("POST", "/approval-routes")
    assert call.body["validFrom"] == "2027-04-01T00:00:00+09:00"
    assert call.body["stages"] == [route_stage(name="承認", approverIds=["a2"])]
    assert call.headers["Idempotency-Key"] == key


async def test_a_plan_is_withdrawn_or_said_to_be_none_any_more() -> None:
    client, gateway = site()
    planned = route_version(name="来期", stages=[FIRST], version=2, state="PLANNED", validFrom=_ahead(9))
    gateway.on("GET", "/approval-routes/r9/versions/2", planned, etag='"2"')
    refusal = {"code": "version_settled", "title": "この版はもう予定ではありません"}
    gateway.on("DELETE", "/approval-routes/r9/versions/2", refusal, status=409)
    form = form_to(text(await client.get("/routes/r9/versions/2")), "/routes/r9/versions/2/withdraw")
    answer = await client.post("/routes/r9/versions/2/withdraw", form.filled({}))
    assert answer.status == 409
    assert "もう予定ではありません" in text(answer)
    assert gateway.sent("DELETE", "/approval-routes/r9/versions/2")[0].headers["If-Match"] == '"2"'


async def test_everything_that_names_a_person_is_listed() -> None:
    client, gateway = site("auditor")
    places = [
        {"stage": 0, "stageName": "部長承認", "part": "APPROVER"},
        {"stage": 1, "stageName": "最終承認", "part": "ESCALATION"},
    ]
    named = {"routeId": "r9", "version": 2, "name": "大口", "validFrom": _ahead(5), "planned": True, "active": True}
    gateway.on("GET", "/approval-routes/naming", page(named | {"places": places}))
    html = text(await client.get("/routes/naming?userId=a1"))
    assert "1. 部長承認: 承認者" in html
    assert "2. 最終承認: 期限後の引上げ先" in html
    assert 'href="/routes/r9/versions/2"' in html
    assert dict(gateway.sent("GET", "/approval-routes/naming")[0].query) == {"userId": "a1"}
