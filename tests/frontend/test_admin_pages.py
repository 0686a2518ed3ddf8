"""The audit log and the access review in the browser: filters in the address, words, differences, files."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest

from frontend.admin.app import create_app
from frontend.admin.views import Entry
from frontend.ui.build import build
from tests.support.fake_audit import audit_entries, audit_entry, head_store, verification
from tests.support.html_forms import form_to
from tests.support.records import page
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, fragment, text

LOG, VERIFICATION, REVIEW = "/auth/audit-logs", "/auth/audit-verification", "/auth/access-review"
CHANGED, APPROVED, REFUSED, _DELETED = audit_entries()
ACCOUNT: dict[str, Any] = {
    "userId": "u1",
    "name": "佐藤 美咲",
    "email": "rep@ringi.example",
    "state": "ACTIVE",
    "totpEnabled": True,
    "createdAt": "2026-04-01T00:00:00Z",
    "lastSignInAt": None,
    "roles": [
        {
            "role": "manager", "since": "2026-04-01T15:00:00Z", "givenById": "a1", "givenByName": "山田 管理",
            "notRecordedBefore": None,
        },
        {
            "role": "rep", "since": None, "givenById": None, "givenByName": None,
            "notRecordedBefore": "2026-05-01T00:00:00Z",
        },
    ],
}  # fmt: skip

Site = tuple[Browser, ScriptedGateway]


def site(*roles: str, locale: str = "ja") -> Site:
    build()
    client, gateway = browser(create_app(SETTINGS), "admin", *(roles or ("auditor",)), locale=locale)
    gateway.on("GET", "/auth/users", page())
    gateway.on("GET", LOG, page(*audit_entries()))
    gateway.on("GET", VERIFICATION, verification())
    gateway.on("GET", REVIEW, page(ACCOUNT))
    for entry in audit_entries():
        gateway.on("GET", f"{LOG}/{entry['id']}", entry)
    return client, gateway


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("", {}),
        ("actor=0190a7f4-0000-7000-8000-000000000001", {"actorId": "0190a7f4-0000-7000-8000-000000000001"}),
        ("actor=nonsense", {}),
        ("behalf=0190a7f4-0000-7000-8000-000000000001", {"onBehalfOfId": "0190a7f4-0000-7000-8000-000000000001"}),
        ("record=RNG-2026-000412", {"number": "RNG-2026-000412"}),
        ("record=0190a7f4-0000-7000-8000-000000000001", {"resourceId": "0190a7f4-0000-7000-8000-000000000001"}),
        ("kind=approval&outcome=DENIED", {"resourceType": "approval", "outcome": "DENIED"}),
        ("kind=spaceship&outcome=LATER", {}),
        ("ip=192.0.2.7&request=r-1", {"ip": "192.0.2.7", "requestId": "r-1"}),
        ("from=2026-11-26&until=2026-11-26", {"from": "2026-11-26", "to": "2026-11-27"}),
        ("from=tomorrow&until=9999-12-31", {}),
    ],
)
async def test_the_address_is_what_is_asked_for(address: str, asked: dict[str, str]) -> None:
    client, gateway = site()
    answer = await client.get(f"/audit?{address}")
    assert answer.status == 200
    [sent] = gateway.sent("GET", LOG)
    assert dict(sent.query) == {"sort": "-at", "limit": "50"} | asked


async def test_several_actions_are_kept_in_the_address_of_file_and_further_rows() -> None:
    client, gateway = site()
    gateway.on("GET", LOG, page(CHANGED, more="next"))
    shown = text(await client.get("/audit?action=user.updated&action=user.login&action=nonsense&sort=at"))
    [sent] = gateway.sent("GET", LOG)
    assert [value for name, value in sent.query if name == "action"] == ["user.updated", "user.login"]
    kept = "action=user.updated&amp;action=user.login&amp;sort=at"
    assert f"/audit/-/audit-log.csv?{kept}" in shown
    assert f"/audit?{kept}&amp;cursor=next" in shown


async def test_an_entry_reads_in_words_with_seconds_and_leads_to_its_record() -> None:
    client, _ = site()
    shown = text(await client.get("/audit"))
    assert "2026-11-26 09:20:11 JST" in shown
    assert "申請を承認" in shown
    assert "伊藤 さくら" in shown
    assert "高橋 直樹 の代理" in shown
    assert "RNG-2026-000412" in shown
    assert f'href="/approvals/{APPROVED["resourceId"]}"' in shown
    english, _ = site(locale="en")
    assert "Approved a request" in text(await english.get("/audit"))


async def test_rows_and_results_come_alone_when_htmx_asks() -> None:
    client, _ = site()
    results = await client.get("/audit?kind=user", fragment("admin-entries"))
    assert "<h1>" not in text(results)
    assert results.headers["hx-replace-url"] == "/audit?kind=user"
    rows = text(await client.get("/audit?cursor=x", fragment("admin-more")))
    assert rows.strip().startswith("<tr")


async def test_a_change_shows_before_and_after_with_names_roles_and_words() -> None:
    client, _ = site()
    shown = text(await client.get(f"/audit/{CHANGED['id']}"))
    assert "<del>担当者</del>" in shown
    assert "<ins>マネージャー, 担当者</ins>" in shown
    assert "<del>—</del>" in shown
    assert "<ins>高橋 直樹 (" in shown
    assert "ab" * 32 in shown
    assert "cd" * 32 in shown


async def test_an_entry_from_before_names_were_kept_says_so() -> None:
    client, _ = site()
    assert "氏名の保存を始める前" in text(await client.get(f"/audit/{REFUSED['id']}"))
    assert "氏名の保存を始める前" not in text(await client.get(f"/audit/{CHANGED['id']}"))


@pytest.mark.parametrize(
    ("detail", "changes"),
    [
        ({"changed": ["notes"], "changes": {}}, [("notes", None, None, False)]),
        # As meetings and tasks wrote them before.
        (
            {"fields": ["priority", "title"], "priority": {"from": "LOW", "to": "HIGH"}},
            [("priority", "LOW", "HIGH", True), ("title", None, None, False)],
        ),
        ({"from": "OPEN", "to": "COMPLETED"}, [("state", "OPEN", "COMPLETED", True)]),
        ({"number": "RNG-1"}, []),
        (None, []),
    ],
)
def test_details_of_all_ages_are_read(detail: dict[str, Any] | None, changes: list[tuple[Any, ...]]) -> None:
    entry = Entry.model_validate(audit_entry("old", detail=detail))
    assert [tuple(change) for change in entry.changes] == changes
    named = {name for name, _ in entry.other_detail}
    assert named.isdisjoint({"changed", "changes", "fields", *(change[0] for change in changes)})


async def test_what_people_typed_is_shown_as_text() -> None:
    client, gateway = site()
    forged = audit_entry("forged", actorName="<script>x</script>", detail={"reason": "<img onerror=x>"})
    gateway.on("GET", f"{LOG}/{forged['id']}", forged)
    shown = text(await client.get(f"/audit/{forged['id']}"))
    assert "<script>x" not in shown
    assert "<img onerror" not in shown


# Verification -----------------------------------------------------------------------------------------


async def test_the_banner_says_up_to_which_second_the_log_was_verified() -> None:
    client, _ = site()
    shown = text(await client.get("/audit"))
    assert "2026-11-27 08:47:12 JST まで検証済み" in shown
    assert 'hx-trigger="every 1s"' not in shown


async def test_a_fault_is_an_alert_in_words() -> None:
    client, gateway = site()
    finding = {"position": 5, "fault": "changed_entry", "problem": "changed entry"}
    gateway.on("GET", VERIFICATION, verification(position=4, holds=False, findings=[finding], findingCount=30))
    shown = text(await client.get("/audit"))
    assert "監査ログに不整合があります" in shown
    assert "5 件目： 封印後に記録が変更されています。" in shown
    assert "まで検証済み" not in shown
    assert "ほか 20 件" in shown


@pytest.mark.parametrize(
    ("store", "said"),
    [
        (head_store("file"), "ファイル: 最新の署名ヘッドの保存"),
        (head_store("bucket", readAt="2026-11-27T03:00:00Z"), "読み戻し確認"),
        (head_store("webhook", keptAt=None), "署名ヘッドの保存はまだありません"),
        (
            head_store("webhook", failingSince="2026-11-27T02:00:00Z", late=True),
            "2026-11-27 11:00:00 JST から保存できていません（未送信分は保持されています）",
        ),
        (
            head_store("bucket", waitsSince="2026-11-27T02:00:00Z", late=True),
            "2026-11-27 11:00:00 JST から送信待ちです",
        ),
    ],
)
async def test_it_says_where_signed_heads_are_kept_and_which_place_lags(store: dict[str, Any], said: str) -> None:
    client, gateway = site()
    gateway.on("GET", VERIFICATION, verification(stores=[store]))
    html = await client.get("/audit")
    assert said in " ".join(re.sub(r"<[^>]+>", "", text(html)).split())
    assert ("tone-text-bad" in text(html)) == store["late"]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"holds": None, "verifiedTo": None, "position": 0, "checkedAt": None, "wholeCheckedAt": None}, "未検証"),
        ({"verifiedTo": None, "position": 0, "total": 0}, "検証する記録はまだありません"),
        ({"headsKept": False}, "データベース外に署名が保存されていません"),
        ({"holds": False, "verifiedTo": None, "position": 0, "findingCount": 1}, "検証できた記録はありません"),
    ],
)
async def test_nothing_more_is_claimed_than_was_verified(members: dict[str, Any], said: str) -> None:
    client, gateway = site()
    gateway.on("GET", VERIFICATION, verification(**members))
    assert said in text(await client.get("/audit"))


async def test_the_button_asks_once_and_the_banner_follows() -> None:
    client, gateway = site()
    under_way = {"id": "v1", "requestedAt": "2026-11-27T03:00:00Z", "position": 4, "total": 9}
    gateway.on("POST", VERIFICATION, verification(underWay=under_way), status=202)
    form = form_to(text(await client.get("/audit")), "/audit/-/verify").entries
    plain = await client.post("/audit/-/verify", form)
    assert (plain.status, plain.headers["location"]) == (303, "/audit")
    [sent] = gateway.sent("POST", VERIFICATION)
    assert sent.headers["Idempotency-Key"] == dict(form)["idempotency_key"]
    part = text(await client.post("/audit/-/verify", form, fragment("admin-verified")))
    assert 'hx-trigger="every 1s"' in part
    assert 'value="4" max="9"' in part
    done = text(await client.get("/audit/-/verified", fragment("admin-verified")))
    assert 'hx-trigger="every 1s"' not in done


# Files ------------------------------------------------------------------------------------------------


async def test_the_file_has_headings_in_words_and_lines_as_they_came() -> None:
    client, gateway = site()
    headers = {"Content-Disposition": 'attachment; filename="audit-log.csv"'}
    lines = "at,actorName,brandNew\r\n2026-11-26T00:20:11Z,'=1+1,x\r\n"
    gateway.on_file(f"{LOG}/export", f"\ufeff{lines}".encode(), headers)
    answer = await client.get("/audit/-/audit-log.csv?kind=user")
    assert answer.body.startswith(b"\xef\xbb\xbf")
    assert answer.headers["content-disposition"] == headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"), newline="")))
    assert rows == [["日時（UTC）", "操作者", "brandNew"], ["2026-11-26T00:20:11Z", "'=1+1", "x"]]
    assert ("resourceType", "user") in gateway.sent("GET", f"{LOG}/export")[0].query


async def test_a_file_that_would_be_too_large_is_refused_in_words() -> None:
    client, gateway = site()
    problem = {"code": "unprocessable", "title": "入力内容に誤りがあります"}
    gateway.on("GET", f"{LOG}/export", problem, status=422)
    answer = await client.get("/audit/-/audit-log.csv")
    assert answer.status == 422
    assert "入力内容に誤りがあります" in text(answer)


async def test_the_review_says_since_when_by_whom_and_what_is_not_recorded() -> None:
    client, gateway = site()
    shown = text(await client.get("/access-review?role=rep&state=nonsense"))
    assert dict(gateway.sent("GET", REVIEW)[0].query) == {"limit": "50", "role": "rep"}
    assert "2026/04/02 から" in shown
    assert "付与者：山田 管理" in shown
    assert "2026/05/01 より前の記録なし" in shown
    assert "/access-review/-/access-review.csv?role=rep" in shown
    gateway.on_file(f"{REVIEW}/export", "\ufeffuserId,role\r\nu1,rep\r\n".encode(), {})
    answer = await client.get("/access-review/-/access-review.csv?role=rep")
    assert "ユーザー（ID）,ロール\r\nu1,rep\r\n" in text(answer)
    assert dict(gateway.sent("GET", f"{REVIEW}/export")[0].query) == {"role": "rep"}


@pytest.mark.parametrize("address", ["/audit", "/audit/0190a7f4-0000-7000-8000-000000000001", "/access-review"])
async def test_others_get_the_page_that_says_so(address: str) -> None:
    client, gateway = site("rep")
    problem = {"code": "forbidden", "title": "権限がありません"}
    for path in (LOG, f"{LOG}/0190a7f4-0000-7000-8000-000000000001", REVIEW):
        gateway.on("GET", path, problem, status=403)
    answer = await client.get(address)
    assert answer.status == 403
    assert "<h1>" in text(answer)
