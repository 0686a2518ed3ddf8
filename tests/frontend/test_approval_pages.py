"""Approvals in the browser, where no real gateway is needed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from frontend.opportunity.app import create_app
from frontend.ui.build import build
from tests.support.kind_fields import definitions
from tests.support.records import approval, colleague, counts, page, stage
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, text

RETURNED = approval(
    id="r1",
    number="AP-1",
    title="手数料の特別適用",
    description="理由",
    kind="FEE_DISCOUNT",
    customerId="c1",
    customerName="山田 太郎",
    amount=2_500_000,
    state="RETURNED",
    allowedActions=["RESUBMIT"],
)
MINE = {
    "customer": "c1|山田 太郎", "kind": "FEE_DISCOUNT", "title": "手数料の特別適用", "description": "追記",
    "amount": "3,000,000", "etag": '"4"', "idempotency_key": "k1",
}  # fmt: skip


def returned_request() -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(create_app(SETTINGS), "opportunity", "rep")
    gateway.on("GET", "/approvals/r1", RETURNED, etag='"5"')
    gateway.on("GET", "/auth/users", page(colleague(id="u2", name="佐藤 美咲", roles=["rep"])))
    gateway.on("GET", "/approvals/kinds", definitions())
    return client, gateway


async def test_who_saves_a_request_second_learns_who_was_first_and_what_differs_and_can_save_then() -> None:
    client, gateway = returned_request()
    problem = {"code": "precondition_failed", "changedBy": "u2", "changedAt": "2026-11-20T01:00:00Z"}
    gateway.on("PUT", "/approvals/r1", problem, status=412)
    answer = await client.post("/approvals/r1/edit", form=MINE | {"action": "save"})
    assert answer.status == 412
    assert "佐藤 美咲さんが" in text(answer)
    rows = text(answer).partition("相違点")[2].partition("</table>")[0]
    assert ("追記" in rows, "理由" in rows) == (True, True)
    assert ("3,000,000" in rows, "2,500,000" in rows) == (True, True)
    assert "手数料の特別適用" not in rows, "what is the same is not listed"
    assert 'name="etag" value="&#34;5&#34;"' in text(answer), "saving again means the version that is shown now"


async def test_a_request_that_was_saved_but_not_submitted_says_so_and_can_be_submitted_again() -> None:
    client, gateway = returned_request()
    gateway.on("PUT", "/approvals/r1", RETURNED, etag='"6"')
    gateway.on("PATCH", "/approvals/r1/resubmit", {"code": "unavailable"}, status=503)
    answer = await client.post("/approvals/r1/edit", form=MINE | {"action": "resubmit", "etag": '"5"'})
    assert answer.status == 503
    assert "保存しましたが、申請できませんでした" in text(answer)
    assert 'name="etag" value="&#34;6&#34;"' in text(answer), "its own change is no one else's"


@pytest.mark.parametrize(
    ("query", "words"), [("", "申請はまだありません"), ("&q=zz", "条件に合う申請"), ("&state=DRAFT", "条件に合う申請")]
)
async def test_no_requests_and_no_results_look_different(query: str, words: str) -> None:
    build()
    client, gateway = browser(create_app(SETTINGS), "opportunity", "manager")
    gateway.on("GET", "/approvals", page())
    gateway.on("GET", "/approvals/counts", counts())
    assert words in text(await client.get(f"/approvals?tab=all{query}"))


def pending_request(*actions: str) -> tuple[Browser, ScriptedGateway]:
    client, gateway = returned_request()
    current = stage(name="上長承認", approverIds=["a1"], approvers=[{"id": "a1", "name": "加藤 浩二"}])
    pending = RETURNED | {"state": "PENDING", "allowedActions": list(actions), "stages": [current]}
    gateway.on("GET", "/approvals/r1", pending, etag='"5"')
    gateway.on("GET", "/approvals/r1/history", page())
    gateway.on("GET", "/approvals/r1/comments", page())
    taker = colleague(id="u9", name="高橋 直樹", roles=["approver"])
    gateway.on("GET", "/auth/users", page(taker | {"id": "u8", "name": "清水 陽子"}, taker))
    return client, gateway


@pytest.mark.parametrize(
    ("action", "method", "path"),
    [
        ("add_approver", "PATCH", "add-approver"),
        ("ask_opinion", "PATCH", "ask-opinion"),
        ("give_opinion", "PATCH", "give-opinion"),
        ("recall", "PATCH", "recall"),
        ("take_back", "PATCH", "take-back"),
        ("comment", "POST", "comments"),
    ],
)
async def test_words_that_could_not_be_sent_stay_and_are_sent_once(action: str, method: str, path: str) -> None:
    client, gateway = pending_request("RECALL", "TAKE_BACK", "ADD_APPROVER", "ASK_OPINION", "GIVE_OPINION")
    gateway.on(method, f"/approvals/r1/{path}", {"code": "unavailable", "title": "利用できません"}, status=503)
    form = {"action": action, "comment": "書いた文章", "idempotency_key": "k7"}
    answer = await client.post("/approvals/r1", form=form)
    assert answer.status == 503
    assert "入力内容は残っています" in text(answer)
    assert text(answer).count("書いた文章</textarea>") == 1, "in its own form, not in the others"
    assert text(answer).count('name="idempotency_key" value="k7"') == 1, "a second time is no second one"


async def test_a_refused_passing_on_keeps_whom_it_was_meant_for_and_why() -> None:
    client, gateway = pending_request("REASSIGN")
    gateway.on("PATCH", "/approvals/r1/reassign", {"code": "conflict", "title": "決裁済みです"}, status=409)
    form = {"action": "reassign", "from": "a1", "to": "u9", "comment": "休暇のため"}
    html = text(await client.post("/approvals/r1", form=form))
    assert "決裁済みです" in html
    assert '<option value="u9" selected>' in html
    assert "休暇のため</textarea>" in html


async def test_decisions_that_were_not_answered_are_tried_again_under_their_key() -> None:
    client, gateway = pending_request("APPROVE")
    gateway.on("PATCH", "/approvals/r1/approve", {"code": "unavailable"}, status=503)
    form = {"ids": "r1/1/0", "decision": "approve", "idempotency_key": "k7"}
    assert 'name="idempotency_key" value="k7"' in text(await client.post("/approvals/decide", form=form))


async def test_a_stage_that_stands_still_says_why_and_offers_the_vacant_place_to_who_may_fill_it() -> None:
    client, gateway = pending_request("REASSIGN")
    stopped = stage(name="合議", approverIds=["a1"], approvers=[{"id": "a1", "name": "加藤 浩二"}], vacantIds=["a0"])
    shortage = {"votesMissing": 1, "unable": [], "vacant": [{"id": "a0", "name": "退職 太郎"}]}
    short = RETURNED | {"state": "PENDING", "allowedActions": ["REASSIGN"], "stages": [stopped], "shortage": shortage}
    gateway.on("GET", "/approvals/r1", short, etag='"5"')
    html = text(await client.get("/approvals/r1"))
    assert "この段階は止まっています" in html
    assert "退職 太郎" in html
    assert '<option value="a0"' in html
    gateway.on("GET", "/approvals/r1", short | {"allowedActions": []}, etag='"5"')
    assert "管理者に通知しました" in text(await client.get("/approvals/r1"))


async def test_who_changed_what_was_approved_learns_before_submitting_that_it_begins_anew() -> None:
    client, gateway = returned_request()
    gateway.on("GET", "/approvals/r1", RETURNED | {"termsChanged": True}, etag='"5"')
    gateway.on("GET", "/approvals/r1/history", page())
    gateway.on("GET", "/approvals/r1/comments", page())
    assert "最初の段階からやり直し" in text(await client.get("/approvals/r1"))


def inbox_of(*items: dict[str, Any], next_cursor: str | None = None) -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(create_app(SETTINGS), "opportunity", "approver")
    for address in ("/approvals/pending", "/approvals"):
        gateway.on("GET", address, {**page(*items), "nextCursor": next_cursor})
    gateway.on("GET", "/approvals/counts", counts(waiting=len(items)))
    return client, gateway


async def test_what_the_filter_asks_for_stands_in_the_address_and_goes_to_the_api() -> None:
    client, gateway = inbox_of()
    query = "q=減額&kind=FEE_DISCOUNT&flagged=true&due=overdue&least=120万&sort=deadlineAt"
    answer = await client.get(f"/approvals?{query}")
    asked = dict(gateway.sent("GET", "/approvals/pending")[0].query)
    assert {name: asked[name] for name in ("q", "kind", "flagged", "minAmount", "sort")} == {
        "q": "減額", "kind": "FEE_DISCOUNT", "flagged": "true", "minAmount": "1200000", "sort": "deadlineAt",
    }  # fmt: skip
    assert datetime.fromisoformat(asked["dueBefore"]).tzinfo is not None
    assert 'value="120万"' in text(answer), "a figure stays as it was typed"
    assert "条件に合う申請はありません。" in text(answer)


async def test_a_filter_that_nobody_knows_is_no_filter() -> None:
    client, gateway = inbox_of()
    await client.get("/approvals?kind=NO&flagged=perhaps&due=never&least=many&sort=name&state=PENDING&tab=none")
    assert set(dict(gateway.sent("GET", "/approvals/pending")[0].query)) == {"limit", "sort"}


@pytest.mark.parametrize(("tab", "expected"), [("requested", {"requesterId", "state"}), ("all", {"state"})])
async def test_the_other_lists_are_filtered_by_state(tab: str, expected: set[str]) -> None:
    client, gateway = inbox_of()
    await client.get(f"/approvals?tab={tab}&state=RETURNED&due=overdue")
    assert set(dict(gateway.sent("GET", "/approvals")[0].query)) == {"limit"} | expected


async def test_rows_keep_the_filter_and_show_what_to_note() -> None:
    flags = ["SENIOR_75", "SENIOR_80", "PROFILE_STALE"]
    flagged = approval(id="r1", title="仕組債", kind="PRODUCT_PROPOSAL", flags=flags)
    client, gateway = inbox_of(flagged, next_cursor="c2")
    gateway.on("GET", "/approvals/r1", flagged)
    gateway.on("GET", "/approvals/r1/history", page())
    gateway.on("GET", "/approvals/r1/comments", page())
    shown = text(await client.get("/approvals?flagged=true"))
    marks = shown.partition("row-flags")[2].partition("</div>")[0]
    assert ("80歳以上" in marks, "75歳以上" in marks, "1年以上前" in marks) == (True, False, True)
    assert "/approvals?flagged=true&amp;selected=r1" in shown
    assert "/approvals/r1/panel?flagged=true" in shown
    more = {"HX-Request": "true", "HX-Target": "tr#opportunity-more"}
    further = text(await client.get("/approvals?flagged=true&cursor=c2", headers=more))
    assert further.lstrip().startswith("<tr"), "further rows come alone, into the table"
    assert dict(gateway.sent("GET", "/approvals/pending")[-1].query)["cursor"] == "c2"


UNNOTED = {"code": "flags_not_acknowledged", "title": "注意事項の確認が必要です", "flags": ["SENIOR_75"]}


async def test_many_at_once_stop_at_what_has_to_be_noted_first_and_go_on_with_those_ticked() -> None:
    client, gateway = inbox_of()
    gateway.on("GET", "/approvals/r1", approval(id="r1", number="AP-1", title="仕組債", flags=["SENIOR_75"]))
    gateway.on("PATCH", "/approvals/r1/approve", UNNOTED, status=409)
    asked = {"ids": "r1/1/0", "decision": "approve", "idempotency_key": "k1", "bulk": "1"}
    answer = await client.post("/approvals/decide", form=asked)
    [sent] = gateway.sent("PATCH", "/approvals/r1/approve")
    assert sent.body["acknowledgedFlags"] == []
    assert ("AP-1 仕組債" in text(answer), "75歳以上" in text(answer)) == (True, True)
    assert 'name="noted" value="r1/SENIOR_75"' in text(answer)
    assert 'name="idempotency_key" value="k1"' not in text(answer), "what is asked then is another request"
    again = asked | {"only_noted": "1", "noted": "r1/SENIOR_75,NONSENSE", "idempotency_key": "k2"}
    await client.post("/approvals/decide", form=[*again.items(), ("ids", "r2/1/0")])
    assert gateway.sent("PATCH", "/approvals/r1/approve")[-1].body["acknowledgedFlags"] == ["SENIOR_75"]
    assert gateway.sent("PATCH", "/approvals/r2/approve") == [], "what was not ticked is left alone"


async def test_what_is_tried_again_says_again_what_was_noted() -> None:
    client, gateway = inbox_of()
    gateway.on("PATCH", "/approvals/r1/approve", {"code": "unavailable"}, status=503)
    asked = {"ids": "r1/1/0", "decision": "approve", "idempotency_key": "k1", "bulk": "1", "noted": "r1/SENIOR_75"}
    shown = text(await client.post("/approvals/decide", form=asked))
    assert 'name="noted" value="r1/SENIOR_75"' in shown
    assert 'name="idempotency_key" value="k1"' in shown
    assert 'name="bulk"' in shown


async def test_a_request_decided_by_itself_was_seen_with_all_it_asks_to_note() -> None:
    client, gateway = inbox_of()
    gateway.on("PATCH", "/approvals/r1/approve", approval(id="r1", state="APPROVED"))
    await client.post("/approvals/decide", form={"ids": "r1/1/0", "decision": "approve", "idempotency_key": "k1"})
    assert "acknowledgedFlags" not in gateway.sent("PATCH", "/approvals/r1/approve")[0].body


async def test_a_decision_on_an_approval_that_was_taken_back_says_who_did_it() -> None:
    client, gateway = inbox_of()
    gateway.on("GET", "/approvals/r1", approval(id="r1", number="AP-1", state="PENDING"))
    lost = {"code": "already_decided", "state": "PENDING", "decidedBy": "高橋 直樹", "takenBack": True}
    lost |= {"title": "すでに決裁されています", "decidedAt": "2026-11-20T01:00:05Z"}
    gateway.on("PATCH", "/approvals/r1/approve", lost, status=409)
    form = {"ids": "r1/1/1", "decision": "approve", "comment": "可", "idempotency_key": "k1"}
    shown = text(await client.post("/approvals/decide", form=form))
    assert "高橋 直樹さんが承認を取り戻しました" in shown


async def test_a_copy_begins_with_the_content_and_knows_nothing_of_the_other_request() -> None:
    build()
    client, gateway = browser(create_app(SETTINGS), "opportunity", "rep")
    mine = RETURNED | {"state": "APPROVED", "requesterId": "me", "allowedActions": []}
    gateway.on("GET", "/approvals/r1", mine)
    gateway.on("GET", "/approvals/kinds", definitions())
    gateway.on("GET", "/approvals/r1/history", page())
    gateway.on("GET", "/approvals/r1/comments", page())
    assert "/approvals/new?copyOf=r1" in text(await client.get("/approvals/r1"))
    key = "0190a7f4-0000-7000-8000-000000000001"
    form = text(await client.get(f"/approvals/new?copyOf=r1&form={key}"))
    assert ('value="2,500,000"' in form, "手数料の特別適用" in form, "山田 太郎" in form) == (True, True, True)
    assert 'name="previous_id" value="r1"' not in form


async def test_time_in_business_days_is_told_in_them() -> None:
    pending = RETURNED | {"state": "PENDING", "deadlineAt": "2026-12-04T08:00:00Z", "businessDaysLeft": 2}
    client, gateway = browser(create_app(SETTINGS), "opportunity", "rep")
    gateway.on("GET", "/approvals/r1", pending)
    gateway.on("GET", "/approvals/r1/history", page())
    gateway.on("GET", "/approvals/r1/comments", page())
    assert "あと2営業日" in text(await client.get("/approvals/r1"))
