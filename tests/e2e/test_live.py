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
