"""Approvals in the browser, where no real gateway is needed."""

from __future__ import annotations

import pytest

from frontend.opportunity.app import create_app
from frontend.ui.build import build
from tests.support.scripted_gateway import SETTINGS, browser, text


@pytest.mark.parametrize(
    ("query", "words"), [("", "申請はまだありません"), ("&q=zz", "条件に合う申請"), ("&state=DRAFT", "条件に合う申請")]
)
async def test_no_requests_and_no_results_look_different(query: str, words: str) -> None:
    build()
    client, gateway = browser(create_app(SETTINGS), "opportunity", "manager")
    gateway.on("GET", "/approvals", {"items": [], "nextCursor": None})
    gateway.on("GET", "/approvals/counts", {})
    assert words in text(await client.get(f"/approvals?tab=all{query}"))
