"""How somebody wants it to look: kept in the browser, there at the first paint, and reached by keyboard alone."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenPage, sign_in

ROWS = "#opportunity-rows tr[data-id]"
LEAST_TARGET = 24


async def choose(page: Page, form: str, value: str) -> None:
    await page.click("#display-open")
    async with page.expect_navigation():
        await page.click(f"#display-{form} button[value={value}]")


async def heights(page: Page, selector: str) -> list[float]:
    return [box["height"] for one in await page.locator(selector).all() if (box := await one.bounding_box())]


async def share(page: Page) -> int:
    return int(await page.get_attribute("#opportunity-split", "aria-valuenow") or 0)


async def test_density_and_split_are_ones_own_and_outlive_the_session(open_page: OpenPage) -> None:
    page = await open_page("approver", "/approvals?tab=all&sort=createdAt")
    await expect(page.locator(ROWS).first).to_be_visible()
    before = await heights(page, ROWS)
    await choose(page, "density", "compact")
    await expect(page).to_have_url("/approvals?tab=all&sort=createdAt")
    await expect(page.locator(ROWS).first).to_be_visible()
    compact = await heights(page, ROWS)
    assert sum(compact) < 0.75 * sum(before)
    assert min(await heights(page, "#opportunity-rows a.ttl")) >= LEAST_TARGET

    border = page.locator("#opportunity-split")
    await border.focus()
    usual = await share(page)
    await page.keyboard.press("ArrowLeft")
    assert await share(page) < usual
    await page.keyboard.press("Home")
    least = await share(page)
    await page.keyboard.press("End")
    assert least < usual < await share(page)
    box = await border.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 5, 400)
    await page.mouse.down()
    await page.mouse.move(box["x"] - 200, 400, steps=4)
    async with page.expect_response("**/preferences/split") as saved:
        await page.mouse.up()
    assert (await saved.value).status == 204
    kept = await share(page)
    await page.reload()
    assert abs(await share(page) - kept) <= 1
    assert await page.get_attribute("html", "data-split") not in (None, "auto")

    await page.context.clear_cookies(name="__Host-ringi")
    await sign_in(page, "approver2")
    await page.goto("/approvals?tab=all")
    assert await page.get_attribute("html", "data-density") == "compact"
    assert abs(await share(page) - kept) <= 1
    async with page.expect_response("**/preferences/split"):
        await page.dblclick("#opportunity-split")
    await expect(page.locator("html")).to_have_attribute("data-split", "auto")


async def test_the_list_alone_is_chosen_in_the_palette_and_read_by_keyboard(open_page: OpenPage) -> None:
    page = await open_page("approver", "/approvals", locale="en")
    await page.keyboard.press("Control+k")
    await page.fill("#palette input", "list only")
    await expect(page.locator("#palette-list [role=option]")).to_have_count(1)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await expect(page.locator(".inbox-detail")).to_be_hidden()
    await expect(page.locator("#opportunity-split")).to_be_hidden()
    await page.keyboard.press("j")
    second = page.locator(ROWS).nth(1)
    await expect(second).to_have_attribute("aria-current", "true")
    await expect(page.locator(".inbox-list")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.locator(".inbox-list")).to_be_hidden()
    await expect(page.locator(".panel-title")).to_be_visible()
    await page.click(".panel-back")
    await expect(page.locator(".inbox-list")).to_be_visible()
