"""Absences in a real browser: planned without a mouse or without scripts, and marked where a proxy decides."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from frontend.ui.time_zone import office_now
from tests.e2e.conftest import PHONE, OpenPage
from tests.e2e.pictures import picture
from tests.support.frontend import RunningFrontend

ROWS = "#opportunity-rows tr[data-id]:not([data-held])"


async def choose_by_keyboard(page: Page, name: str) -> None:
    """The select that has the focus, as far down as it takes."""
    chosen = page.locator("#opportunity-proxy option:checked")
    for _ in range(await page.locator("#opportunity-proxy option").count()):
        if await chosen.inner_text() == name:
            return
        await page.keyboard.press("ArrowDown")
    await expect(chosen).to_have_text(name)


async def test_an_absence_is_planned_by_keyboard_and_taken_back(open_page: OpenPage, frontend: RunningFrontend) -> None:
    page = await open_page("manager", "/absences")
    await page.keyboard.press("n")
    await expect(page.locator("h1")).to_have_text("不在の登録")
    await page.locator("#opportunity-proxy").focus()
    await choose_by_keyboard(page, "伊藤 さくら")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await expect(page.locator("#opportunity-takes-waiting")).not_to_be_checked()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("h1")).to_have_text("加藤 健一さんの不在")
    [body] = frontend.gateway.sent("POST", "/proxies")
    tomorrow = (office_now() + timedelta(days=1)).date().isoformat()
    assert body is not None
    assert (body["startsAt"], body["takesWaiting"]) == (f"{tomorrow}T09:00:00+09:00", False)
    await page.locator("[popovertarget=opportunity-end]").press("Enter")
    await page.get_by_role("button", name="取り消す").press("Enter")
    await expect(page.locator("#page")).to_contain_text("登録された不在はありません")
    assert frontend.gateway.proxies == {}


@pytest.mark.parametrize("script", [True, False])
async def test_an_absence_under_way_is_prolonged_and_ended(
    open_page: OpenPage, frontend: RunningFrontend, script: bool
) -> None:
    given = frontend.gateway.add_absence("manager", "approver2")
    page = await open_page("manager", "/absences", script=script)
    await page.click(".absence-rows a.ttl >> nth=0")
    await page.click(f"a[href='/absences/{given['id']}/edit']")
    await expect(page.locator("#opportunity-start-day")).to_have_count(0)
    await page.fill("#opportunity-end-day", "2099-03-01")
    await page.click(".form-actions button")
    await expect(page.locator(".facts")).to_contain_text("2099/03/01")
    await page.click("[popovertarget=opportunity-end]")
    await page.get_by_role("button", name=re.compile("^不在を終了$")).click()
    await expect(page.locator(".absence-rows").first).to_contain_text("途中で終了")
    assert given["ended"]


async def test_a_proxy_sees_whose_place_it_is_and_the_history_names_both(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    frontend.gateway.add_absence("approver", "manager")
    page = await open_page("manager", "/approvals", stopped_clock=True)
    waiting = page.locator(ROWS)
    await expect(waiting.first).to_contain_text("代理（高橋 直樹）")
    await expect(page.locator(".stand-in-note")).to_contain_text("高橋 直樹さんの代理として決裁します")
    number = await waiting.first.get_attribute("data-id")
    await page.keyboard.press("a")
    await page.clock.run_for(6_000)
    await expect(page.locator(f"{ROWS}[data-id='{number}']")).to_have_count(0)
    await page.goto(f"/approvals/{number}")
    await expect(page.locator(".timeline")).to_contain_text("加藤 健一（高橋 直樹の代理）")


async def test_the_preview_tells_the_requester_who_is_away(open_page: OpenPage, frontend: RunningFrontend) -> None:
    frontend.gateway.add_absence("manager", "approver2")
    page = await open_page("rep", "/approvals/new")
    await expect(page.locator("#opportunity-route")).to_contain_text(re.compile("まで不在（代理：伊藤 さくら）"))
    await picture(page, "request")


async def test_the_calendar_is_a_table_on_a_desk_and_a_list_on_a_phone(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    frontend.gateway.add_absence("approver", "approver2", -1, 1)
    desk = await open_page("manager", "/absences")
    today = desk.locator("table.month td[aria-current=date]")
    await expect(today).to_contain_text("高橋 直樹")
    await picture(desk, "absences")
    await desk.get_by_role("link", name="翌月").click()
    await expect(desk).to_have_url(re.compile("month="))
    await expect(desk.locator("table.month")).to_be_visible()
    phone = await open_page("manager", "/absences", size=PHONE)
    await expect(phone.locator("table.month")).to_be_hidden()
    await expect(phone.locator("#opportunity-calendar ul.absence-rows")).to_contain_text("代理人：伊藤 さくら")
