"""What people make of their inbox in a real browser: views of their own, and requests set aside for a while."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.e2e.conftest import PHONE, OpenPage, Watch
from tests.support.frontend import RunningFrontend

ROWS = "#opportunity-rows tr[data-id]:not([data-held])"
VIEWS = "nav.inbox-views > a:not(.btn)"


async def test_a_filter_is_saved_as_the_view_that_opens_first_and_taken_away_again(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    page = await open_page("approver", "/approvals?flagged=true&sort=deadlineAt")
    flagged = await page.locator(ROWS).count()
    await page.get_by_role("button", name="このビューを保存…").click()
    await page.get_by_label("ビューの名前").fill("注意事項あり")
    await page.get_by_label("最初に開く").check()
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await expect(page.locator(f"{VIEWS}[aria-current]")).to_have_text("注意事項あり")
    await page.goto("/approvals")
    await expect(page).to_have_url(re.compile(r"flagged=true&sort=deadlineAt"))
    await expect(page.locator(ROWS)).to_have_count(flagged)
    await page.get_by_role("link", name="自分の番").first.click()
    await expect(page.locator(ROWS)).to_have_count(12)
    watch.expects_failures = True
    await page.get_by_role("button", name="このビューを保存…").click()
    await page.get_by_label("ビューの名前").fill("注意事項あり")
    await page.get_by_role("button", name="保存", exact=True).click()
    await expect(page.locator("[role=alert]")).to_contain_text("同じ名前があります")
    await page.locator("input[name=name]").fill("要確認")
    await page.get_by_role("button", name="保存", exact=True).click()
    await expect(page.locator("input[name=name]")).to_have_value("要確認")
    await page.get_by_role("button", name="削除").click()
    await expect(page.locator("input[name=name]")).to_have_count(0)
    assert frontend.gateway.views == {}


async def test_a_request_is_set_aside_shown_among_its_like_and_taken_back(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("approver", "/approvals")
    await expect(page.locator(".panel-title")).to_be_visible()
    await expect(page.get_by_role("button", name="後回しにする…")).to_have_count(0)  # the first is due today
    later = page.locator(f"{ROWS} a.ttl").nth(3)
    title = await later.inner_text()
    await later.click()
    await expect(page.locator(".panel-title")).to_have_text(title)
    await page.get_by_role("button", name="後回しにする…").click()
    await expect(page.locator("#opportunity-snooze")).to_contain_text("期限は止まりません")
    await page.get_by_role("button", name="3日後").click()
    await expect(page.locator(ROWS)).to_have_count(11)
    await expect(page.locator(f"{ROWS} a.ttl", has_text=title)).to_have_count(0)
    [until] = frontend.gateway.snoozes.values()
    assert until.endswith("T09:00:00+09:00")
    await page.get_by_role("link", name="後回し 1").click()
    await expect(page.locator(f"{ROWS} a.ttl")).to_have_text(title)
    await expect(page.locator(ROWS)).to_contain_text("まで後回し")
    await page.get_by_role("button", name="受信箱に戻す").click()
    await expect(page.locator("#opportunity-empty")).to_contain_text("後回しの申請はありません")
    await page.get_by_role("link", name="自分の番").first.click()
    await expect(page.locator(ROWS)).to_have_count(12)


async def test_on_a_phone_views_and_setting_aside_are_in_reach_and_nothing_scrolls_sideways(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("approver", "/approvals", size=PHONE)
    await page.get_by_role("button", name="このビューを保存…").click()
    await page.get_by_label("ビューの名前").fill("とても長い名前のビュー" * 3)
    await page.get_by_role("button", name="保存", exact=True).click()
    await expect(page.locator(VIEWS)).to_have_count(1)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.locator(f"{ROWS} a.ttl").nth(3).click()
    await page.get_by_role("button", name="後回しにする…").click()
    await page.get_by_role("button", name="1週間後").click()
    await expect(page.locator(ROWS)).to_have_count(11)
    assert len(frontend.gateway.snoozes) == 1
    await page.goto("/approvals/views")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
