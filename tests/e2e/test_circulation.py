"""回覧, 後閲 and 根回し in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import PHONE, OpenPage, Watch
from tests.support import fake_records as records
from tests.support.frontend import RunningFrontend


def person(frontend: RunningFrontend, name: str) -> dict[str, Any]:
    return records.by_email(frontend.gateway.users, name)


def some_request(frontend: RunningFrontend, **fields: Any) -> dict[str, Any]:
    request = next(item for item in frontend.gateway.approvals.values() if item["state"] == "PENDING")
    request |= fields
    return request


@pytest.mark.parametrize("script", [True, False])
async def test_what_is_circulated_is_found_and_confirmed(
    open_page: OpenPage, frontend: RunningFrontend, script: bool
) -> None:
    request = some_request(frontend)
    frontend.gateway.show_to(request["id"], "READ", person(frontend, "manager"))
    frontend.gateway.show_to(request["id"], "READ", person(frontend, "approver2"))
    page = await open_page("manager", "/circulation", script=script)
    await expect(page.locator(".seg a[aria-current]").first).to_have_text(re.compile("回覧.*1"))
    await page.click(".row-link")
    await page.click("#opportunity-to-read button")
    await expect(page.locator("#opportunity-receipts")).to_contain_text("2人中1人が確認済み")
    await expect(page.locator("#opportunity-to-read")).to_have_count(0)
    assert frontend.gateway.sent("PATCH", "/read") == [{"revision": 1}]
    await page.goto("/circulation?answered=1")
    await expect(page.locator(".row-link")).to_have_text(request["title"])


async def test_a_finding_after_the_decision_stands_with_the_request(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    request = some_request(frontend, state="APPROVED")
    frontend.gateway.show_to(request["id"], "REVIEW", person(frontend, "manager"), dueAt=records.iso(-1))
    page = await open_page("manager", "/circulation?tab=review", locale="en", size=PHONE)
    await expect(page.locator("td.pressing")).to_contain_text("Overdue")
    await page.click(".row-link")
    await page.fill("#opportunity-review-comment", "The documents are missing")
    await page.check("#opportunity-finding")
    await page.click("#opportunity-to-review button")
    await expect(page.locator("#opportunity-receipts .badge")).to_have_text("Finding")
    await expect(page.locator("#opportunity-receipts blockquote")).to_have_text("The documents are missing")
    assert frontend.gateway.sent("PATCH", "/post-review") == [
        {"revision": 1, "comment": "The documents are missing", "finding": True}
    ]


async def test_a_draft_is_talked_over_before_it_is_submitted(open_page: OpenPage, frontend: RunningFrontend) -> None:
    draft = some_request(frontend, state="DRAFT", requesterId=person(frontend, "rep")["id"])
    owner = await open_page("rep", f"/approvals/{draft['id']}")
    await owner.select_option("#opportunity-consult", label=person(frontend, "manager")["name"])
    await owner.fill("#opportunity-consult-comment", "金額はこれでよいでしょうか")
    await owner.click("button[value=consult]")
    await expect(owner.locator("#opportunity-consulted li")).to_contain_text("未対応")
    colleague = await open_page("manager", "/circulation?tab=consult")
    await colleague.click(".row-link")
    await colleague.check("input[name=verdict][value=CONCERNED]")
    await colleague.fill("#opportunity-advice", "根拠を添えてください")
    await colleague.click("#opportunity-advise button")
    await expect(colleague.locator("#opportunity-consulted blockquote")).to_have_text("根拠を添えてください")
    await owner.reload()
    await expect(owner.locator("#opportunity-consulted .badge")).to_have_text("懸念あり")
    await owner.click("button[value=end_consultation]")
    await expect(owner.locator("button[value=end_consultation]")).to_have_count(0)
    await expect(owner.locator("#opportunity-consulted blockquote")).to_have_text("根拠を添えてください")


async def test_an_opinion_that_comes_too_late_is_not_lost(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    draft = some_request(frontend, state="DRAFT")
    part = frontend.gateway.show_to(draft["id"], "CONSULT", person(frontend, "manager"))
    page = await open_page("manager", f"/approvals/{draft['id']}")
    frontend.gateway.fail("/advise")
    await page.fill("#opportunity-advice", "もう一度見てください")
    await page.click("#opportunity-advise button")
    await expect(page.locator("#page .alert[role=alert]")).to_be_visible()
    await expect(page.locator("#opportunity-advice")).to_have_value("もう一度見てください")
    frontend.gateway.mend()
    await page.click("#opportunity-advise button")
    await expect(page.locator("#opportunity-consulted blockquote")).to_have_text("もう一度見てください")
    assert part["comment"] == "もう一度見てください"
