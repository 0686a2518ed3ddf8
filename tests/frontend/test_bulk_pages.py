"""Bulk decisions in the browser, where no real gateway is needed."""

from __future__ import annotations

import re
from typing import Any

from frontend.opportunity.app import create_app
from frontend.opportunity.deciding import MAX_AT_ONCE
from frontend.ui.build import build
from tests.support.records import approval, page
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, text

BATCHES = "/approvals/bulk-decisions"
ID = "0192f0c0-0000-7000-8000-000000000001"


def batch(state: str = "FINISHED", **members: Any) -> dict[str, Any]:
    counts = {"waiting": 0, "decided": 1, "refused": 0, "failed": 0, "cancelled": 0}
    return {
        "id": ID,
        "decision": "APPROVE",
        "comment": "期末のため一括で承認します",
        "state": state,
        "total": 3,
        "counts": counts | members.pop("counts", {}),
        "attempt": 1,
        "processId": ID,
        "actorId": "me",
        "actorName": "伊藤 真由美",
        "createdAt": "2026-11-20T01:00:00Z",
        "cancelledAt": None,
    } | members


def item(**members: Any) -> dict[str, Any]:
    return {
        "id": "r1",
        "position": 0,
        "status": "DECIDED",
        "revision": 1,
        "stage": 0,
        "acknowledgedFlags": [],
        "attempt": 1,
        "endedAt": "2026-11-20T01:00:10Z",
        "problem": None,
        "number": "AP-1",
        "title": "手数料の特別適用",
        "customerName": "山田 太郎",
        "amount": 1_000,
        "currency": "JPY",
        "approvalState": "APPROVED",
    } | members


def waiting(*items: dict[str, Any], more: str | None = None) -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(create_app(SETTINGS), "opportunity", "approver")
    gateway.on("GET", "/approvals/pending", {**page(*items), "nextCursor": more})
    return client, gateway


def followed(shown: dict[str, Any], *items: dict[str, Any]) -> tuple[Browser, ScriptedGateway]:
    client, gateway = waiting()
    gateway.on("GET", f"{BATCHES}/{ID}", shown)
    gateway.on("GET", f"{BATCHES}/{ID}/items", {**page(*items), "nextCursor": None})
    return client, gateway


def is_checked(shown: str, value: str) -> bool:
    box = re.search(f'<input[^>]* value="{value}"[^>]*>', shown)
    assert box is not None
    return " checked" in box[0]


async def test_all_that_match_the_filter_are_offered_and_more_than_fit_are_counted_honestly() -> None:
    client, gateway = waiting(approval(id="r1", number="AP-1", title="一件目"))
    shown = text(await client.get("/approvals/bulk/new?kind=EXPENSE&q=備品"))
    [asked] = gateway.sent("GET", "/approvals/pending")
    assert {"kind": "EXPENSE", "q": "備品", "limit": "200"}.items() <= dict(asked.query).items()
    assert ("一件目" in shown, "500件を超えています" in shown) == (True, False)
    assert 'name="ids" value="r1/1/0"' in shown
    client, gateway = waiting(*(approval(id=f"r{n}") for n in range(200)), more="c2")
    shown = text(await client.get("/approvals/bulk/new"))
    assert [dict(call.query)["limit"] for call in gateway.sent("GET", "/approvals/pending")] == ["200", "200", "100"]
    assert "500件を超えています" in shown


async def test_what_is_chosen_is_sent_as_it_was_seen_under_the_forms_key() -> None:
    client, gateway = waiting(approval(id="r1"), approval(id="r2", flags=["SENIOR_75"]))
    gateway.on("POST", BATCHES, batch("RUNNING"), status=202)
    form = [
        ("decision", "return"),
        ("comment", " 期末のため "),
        ("idempotency_key", "k1"),
        ("ids", "r1/1/0"),
        ("ids", "r2/3/1"),
        ("noted", "r2/SENIOR_75,NONSENSE"),
    ]
    answer = await client.post("/approvals/bulk/new", form=form)
    assert (answer.status, answer.headers["location"]) == (303, f"/approvals/bulk/{ID}")
    [sent] = gateway.sent("POST", BATCHES)
    assert sent.body == {
        "decision": "RETURN",
        "comment": "期末のため",
        "items": [
            {"id": "r1", "revision": 1, "stage": 0, "acknowledgedFlags": []},
            {"id": "r2", "revision": 3, "stage": 1, "acknowledgedFlags": ["SENIOR_75"]},
        ],
    }
    assert sent.headers["Idempotency-Key"] == "k1"


async def test_what_could_not_be_sent_comes_back_as_it_was_typed_and_ticked() -> None:
    client, gateway = waiting(approval(id="r1"), approval(id="r2", flags=["SENIOR_75"]))
    form = [("decision", "reject"), ("idempotency_key", "k1"), ("ids", "r2/1/0"), ("noted", "r2/SENIOR_75")]
    silent = await client.post("/approvals/bulk/new?flagged=true", form=form)
    assert (silent.status, gateway.sent("POST", BATCHES)) == (422, [])
    assert "理由を入力してください" in text(silent)
    for status, code in ((409, "too_many_bulk_decisions"), (503, "unavailable"), (422, "idempotency_key_reused")):
        gateway.on("POST", BATCHES, {"code": code, "title": "できません"}, status=status)
        again = await client.post("/approvals/bulk/new", form=[*form, ("comment", "対象外のため")])
        shown = text(again)
        assert again.status == status
        assert "対象外のため</textarea>" in shown
        assert [is_checked(shown, value) for value in ("r1/1/0", "r2/1/0", "r2/SENIOR_75")] == [False, True, True]
        assert 'value="reject" checked' in shown
        assert ('value="k1"' in shown) == (code != "idempotency_key_reused"), "a key that is used up is renewed"
    empty = await client.post("/approvals/bulk/new", form={"decision": "approve"})
    assert empty.status == 422


async def test_a_batch_says_of_each_request_what_became_of_it_and_offers_to_try_again() -> None:
    lost = {"status": 409, "code": "already_decided", "state": "REJECTED", "title": "遅い"} | {
        "decidedBy": "高橋 直樹",
        "decidedAt": "2026-11-20T01:00:05Z",
    }
    unnoted = {"status": 409, "code": "flags_not_acknowledged", "title": "確認が必要です", "flags": ["SENIOR_75"]}
    hidden = item(id="r4", status="REFUSED", problem={"status": 404, "code": "not_found", "title": "見つかりません"})
    hidden |= {"number": None, "title": None, "customerName": None, "amount": None, "approvalState": None}
    client, gateway = followed(
        batch(counts={"refused": 3, "failed": 1}),
        item(),
        item(id="r2", status="REFUSED", problem=lost),
        item(id="r3", status="REFUSED", problem=unnoted, title="仕組債"),
        hidden,
    )
    shown = text(await client.get(f"/approvals/bulk/{ID}?status=REFUSED"))
    assert dict(gateway.sent("GET", f"{BATCHES}/{ID}/items")[-1].query)["status"] == "REFUSED"
    assert "高橋 直樹さん" in shown
    assert "期末のため一括で承認します" in shown, "the comment is not lost"
    assert ("r4" in shown, "見つかりません" in shown) == (True, True)
    assert 'name="noted" value="r3/SENIOR_75"' in shown
    assert "失敗した1件を再試行" in shown or "再試行" in shown
    assert "every 2s" not in shown
    gateway.on("POST", f"{BATCHES}/{ID}/retry", batch("RUNNING", attempt=2), status=202)
    form = {"action": "retry", "noted": "r3/SENIOR_75", "idempotency_key": "k1"}
    answer = await client.post(f"/approvals/bulk/{ID}", form=form)
    assert answer.headers["location"] == f"/approvals/bulk/{ID}"
    assert gateway.sent("POST", f"{BATCHES}/{ID}/retry")[0].body == {
        "noted": [{"id": "r3", "acknowledgedFlags": ["SENIOR_75"]}]
    }
    gateway.on("POST", f"{BATCHES}/{ID}/cancel", {"code": "unavailable"}, status=503)
    assert (await client.post(f"/approvals/bulk/{ID}", form={"action": "cancel"})).status == 503


async def test_a_running_batch_refreshes_itself_and_only_who_asked_can_call_it_off() -> None:
    client, _ = followed(batch("RUNNING", counts={"waiting": 2}), item(), item(id="r2", status="WAITING"))
    shown = text(await client.get(f"/approvals/bulk/{ID}?status=WAITING"))
    assert 'hx-trigger="every 2s"' in shown
    assert f"/approvals/bulk/{ID}?status=WAITING&amp;part=live" in shown
    client, _ = followed(batch("RUNNING", counts={"waiting": 2}, actorId="somebody"), item())
    shown = text(await client.get(f"/approvals/bulk/{ID}"))
    assert ("残りを中止" in shown, "伊藤 真由美" in shown) == (False, True)


async def test_the_inbox_decides_few_at_once_and_refuses_to_leave_some_out_silently() -> None:
    client, gateway = waiting()
    tickets = ",".join(f"r{n}/1/0" for n in range(MAX_AT_ONCE + 1))
    answer = await client.post("/approvals/decide", form={"ids": tickets, "decision": "approve", "bulk": "1"})
    assert answer.status == 422
    assert [call for call in gateway.calls if call.method == "PATCH"] == []


async def test_batches_of_the_last_month_are_listed() -> None:
    client, gateway = waiting()
    gateway.on("GET", BATCHES, {**page(batch(counts={"decided": 2, "failed": 1})), "nextCursor": None})
    shown = text(await client.get("/approvals/bulk"))
    assert (f"/approvals/bulk/{ID}" in shown, "失敗 1件" in shown) == (True, True)
    gateway.on("GET", BATCHES, page())
    assert "この1か月に一括決裁はありません" in text(await client.get("/approvals/bulk"))
