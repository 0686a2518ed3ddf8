"""An approver decides on facts: the customer's card beside the request, by keyboard, and with a remote that is down."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.axe import grave_faults
from tests.e2e.conftest import DESK, PHONE, OpenPage, Watch
from tests.e2e.office import come_into_view
from tests.e2e.pictures import picture
from tests.support.frontend import RunningFrontend
from tests.support.waiting import eventually

LIVE = ".card-live"
EXPLAINED = "元本割れのリスク"


def flagged(frontend: RunningFrontend) -> str:
    return next(item["id"] for item in frontend.gateway.approvals.values() if "AMOUNT_RISE" in item["flags"])


async def test_the_panel_has_the_facts_at_once_and_the_rest_where_it_is_looked_at(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("approver", f"/approvals?selected={flagged(frontend)}")
    panel = page.locator("#opportunity-detail")
    await expect(panel).to_contain_text("77歳（上長の事前承認が必要）")
    await expect(panel).to_contain_text("約9〜45％")
    await expect(panel).to_contain_text("RNG-2026-000391")
    heights = [await box.bounding_box() for box in await page.locator(".card-slot").all()]
    await come_into_view(page)
    await expect(page.locator(LIVE)).to_contain_text(EXPLAINED)
    await expect(page.locator(LIVE)).to_contain_text("適合性確認書の回収")
    await expect(page.locator(LIVE)).to_contain_text("顧客情報（現在）")
    await expect(page.locator(f"{LIVE} .ghost")).to_have_count(0)
    after = [await box.bounding_box() for box in await page.locator(".card-slot").all()]
    await page.locator(".card-more").evaluate("part => part.scrollIntoView({ block: 'center' })")
    await picture(page, "card")
    assert [box and box["height"] for box in after] == [box and box["height"] for box in heights], "nothing jumps"


async def test_the_card_is_read_and_the_customer_opened_by_keyboard_and_a_live_update_keeps_the_place(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    chosen = flagged(frontend)
    page = await open_page("approver", f"/approvals?selected={chosen}")
    await page.locator(".card-more summary").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".card-more .facts")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.locator(".card-slot").first).to_be_focused()
    await expect(page.locator(".card-slot").first).to_contain_text("この顧客に関するほかの申請")
    await page.keyboard.press("Tab")
    await page.locator(".card-slot-tall").focus()
    await expect(page.locator(".card-slot-tall")).to_contain_text(EXPLAINED)
    await page.locator(f"{LIVE} a[href^='/meetings/']").focus()
    asked = len(frontend.gateway.sent("GET", f"/approvals/{chosen}"))
    await page.evaluate("htmx.trigger(document.body, 'ringi-approval')")
    await eventually(lambda: len(frontend.gateway.sent("GET", f"/approvals/{chosen}")) > asked)
    await expect(page.locator(LIVE)).to_contain_text(EXPLAINED)
    await expect(page.locator(f"{LIVE} a[href^='/meetings/']")).to_be_focused()
    async with page.expect_navigation(url="**/customers/*"):
        await page.keyboard.press("c")


async def test_a_service_that_is_down_leaves_its_card_and_the_rest_to_read(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    frontend.gateway.fail("/meetings/customer/")
    page = await open_page("approver", f"/approvals?selected={flagged(frontend)}")
    await come_into_view(page)
    await expect(page.locator(".card-slot-tall .problem-card")).to_be_visible()
    await expect(page.locator(LIVE)).to_contain_text("顧客情報（現在）")


async def test_a_remote_that_is_down_leaves_its_card_and_the_decision_possible(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    chosen = flagged(frontend)
    part = f"/meetings/-/card?customerId={frontend.gateway.approvals[chosen]['customerId']}"
    page = await open_page("approver", "/notifications")
    frontend.remotes["sales"].stop()
    try:
        await page.goto(f"/approvals?selected={chosen}")
        await come_into_view(page)
        await expect(page.locator(".card-slot-tall [data-remote-down] .problem-card")).to_be_visible()
        await expect(page.locator(LIVE)).to_contain_text("顧客情報（現在）")
        await page.click("#opportunity-detail [name=decision][value=approve]")
        await expect(page.locator("[data-undo-button]")).to_be_visible()
    finally:
        frontend.remotes["sales"].start()

    async def is_back() -> bool:
        return (await page.request.get(part)).ok

    await eventually(is_back)


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_the_card_with_all_its_parts_has_no_grave_fault_and_does_not_scroll_sideways(
    open_page: OpenPage, frontend: RunningFrontend, theme: str, locale: str, size: tuple[int, int]
) -> None:
    page = await open_page("approver", f"/approvals/{flagged(frontend)}", theme=theme, locale=locale, size=size)
    await come_into_view(page)
    await expect(page.locator(f"{LIVE} .ghost")).to_have_count(0)
    await expect(page.locator(LIVE)).to_contain_text(EXPLAINED)
    assert await grave_faults(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
