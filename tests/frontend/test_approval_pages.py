"""Approvals in the browser, where no real gateway is needed."""

from __future__ import annotations

from typing import Any

import pytest

from frontend.opportunity.app import create_app
from frontend.ui.build import build
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, text

RETURNED: dict[str, Any] = {
    "id": "r1",
    "number": "AP-1",
    "title": "手数料の特別適用",
    "description": "理由",
    "kind": "FEE_DISCOUNT",
    "customerId": "c1",
    "customerName": "山田 太郎",
    "amount": 2_500_000,
    "state": "RETURNED",
    "allowedActions": ["EDIT", "RESUBMIT"],
}
MINE = {
    "customer": "c1|山田 太郎", "kind": "FEE_DISCOUNT", "title": "手数料の特別適用", "description": "追記",
    "amount": "3,000,000", "etag": '"4"', "idempotency_key": "k1",
}  # fmt: skip


def returned_request() -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(create_app(SETTINGS), "opportunity", "rep")
    gateway.on("GET", "/approvals/r1", RETURNED, etag='"5"')
    gateway.on("GET", "/auth/users", {"items": [{"id": "u2", "name": "佐藤 美咲", "roles": ["rep"]}]})
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
    gateway.on("GET", "/approvals", {"items": [], "nextCursor": None})
    gateway.on("GET", "/approvals/counts", {})
    assert words in text(await client.get(f"/approvals?tab=all{query}"))
