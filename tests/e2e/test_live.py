"""The live stream in a real browser with many tabs."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.conftest import OpenPage
from tests.support.frontend import RunningFrontend
from tests.support.waiting import eventually

TABS = 8
"""More than the six connections that a browser opens to one address over HTTP/1.1."""


async def test_eight_tabs_share_one_stream_all_hear_the_news_and_another_takes_over(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    first = await open_page("approver", "/approvals")
    await eventually(lambda: frontend.gateway.listeners == 1, what="the first page's own stream, which is not counted")
    streams: list[str] = []
    first.context.on("request", lambda request: streams.append(request.url) if request.url.endswith("/live") else None)
    await first.reload()
    tabs = [first]
    for _ in range(TABS - 1):
        tab = await first.context.new_page()
        await tab.goto("/approvals")
        tabs.append(tab)
    await eventually(lambda: frontend.gateway.listeners == 1)
    assert len(streams) == 1, "one stream for the browser, whatever the number of its tabs"
    item = frontend.gateway.waiting("approver@ringi.example")[0]
    frontend.gateway.announce(frontend.gateway.notice_about(item, "最初のお知らせ"))
    for tab in tabs:
        await expect(tab.locator("#unread-count")).to_have_text("3")
    await first.close()
    await eventually(lambda: len(streams) == 2, what="the stream of the next tab")
    await eventually(lambda: frontend.gateway.listeners == 1)
    frontend.gateway.announce(frontend.gateway.notice_about(item, "次のお知らせ"))
    for tab in tabs[1:]:
        await expect(tab.locator("#unread-count")).to_have_text("4")


async def test_without_locks_a_tab_has_its_own_stream(open_page: OpenPage, frontend: RunningFrontend) -> None:
    page = await open_page(None, "/login")
    await page.context.add_init_script("Object.defineProperty(navigator, 'locks', {value: undefined})")
    await page.fill("#login-email", "approver@ringi.example")
    await page.fill("#login-password", "ringi-demo-2026")
    await page.click("form[action='/login'] button")
    await eventually(lambda: frontend.gateway.listeners == 1)
    item = frontend.gateway.waiting("approver@ringi.example")[0]
    frontend.gateway.announce(frontend.gateway.notice_about(item, "お知らせ"))
    await expect(page.locator("#unread-count")).to_have_text("3")


async def test_a_proxys_pages_follow_a_decision_of_which_nobody_sends_them_a_notice(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    gateway = frontend.gateway
    gateway.add_absence("approver", "manager")
    item = gateway.waiting("approver@ringi.example")[0]
    listing = await open_page("manager", "/approvals?tab=mine")
    row = listing.locator(f"#opportunity-row-{item['id']}")
    await expect(row).to_be_visible()
    page = await listing.context.new_page()
    await page.goto(f"/approvals/{item['id']}")
    absent = await open_page("approver", f"/approvals/{item['id']}")
    await eventually(lambda: gateway.followers >= 2, what="a stream of requests for each of the two")
    unread = await listing.locator("#unread-count").inner_text()
    await absent.click("button[value=approve][data-key=a]")
    await eventually(lambda: gateway.approvals[item["id"]]["state"] == "APPROVED", what="the end of the time to undo")
    gateway.tell_change(item["id"])
    await expect(row).to_have_attribute("data-over", "")
    await expect(page.locator(".decided")).to_contain_text("高橋 直樹")
    await expect(page.locator(".decision-bar")).to_have_count(0)
    assert await listing.locator("#unread-count").inner_text() == unread
