"""意見照会 in the browser, where no real gateway is needed."""

from __future__ import annotations

from typing import Any

import pytest

from frontend.opportunity.app import create_app
from frontend.ui.build import build
from tests.support.records import approval, colleague, counts, history_entry, page, stage
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, text

EXPERT = {"id": "e1", "name": "清水 陽子"}
QUESTION = {
    "asked": EXPERT,
    "asker": {"id": "a1", "name": "加藤 浩二"},
    "blocks": True,
    "mayWithdraw": True,
    "question": "税務上の問題は",
    "askedAt": "2026-11-20T01:00:00Z",
}


def request_of(*actions: str, **members: Any) -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(create_app(SETTINGS), "opportunity", "approver")
    current = stage(name="決裁", approverIds=["a1"], approvers=[{"id": "a1", "name": "加藤 浩二"}], deadlineHours=24)
    shown = {"number": "AP-1", "state": "PENDING", "stages": [current], "deadlineAt": None, "opinions": []}
    item = approval(id="r1", **shown | {"allowedActions": list(actions)} | members)
    gateway.on("GET", "/approvals/r1", item)
    gateway.on("GET", "/approvals/r1/history", page())
    gateway.on("GET", "/approvals/r1/comments", page())
    people = [colleague(**EXPERT, roles=["rep"]), colleague(id="x1", name="監査 次郎", roles=["auditor"])]
    gateway.on("GET", "/auth/users", page(*people))
    gateway.on("GET", "/approvals", page(item))
    gateway.on("GET", "/approvals/pending", page(item))
    gateway.on("GET", "/approvals/counts", counts(waiting=1, opinions=1))
    return client, gateway


async def test_who_decides_sees_whose_opinion_is_awaited_and_can_only_return_it() -> None:
    client, gateway = request_of("RETURN", "WITHDRAW_OPINION", opinions=[QUESTION])
    html = text(await client.get("/approvals/r1"))
    assert "清水 陽子さんに意見を照会しています。回答があるまで決裁できません。" in html
    assert "停止中（意見の回答待ち）" in html
    assert [f'value="{decision}"' in html for decision in ("approve", "return", "reject")] == [False, True, False]
    assert "差戻しはできます" in html
    gateway.on("PATCH", "/approvals/r1/withdraw-opinion", approval(id="r1"))
    answer = await client.post("/approvals/r1", form={"action": "withdraw_opinion", "to": "e1"})
    assert answer.status == 303
    assert gateway.sent("PATCH", "/approvals/r1/withdraw-opinion")[0].body == {"userId": "e1"}
    listed = text(await client.get("/approvals"))
    assert "清水 陽子さんの意見待ち" in listed


async def test_who_may_comment_can_be_asked_and_nobody_who_decides_or_is_asked_already() -> None:
    client, gateway = request_of("APPROVE", "RETURN", "ASK_OPINION")
    html = text(await client.get("/approvals/r1"))
    assert '<option value="e1"' in html
    assert '<option value="x1"' not in html, "an auditor may not comment"
    gateway.on("PATCH", "/approvals/r1/ask-opinion", approval(id="r1"))
    form = {"action": "ask_opinion", "to": "e1", "comment": "前例は", "waits": "no"}
    assert (await client.post("/approvals/r1", form=form)).status == 303
    [sent] = gateway.sent("PATCH", "/approvals/r1/ask-opinion")
    assert sent.body == {"userId": "e1", "question": "前例は", "blocks": False}
    client, _ = request_of("APPROVE", "RETURN", "ASK_OPINION", opinions=[QUESTION | {"blocks": False}])
    assert '<option value="e1"' not in text(await client.get("/approvals/r1"))


@pytest.mark.parametrize("action", ["ask_opinion", "give_opinion", "decline_opinion"])
async def test_a_question_and_an_answer_need_words(action: str) -> None:
    client, gateway = request_of("ASK_OPINION", "GIVE_OPINION", "DECLINE_OPINION")
    answer = await client.post("/approvals/r1", form={"action": action, "comment": " "})
    assert answer.status == 422
    assert gateway.sent("PATCH", "/approvals/r1") == []


async def test_an_answer_that_comes_too_late_is_kept_as_a_comment_to_be_sent() -> None:
    client, gateway = request_of()
    over = {"code": "opinion_not_asked", "title": "この申請について意見は求められていません"}
    gateway.on("PATCH", "/approvals/r1/give-opinion", over, status=403)
    form = {"action": "give_opinion", "comment": "書いた意見", "idempotency_key": "k7"}
    answer = await client.post("/approvals/r1", form=form)
    assert (answer.status, text(answer).count("書いた意見</textarea>")) == (403, 1)
    assert "意見は求められていません" in text(answer)
    assert 'value="k7"' not in text(answer), "it is another thing now"


async def test_who_is_asked_finds_the_request_in_a_list_of_its_own_and_answers_beside_it() -> None:
    question = QUESTION | {"mayWithdraw": False}
    client, gateway = request_of("GIVE_OPINION", "DECLINE_OPINION", opinions=[question])
    html = text(await client.get("/approvals?tab=opinions"))
    assert ("wantsOpinion", "true") in gateway.sent("GET", "/approvals")[0].query
    assert "ご意見をお待ちしています" in html
    assert "税務上の問題は" in html
    assert 'value="give_opinion"' in html
    assert 'value="withdraw_opinion"' not in html
    gateway.on("PATCH", "/approvals/r1/decline-opinion", approval(id="r1"))
    form = {"action": "decline_opinion", "comment": "担当外です"}
    assert (await client.post("/approvals/r1", form=form)).status == 303
    assert gateway.sent("PATCH", "/approvals/r1/decline-opinion")[0].body == {"reason": "担当外です"}


async def test_the_history_names_whom_it_is_about_and_nobody_where_nobody_did_it() -> None:
    client, gateway = request_of()
    asked = history_entry(action="ASK_OPINION", actorName="加藤 浩二", askedName="清水 陽子", comment="前例は")
    vain = history_entry(action="WITHDRAW_OPINION", actorName=None, askedName="清水 陽子", role="SYSTEM")
    gateway.on("GET", "/approvals/r1/history", page(asked, vain))
    html = text(await client.get("/approvals/r1"))
    assert "清水 陽子さんに意見を照会しました" in html
    assert "清水 陽子さんは回答できないため、意見照会が取り下げられました" in html
