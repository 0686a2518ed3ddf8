"""What people do in a browser in more than one test."""

from __future__ import annotations

from datetime import timedelta

from playwright.async_api import Page, expect

from frontend.ui.time_zone import office_now


async def plan_absence(page: Page, *, proxy: str) -> None:
    """For the next three days from now on, with the keyboard alone but for the dates; the absence is shown then."""
    await page.goto("/absences")
    await page.keyboard.press("n")
    await expect(page.locator("h1")).to_have_text("不在の登録")
    begins = office_now()
    await page.fill("#opportunity-start-day", begins.date().isoformat())
    await page.fill("#opportunity-start-time", f"{begins:%H:%M}")
    await page.fill("#opportunity-end-day", (begins.date() + timedelta(days=3)).isoformat())
    await page.locator("#opportunity-proxy").focus()
    chosen = page.locator("#opportunity-proxy option:checked")
    for _ in range(await page.locator("#opportunity-proxy option").count()):
        if await chosen.inner_text() != proxy:
            await page.keyboard.press("ArrowDown")
    async with page.expect_navigation():
        await page.keyboard.press("Control+Enter")


async def come_into_view(page: Page) -> None:
    """What is live is asked for where it is seen."""
    for box in await page.locator(".card-slot").all():
        await box.scroll_into_view_if_needed()
