"""引上げ承認 in the browser, where no real gateway is needed."""

from __future__ import annotations

from typing import Any

from frontend.opportunity.app import create_app
from frontend.ui.build import build
from tests.support.records import approval, counts, page, stage
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, text

BELOW = {"id": "a1", "name": "清水 陽子"}
OTHER = {"id": "a2", "name": "高橋 直樹"}


def stuck(*below: dict[str, Any], **members: Any) -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(create_app(SETTINGS), "opportunity", "manager")
    current = stage(name="決裁", approverIds=["a1", "a2"], approvers=[BELOW, OTHER], mode="ALL", stepIn="WHEN_LATE")
    shown = {"number": "AP-1", "state": "PENDING", "stages": [current], "waitingSince": "2026-11-20T01:00:00Z"}
    item = approval(id="r1", **shown | {"allowedActions": [], "stepsInFor": list(below)} | members)
    gateway.on("GET", "/approvals/r1", item)
    gateway.on("GET", "/approvals/r1/history", page())
    gateway.on("GET", "/approvals/r1/comments", page())
    gateway.on("GET", "/approvals/pending", page(item))
    gateway.on("GET", "/approvals/counts", counts(stuck=1))
    return client, gateway


async def test_the_list_of_what_is_stuck_says_for_whom_and_since_when() -> None:
    client, gateway = stuck(BELOW)
    html = text(await client.get("/approvals?tab=stuck&sort=deadlineAt"))
    assert "部下の滞留" in html
    assert "清水 陽子さんの承認待ち（" in html
    assert "清水 陽子さんに代わって引上げ承認します" in html
    assert {"stuck": "true", "sort": "deadlineAt"}.items() <= dict(
        gateway.sent("GET", "/approvals/pending")[-1].query
    ).items()


async def test_who_steps_in_says_why_and_for_whom() -> None:
    client, gateway = stuck(BELOW, OTHER)
    html = text(await client.get("/approvals/r1"))
    assert '<option value="a2"' in html
    assert "期限後は上長が引上げ承認できる" in html
    form = {"ids": "r1/1/0", "decision": "approve", "insteadOf": "a2"}
    unsaid = await client.post("/approvals/decide", form=form)
    assert unsaid.status == 422
    assert 'name="insteadOf" value="a2"' in text(unsaid), "the choice is kept while the reason is asked for"
    assert gateway.sent("PATCH", "/approvals/r1/step-in") == []
    gateway.on("PATCH", "/approvals/r1/step-in", approval(id="r1", state="APPROVED"))
    answer = await client.post("/approvals/decide", form=form | {"comment": "出張中のため"})
    assert answer.status == 303
    [sent] = gateway.sent("PATCH", "/approvals/r1/step-in")
    told = {"insteadOf": "a2", "decision": "APPROVE", "comment": "出張中のため", "revision": 1, "stage": 0}
    assert sent.body == told


async def test_while_an_opinion_is_awaited_a_superior_can_only_return_it() -> None:
    question = {"asked": OTHER, "asker": BELOW, "blocks": True, "mayWithdraw": False}
    client, _ = stuck(BELOW, opinions=[question])
    html = text(await client.get("/approvals/r1"))
    assert [f'value="{decision}"' in html for decision in ("approve", "return", "reject")] == [False, True, False]
