"""The firm's settings: rates, the business calendar, limits of attachments; and amounts with what they are worth."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from frontend.opportunity import money
from frontend.opportunity.app import create_app
from frontend.ui.build import build
from frontend.ui.time_zone import office_now
from services.kit.running.business_days import holiday_name
from services.opportunity import business_calendar
from services.opportunity.business_calendar import JAPAN
from services.opportunity.schemas.fields import CURRENCIES
from tests.support.html_forms import form_to
from tests.support.kind_fields import definitions
from tests.support.records import approval, counts, page
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, text

RATE: dict[str, Any] = {
    "id": "0190a7f4-0000-7000-8000-000000000001", "currency": "USD", "yenPerUnit": "150.00", "validFrom": "2026-11-01",
    "note": "社内レート", "createdBy": None, "createdByName": "山田 管理", "createdAt": "2026-11-01T00:00:00Z",
    "state": "CURRENT",
}  # fmt: skip
KEPT = {name: RATE[name] for name in ("id", "currency", "yenPerUnit", "validFrom")}
LIMITS: dict[str, Any] = {
    "attachmentMaxBytes": 5 * 1024 * 1024, "attachmentsPerRequest": None, "hardMaxBytes": 20 * 1024 * 1024,
    "retentionYears": 10, "abandonedDraftDays": 180,
    "hardPerRequest": 20, "version": 3, "updatedBy": None, "updatedByName": "山田 管理",
    "updatedAt": "2026-11-01T00:00:00Z",
}  # fmt: skip

RETENTION = {
    "nextRunAt": "2026-12-01T17:00:00Z", "due": {"requests": 2, "files": 5, "bytes": 3_400_000, "heldFiles": 3},
    "heldRequests": 1, "lastRun": None,
}  # fmt: skip
HOLD = {
    "id": "5f1c2d3e-0000-7000-8000-000000000001", "approvalId": "5f1c2d3e-0000-7000-8000-000000000002",
    "number": "RNG-2026-000400", "title": "手数料の減額", "state": "APPROVED", "office": "AUDIT",
    "reason": "訴訟の準備", "setBy": "5f1c2d3e-0000-7000-8000-000000000003",
    "setByName": "監査 次郎", "setAt": "2026-11-01T00:00:00Z",
    "releasedBy": None, "releasedByName": None, "releasedAt": None, "releaseReason": None,
}  # fmt: skip


def rates(*items: dict[str, Any], stale: Any = (), more: str | None = None) -> dict[str, Any]:
    return {"items": list(items), "nextCursor": more, "goodForDays": 35, "stale": list(stale)}


def year(number: int, **members: Any) -> dict[str, Any]:
    days = [
        {
            "day": day.isoformat(),
            "open": JAPAN.is_business_day(day),
            "reason": JAPAN.reason(day),
            "name": holiday_name(day, "ja"),
        }
        for day in business_calendar.days_of(number)
    ]
    state = {"confirmedUntil": f"{number}-12-31", "runsOut": False, "lastProclaimed": number + 1}
    return state | {"year": number, "days": days, "firm": [], "confirmation": None} | members


def site(*roles: str) -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(create_app(SETTINGS), "opportunity", *(roles or ("admin",)))
    gateway.on("GET", "/currency-rates", rates(RATE))
    gateway.on("GET", "/approval-settings", LIMITS, etag='"3"')
    gateway.on("GET", "/approval-settings/retention", RETENTION)
    gateway.on("GET", "/legal-holds", {"items": [HOLD], "nextCursor": "next"})
    return client, gateway


def test_the_same_currencies_are_offered_as_the_api_takes() -> None:
    assert {code for code, _ in money.currencies()} == CURRENCIES


async def test_rates_say_what_counts_and_which_are_too_old() -> None:
    client, gateway = site()
    corrected = RATE | {"yenPerUnit": "15.00", "state": "CORRECTED", "note": ""}
    stale = [{"currency": "EUR", "validFrom": "2026-09-01"}]
    gateway.on("GET", "/currency-rates", rates(RATE, corrected, stale=stale, more="next"))
    html = text(await client.get("/firm/rates?currency=USD"))
    for told in ("¥150.00", "本日適用中", "訂正済み", "期限切れの為替レートがあります", "EUR (09/01)", "35 日間有効"):
        assert told in html
    assert "cursor=next" in html
    assert dict(gateway.sent("GET", "/currency-rates")[0].query) == {"currency": "USD"}
    assert (await client.get("/firm")).headers["location"] == "/firm/rates"


async def test_a_rate_is_entered_and_one_far_off_is_asked_about() -> None:
    client, gateway = site()
    error = {"pointer": "/yenPerUnit", "in": "body", "code": "rate_unusual", "message": "大きく異なります"}
    gateway.on("POST", "/currency-rates", {"code": "unprocessable", "title": "誤り", "errors": [error]}, status=422)
    form = form_to(text(await client.get("/firm/rates")), "/firm/rates")
    typed = {"currency": "USD", "yenPerUnit": "1,500.5", "validFrom": "2026-12-01", "note": "月初"}
    html = text(await client.post("/firm/rates", form.filled(typed)))
    assert "大きく異なります" in html
    assert 'value="1,500.5"' in html
    gateway.on("POST", "/currency-rates", RATE, status=201)
    again = form_to(html, "/firm/rates")
    answer = await client.post("/firm/rates", again.filled({"confirmed": "1"}))
    assert (answer.status, answer.headers["location"]) == (303, "/firm/rates")
    sent = [call.body for call in gateway.sent("POST", "/currency-rates")]
    assert sent[0] == typed | {"yenPerUnit": "1500.5", "confirmed": False}
    assert sent[1] == sent[0] | {"confirmed": True}


@pytest.mark.parametrize("typed", ["", "abc", "NaN", "1e999999999"])
async def test_what_is_no_figure_is_not_sent(typed: str) -> None:
    client, gateway = site()
    form = form_to(text(await client.get("/firm/rates")), "/firm/rates")
    answer = await client.post("/firm/rates", form.filled({"currency": "USD", "yenPerUnit": typed}))
    assert (answer.status, gateway.sent("POST", "/currency-rates")) == (422, [])


async def test_a_year_shows_why_days_are_off_and_what_the_firm_says() -> None:
    client, gateway = site()
    number = office_now().year + 1
    said = {"day": f"{number}-06-15", "open": False, "name": "創立記念日", "createdBy": None}
    said |= {"createdByName": "山田 管理", "createdAt": "2026-11-01T00:00:00Z"}
    shown = year(number, firm=[said], runsOut=True, confirmedUntil=f"{number - 1}-12-31", lastProclaimed=number)
    day = next(one for one in shown["days"] if one["day"] == said["day"])
    day |= {"open": False, "reason": "FIRM", "name": "創立記念日"}
    gateway.on("GET", f"/business-calendar/{number}", shown)
    html = text(await client.get(f"/firm/calendar?year={number}"))
    for told in (
        "休業：創立記念日",
        "憲法記念日",
        "営業日カレンダーの確認が必要です",
        f"{number}年の祝日を確認済みにする",
    ):
        assert told in html
    assert html.count("<caption>") == 12


async def test_days_are_entered_taken_back_and_confirmed() -> None:
    client, gateway = site()
    today = office_now().date()
    day = today + timedelta(days=1)
    said = {"day": day.isoformat(), "open": True, "name": "臨時営業", "createdBy": None, "createdByName": None}
    said |= {"createdAt": "2026-11-01T00:00:00Z"}
    path = f"/business-calendar/{day.year}"
    gateway.on("GET", path, year(day.year, firm=[said], lastProclaimed=day.year))
    gateway.on("POST", "/business-calendar/days", year(day.year))
    gateway.on("PUT", f"{path}/confirmation", year(day.year))
    typed = {"firstDay": day.isoformat(), "lastDay": "", "open": "open", "name": "臨時営業"}
    assert (await client.post("/firm/calendar", typed)).headers["location"] == f"/firm/calendar?year={day.year}"
    await client.post("/firm/calendar", {"firstDay": day.isoformat(), "open": "usual"})
    await client.post("/firm/calendar/confirm", {"year": str(day.year), "confirmed": "1"})
    sent = [call.body for call in gateway.sent("POST", "/business-calendar/days")]
    assert sent == [
        {"firstDay": day.isoformat(), "lastDay": None, "open": True, "name": "臨時営業"},
        {"firstDay": day.isoformat(), "lastDay": None, "open": None, "name": ""},
    ]
    assert gateway.sent("PUT", f"{path}/confirmation")[0].body == {"confirmed": True}
    unnamed = await client.post("/firm/calendar", typed | {"name": ""})
    assert unnamed.status == 422
    assert "名称（理由）を入力してください。" in text(unnamed)
    error = {"pointer": "/firstDay", "in": "body", "code": "time_past", "message": "過去の日は変更できません"}
    refusal = {"code": "unprocessable", "title": "誤り", "errors": [error]}
    gateway.on("POST", "/business-calendar/days", refusal, status=422)
    refused = await client.post("/firm/calendar", typed)
    assert refused.status == 422
    assert "過去の日は変更できません" in text(refused)
    assert 'value="臨時営業"' in text(refused)


async def test_limits_are_shown_and_sent_in_what_people_count_by() -> None:
    client, gateway = site()
    gateway.on("PUT", "/approval-settings", LIMITS | {"version": 4})
    html = text(await client.get("/firm/limits"))
    assert "サーバーの上限（20 MB）" in html
    form = form_to(html, "/firm/limits")
    answer = await client.post("/firm/limits", form.filled({"size": "2.5", "count": "7"}))
    assert answer.status == 303
    [call] = gateway.sent("PUT", "/approval-settings")
    terms = {"retentionYears": 10, "abandonedDraftDays": 180}
    assert call.body == {"attachmentMaxBytes": 2_621_440, "attachmentsPerRequest": 7} | terms
    assert call.headers["If-Match"] == '"3"'
    refused = await client.post("/firm/limits", form.filled({"size": "many", "count": "x"}))
    assert refused.status == 422
    assert len(gateway.sent("PUT", "/approval-settings")) == 1
    cleared = await client.post("/firm/limits", form.filled({"size": "", "count": ""}))
    assert cleared.status == 303
    assert gateway.sent("PUT", "/approval-settings")[1].body["attachmentMaxBytes"] is None


async def test_retention_is_set_beside_what_the_next_run_would_delete() -> None:
    client, gateway = site()
    gateway.on("PUT", "/approval-settings", LIMITS | {"version": 4})
    html = text(await client.get("/firm/limits"))
    for told in ("犯罪収益移転防止法", "12/02 02:00", "5 ファイル", "ホールド中の申請 1 件", "まだありません"):
        assert told in html, told
    form = form_to(html, "/firm/limits")
    assert (await client.post("/firm/limits", form.filled({"years": "15", "days": "90"}))).status == 303
    [call] = gateway.sent("PUT", "/approval-settings")
    assert (call.body["retentionYears"], call.body["abandonedDraftDays"]) == (15, 90)
    refused = await client.post("/firm/limits", form.filled({"years": "", "days": "ninety"}))
    assert refused.status == 422
    assert text(refused).count("整数を入力してください") == 2
    reader, _ = site("manager")
    assert "opportunity-purge" not in text(await reader.get("/firm/limits"))


async def test_what_is_held_is_listed_with_who_holds_it_and_why() -> None:
    client, _ = site("auditor")
    html = text(await client.get("/firm/holds"))
    for told in ("訴訟の準備", "監査 次郎", "監査人による設定", "RNG-2026-000400", "cursor=next"):
        assert told in html, told


async def test_who_only_reads_is_offered_nothing_to_change() -> None:
    client, gateway = site("auditor")
    gateway.on("GET", f"/business-calendar/{office_now().year}", year(office_now().year))
    for path in ("/firm/rates", "/firm/calendar", "/firm/limits", "/firm/holds"):
        assert 'method="post"' not in text(await client.get(path)), path


async def test_an_amount_tells_what_it_is_worth_and_by_which_rate() -> None:
    client, gateway = site("approver")
    priced = approval(state="PENDING", amount=12_000, currency="USD", yenAmount=1_800_000, rates=[KEPT])
    gateway.on("GET", "/approvals/r1", priced, etag='"1"')
    gateway.on("GET", "/approvals/r1/history", {"items": [], "nextCursor": None})
    gateway.on("GET", "/approvals/r1/comments", {"items": [], "nextCursor": None})
    attachments = {"items": [], "nextCursor": None, "scanned": False, "maxBytes": 1, "maxCount": 1}
    gateway.on("GET", "/approvals/r1/attachments", attachments)
    gateway.on("GET", "/approvals/pending", page(priced))
    gateway.on("GET", "/approvals/counts", counts(waiting=1))
    html = text(await client.get("/approvals/r1"))
    assert "USD 12,000.00" in html
    assert "≈ ¥1,800,000" in html
    assert "1 USD = ¥150.00（2026/11/01 のレート）" in html
    assert "≈ ¥1,800,000" in text(await client.get("/approvals"))


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("least=1万&currency=USD", {"minAmount": "10000", "currency": "USD"}),
        ("currency=KWD", {"currency": "KWD"}),
        ("least=1万円", {"minAmount": "10000"}),
        ("least=5円&currency=USD", {"currency": "USD"}),
        ("currency=ZZZ", {}),
    ],
)
async def test_a_list_is_narrowed_by_currency(query: str, asked: dict[str, str]) -> None:
    client, gateway = site("approver")
    gateway.on("GET", "/approvals/pending", page())
    gateway.on("GET", "/approvals/counts", counts(waiting=1))
    assert (await client.get(f"/approvals?{query}")).status == 200
    sent = dict(gateway.sent("GET", "/approvals/pending")[0].query)
    assert {name: sent[name] for name in sent if name in {"minAmount", "currency"}} == asked


async def test_the_currency_of_a_request_is_chosen_and_its_route_says_what_is_known() -> None:
    client, gateway = site("rep")
    gateway.on("GET", "/approvals/kinds", definitions())
    gateway.on("POST", "/approvals", approval(), status=201)
    preview = {"routeId": None, "flags": [], "flagGrounds": {}, "stages": [], "yenAmount": None, "rates": []}
    gateway.on("POST", "/approvals/preview", preview)
    address = "/approvals/new?form=0190a7f4-0000-7000-8000-000000000001"
    html = text(await client.get(address))
    assert '<option value="KWD"' in html
    form = form_to(html, address)
    typed = {"title": "外貨", "kind": "OTHER", "amount": "1,200", "currency": "USD"}
    shown = text(await client.post("/approvals/-/preview", form.filled(typed)))
    assert "USD の有効なレートがないため" in shown
    await client.post("/approvals/new", form.filled(typed | {"action": "submit"}))
    [sent] = [call.body for call in gateway.sent("POST", "/approvals")]
    assert (sent["amount"], sent["currency"]) == (1_200, "USD")
