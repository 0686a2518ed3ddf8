"""One decision on many requests in a real browser: chosen in the inbox, followed to the end of each."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.e2e.conftest import PHONE, OpenPage, Watch
from tests.e2e.pictures import picture
from tests.support.frontend import RunningFrontend
from tests.support.waiting import eventually

MANY = 60
POLL_MS = 2_100
SETTLE_MS = 50


def add_many(frontend: RunningFrontend, count: int = MANY) -> None:
    waiting = frontend.gateway.waiting("approver@ringi.example")
    plain = next(item for item in waiting if not item["flags"] and len(item["stages"]) == item["stage"] + 1)
    for number in range(count):
        frontend.gateway.add_waiting_copy(plain, f"期末の申請 {number:02}")


async def choose_all(page: Page) -> None:
    await page.click("#opportunity-more a")
    await expect(page.locator("#opportunity-more")).to_have_count(0)
    await page.check("[data-pick-all]")


async def test_many_requests_chosen_in_the_inbox_are_decided_as_one_batch_and_what_failed_is_tried_again(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    add_many(frontend)
    gateway = frontend.gateway
    waiting = gateway.waiting("approver@ringi.example")
    all_of_them = len(waiting)
    flagged = [item for item in waiting if item["flags"]]
    lost, away = [item for item in waiting if item["title"].startswith("期末の申請")][:2]
    page = await open_page("approver", "/approvals", stopped_clock=True)
    await choose_all(page)
    await expect(page.locator("#opportunity-chosen")).to_have_text(f"{all_of_them}件を選択中")
    await page.keyboard.press("Shift+a")
    await expect(page).to_have_url(re.compile("/approvals/bulk/new$"))
    await expect(page.locator("#opportunity-bulk-count")).to_have_text(f"{all_of_them}件を選択中")
    await expect(page.get_by_label("承認", exact=True)).to_be_checked()
    # The row that was open in the inbox was seen with what it asks to note; the others are ticked here.
    for box in await page.locator("input[name=noted]").all():
        await box.check()
    await page.fill("#opportunity-bulk-reason", "期末のため一括で承認します")
    gateway.decide_as("admin", lost["id"], "reject")
    gateway.bulk_failing.add(away["id"])
    gateway.bulk_step = 25
    async with page.expect_navigation(url=re.compile("/approvals/bulk/[0-9a-f-]{36}$")):
        await page.keyboard.press("Control+Enter")
    bar = page.locator("#opportunity-batch progress")
    assert int(await bar.get_attribute("value") or 0) == 25
    await page.clock.run_for(POLL_MS)
    await expect(bar).to_have_attribute("value", "50")
    await page.clock.run_for(POLL_MS)
    await expect(bar).to_have_attribute("value", str(all_of_them))
    batch = page.locator("#opportunity-batch")
    await expect(batch).to_contain_text("期末のため一括で承認します")
    await expect(batch.locator(".bulk-results > li")).to_have_count(all_of_them)
    await picture(page, "bulk")
    await page.get_by_role("link", name="決裁不可 1").click()
    await expect(batch.locator(".bulk-why")).to_contain_text("却下")
    await page.get_by_role("link", name="失敗 1").click()
    await expect(batch.locator(".bulk-results > li")).to_have_count(1)
    gateway.bulk_failing.clear()
    await page.get_by_role("button", name="失敗した1件を再試行").click()
    await expect(batch.locator(".bulk-head")).to_contain_text(f"{all_of_them}件中 {all_of_them}件が終了")
    await expect(page.get_by_role("link", name=f"決裁済 {all_of_them - 1}")).to_be_visible()
    assert gateway.waiting("approver@ringi.example") == []
    assert flagged, "some had points to note"
    await page.get_by_role("link", name="受信箱へ戻る").click()
    await expect(page.locator("#opportunity-empty")).to_be_visible()


async def test_few_requests_are_decided_as_ever_and_can_be_undone(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    add_many(frontend)
    page = await open_page("approver", "/approvals", stopped_clock=True)
    await page.check("[data-pick-all]")
    await expect(page.locator("#opportunity-chosen")).to_have_text("50件を選択中")
    await page.keyboard.press("Shift+a")
    await expect(page.locator("[data-undo-button]")).to_be_visible()
    await expect(page).to_have_url(re.compile("/approvals"))
    await page.keyboard.press("z")
    assert frontend.gateway.sent("PATCH", "/approve") == []


async def test_a_reason_typed_in_the_inbox_comes_along_and_what_was_refused_for_its_points_is_approved_once_noted(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    add_many(frontend)
    page = await open_page("approver", "/approvals?flagged=false")
    await choose_all(page)
    await page.click("[popovertarget=opportunity-bulk-return]")
    await page.fill("#opportunity-bulk-comment", "見積書を添付してください")
    await page.get_by_role("button", name="選択分を差戻し").click()
    await expect(page).to_have_url(re.compile(r"/approvals/bulk/new\?flagged=false$"))
    await expect(page.locator("#opportunity-bulk-reason")).to_have_value("見積書を添付してください")
    await expect(page.get_by_label("差戻し", exact=True)).to_be_checked()
    await page.reload()
    await expect(page.locator("#opportunity-bulk-reason")).to_have_value("見積書を添付してください")
    await page.goto("/approvals/bulk/new?flagged=true")
    flagged = len([item for item in frontend.gateway.waiting("approver@ringi.example") if item["flags"]])
    await expect(page.locator("#opportunity-bulk-count")).to_have_text(f"{flagged}件を選択中")
    await page.get_by_role("button", name="選択した申請を決裁").click()
    await expect(page.get_by_role("link", name=f"決裁不可 {flagged}")).to_be_visible()
    await page.locator("input[name=noted]").first.check()
    await page.get_by_role("button", name="確認した申請を承認").click()
    await expect(page.get_by_role("link", name="決裁済 1")).to_be_visible()


async def test_on_a_phone_a_batch_is_chosen_called_off_and_nothing_scrolls_sideways(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    add_many(frontend)
    frontend.gateway.bulk_step = 5
    page = await open_page("approver", "/approvals/bulk/new", size=PHONE, stopped_clock=True)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.uncheck("[data-bulk-all]")
    await expect(page.locator("#opportunity-bulk-count")).to_have_text("0件を選択中")
    await page.check("[data-bulk-all]")
    await page.get_by_role("button", name="選択した申請を決裁").click()
    await expect(page.locator("#opportunity-batch progress")).to_have_attribute("value", "5")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("button", name="残りを中止…").click()
    await page.get_by_role("button", name="残りを中止", exact=True).click()
    await expect(page.locator("#opportunity-batch .bulk-head")).to_contain_text("残りは中止")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.goto("/approvals/bulk")
    await expect(page.locator(".bulk-results > li")).to_have_count(1)


async def test_without_javascript_many_are_decided_and_a_missing_reason_is_asked_for(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    page = await open_page("approver", "/approvals/bulk/new?flagged=false", script=False)
    await page.get_by_label("却下", exact=True).check()
    await page.get_by_role("button", name="選択した申請を決裁").click()
    await expect(page.locator(".field-error")).to_contain_text("理由")
    await page.fill("#opportunity-bulk-reason", "対象外です")
    await page.get_by_role("button", name="選択した申請を決裁").click()
    await expect(page).to_have_url(re.compile("/approvals/bulk/[0-9a-f-]{36}$"))
    await eventually(lambda: len(frontend.gateway.batches) == 1)
