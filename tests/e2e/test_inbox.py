"""The approver's inbox in a real browser."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from frontend.opportunity import listing
from tests.e2e.conftest import PHONE, OpenPage, Watch
from tests.e2e.pictures import picture
from tests.support.frontend import RunningFrontend
from tests.support.waiting import eventually

ROWS = "#opportunity-rows tr[data-id]:not([data-held])"
PAST_UNDO_MS = 6_000
LEAST_TITLE = 170
"""Pixels: a dozen characters of Japanese."""
SETTLE_MS = 50
"""htmx ends a swap in a timer; ten of these stay far below the time to undo."""


async def test_an_approver_clears_ten_requests_by_keyboard_alone(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("approver", "/approvals", stopped_clock=True)
    await expect(page.locator(ROWS)).to_have_count(12)
    await picture(page, "inbox")
    for left in range(11, 1, -1):
        title = await page.locator(".panel-title").inner_text()
        await page.keyboard.press("a")
        await expect(page.locator(ROWS)).to_have_count(left)
        await expect(page.locator(".panel-title")).not_to_have_text(title)
        await page.clock.run_for(SETTLE_MS)
        await expect(page.locator("[data-position]")).to_have_text(f"1 / {left}")
    assert frontend.gateway.sent("PATCH", "/approve") == [], "nothing is sent while it can be undone"
    await page.clock.run_for(PAST_UNDO_MS)
    await eventually(lambda: len(frontend.gateway.sent("PATCH", "/approve")) == 10)
    assert len(frontend.gateway.waiting("approver@ringi.example")) == 2
    await expect(page.locator(".page-title .badge")).to_have_text("2")


async def test_a_key_pressed_before_any_timer_has_fired_can_be_undone(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("approver", "/approvals", stopped_clock=True)
    title = await page.locator(".panel-title").inner_text()
    await page.keyboard.press("a")
    await expect(page.locator(ROWS)).to_have_count(11)
    await expect(page.locator(".panel-title")).not_to_have_text(title)
    await expect(page.locator("[data-undo-button]")).to_be_visible()
    assert frontend.gateway.sent("PATCH", "/approve") == []


async def test_a_decision_made_before_the_remotes_script_has_come_leaves_the_list(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("approver", "/notifications", stopped_clock=True)
    late: asyncio.Future[Route] = asyncio.get_running_loop().create_future()
    await page.route("**/opportunity.*.js", lambda route: late.set_result(route))
    await page.goto("/approvals", wait_until="commit")
    script = await late
    await eventually(lambda: page.evaluate("'htmx' in window"), what="the library's script")
    await page.keyboard.press("a")
    await expect(page.locator("[data-undo-button]")).to_be_visible()
    await script.continue_()
    await expect(page.locator(ROWS)).to_have_count(11)
    await page.clock.run_for(PAST_UNDO_MS)
    await eventually(lambda: len(frontend.gateway.sent("PATCH", "/approve")) == 1)
    await expect(page.locator("tr[data-held]")).to_have_count(0)


async def test_undo_brings_the_request_back_and_nothing_is_ever_sent(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("approver", "/approvals", stopped_clock=True)
    title = await page.locator(".panel-title").inner_text()
    await page.keyboard.press("a")
    await expect(page.locator(ROWS)).to_have_count(11)
    await page.keyboard.press("z")
    await expect(page.locator(ROWS)).to_have_count(12)
    await expect(page.locator(".panel-title")).to_have_text(title)
    await page.clock.run_for(PAST_UNDO_MS)
    await expect(page.locator(".toast-item")).to_have_count(0)
    assert frontend.gateway.sent("PATCH", "/approve") == []


async def test_leaving_the_page_sends_what_was_decided(open_page: OpenPage, frontend: RunningFrontend) -> None:
    page = await open_page("approver", "/approvals", stopped_clock=True)
    await page.keyboard.press("a")
    await expect(page.locator(ROWS)).to_have_count(11)
    await page.goto("/notifications")
    await eventually(lambda: len(frontend.gateway.sent("PATCH", "/approve")) == 1)


async def test_a_lost_race_says_who_won_and_when(open_page: OpenPage, frontend: RunningFrontend, watch: Watch) -> None:
    watch.expects_failures = True
    page = await open_page("approver", "/approvals", stopped_clock=True)
    first = await page.locator(ROWS).first.get_attribute("data-id")
    frontend.gateway.decide_as("approver2", str(first), "approve")
    await page.keyboard.press("a")
    await page.clock.run_for(PAST_UNDO_MS)
    toast = page.locator(".toast-item[role=alert]")
    await expect(toast).to_contain_text("伊藤 さくら")
    await expect(toast).to_contain_text(re.compile(r"\d\d/\d\d \d\d:\d\d"))
    await expect(page.locator(ROWS)).to_have_count(11)


async def test_a_request_comes_back_when_the_service_is_down(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    page = await open_page("approver", "/approvals", stopped_clock=True)
    frontend.gateway.fail("/approve", 503)
    await page.keyboard.press("a")
    await expect(page.locator(ROWS)).to_have_count(11)
    await page.clock.run_for(PAST_UNDO_MS)
    await expect(page.locator(ROWS)).to_have_count(12)
    await expect(page.locator(".toast-item[role=alert]")).to_be_visible()


async def test_a_request_comes_back_when_the_remote_died_before_it_was_sent(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    page = await open_page("approver", "/approvals", stopped_clock=True)
    await page.keyboard.press("a")
    await expect(page.locator(ROWS)).to_have_count(11)
    frontend.remotes["opportunity"].stop()
    try:
        await page.clock.run_for(PAST_UNDO_MS)
        await expect(page.locator(ROWS)).to_have_count(12)
        await expect(page.locator(".toast-item[role=alert]")).to_contain_text("一覧に戻しました")
    finally:
        frontend.remotes["opportunity"].start()
    assert frontend.gateway.sent("PATCH", "/approve") == []


async def test_returning_asks_for_a_reason_first_and_typing_it_triggers_no_key(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("approver", "/approvals", stopped_clock=True)
    await page.keyboard.press("b")
    await expect(page.locator("#opportunity-comment")).to_be_focused()
    await page.keyboard.type("abrx jk 添付してください")
    await expect(page.locator(ROWS)).to_have_count(12)
    await page.click("button[name=decision][value=return][data-key]")
    await page.clock.run_for(PAST_UNDO_MS)
    await eventually(lambda: frontend.gateway.sent("PATCH", "/return"))
    [body] = frontend.gateway.sent("PATCH", "/return")
    assert body is not None
    assert body["comment"] == "abrx jk 添付してください"
    assert (body["revision"], body["stage"]) == (1, 1)


async def test_keys_are_left_alone_while_an_input_method_composes(open_page: OpenPage) -> None:
    page = await open_page("approver", "/approvals")
    await page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', bubbles: true, isComposing: true}))"
    )
    await page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'j', bubbles: true, isComposing: true}))"
    )
    await expect(page.locator(ROWS)).to_have_count(12)
    await expect(page.locator("[data-position]")).to_have_text("1 / 12")


async def test_j_and_k_move_and_the_address_is_a_place(open_page: OpenPage) -> None:
    page = await open_page("approver", "/approvals")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await expect(page.locator("[data-position]")).to_have_text("3 / 12")
    await expect(page).to_have_url(re.compile("selected="))
    title = await page.locator(".panel-title").inner_text()
    await page.reload()
    await expect(page.locator(".panel-title")).to_have_text(title)
    await page.keyboard.press("k")
    await expect(page.locator("[data-position]")).to_have_text("2 / 12")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"/approvals/[0-9a-f-]{36}$"))


async def test_back_returns_to_the_request_before(open_page: OpenPage) -> None:
    page = await open_page("approver", "/approvals")
    first = await page.locator(".panel-title").inner_text()
    await page.keyboard.press("j")
    await expect(page.locator(".panel-title")).not_to_have_text(first)
    await page.go_back()
    await expect(page.locator(".panel-title")).to_have_text(first)
    await expect(page.locator("nav.sidenav")).to_be_visible()


async def test_a_bulk_decision_is_answered_row_by_row_and_retries_only_what_failed(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    for item in frontend.gateway.approvals.values():
        item["flags"] = []
    page = await open_page("approver", "/approvals", stopped_clock=True)
    second = str(await page.locator(ROWS).nth(1).get_attribute("data-id"))
    frontend.gateway.fail(f"{second}/approve", 503)
    await page.keyboard.press("x")
    await page.locator(f"{ROWS} input[type=checkbox]").nth(2).click(modifiers=["Shift"])
    await expect(page.locator("#opportunity-chosen")).to_have_text("3件を選択中")
    await page.keyboard.press("Shift+a")
    await expect(page.locator(ROWS)).to_have_count(9)
    await page.clock.run_for(PAST_UNDO_MS)
    results = page.locator("#opportunity-results li")
    await expect(results).to_have_count(3)
    await expect(page.locator("#opportunity-results .tone-text-ok")).to_have_count(2)
    await expect(page.locator(f"#opportunity-row-{second}")).to_be_visible()
    frontend.gateway.mend()
    async with page.expect_navigation():
        await page.click("#opportunity-results form button")
    await eventually(lambda: len(frontend.gateway.waiting("approver@ringi.example")) == 9)
    assert len(frontend.gateway.sent("PATCH", f"{second}/approve")) == 2


async def test_new_requests_are_offered_and_do_not_slide_in(open_page: OpenPage, frontend: RunningFrontend) -> None:
    page = await open_page("approver", "/approvals")
    await expect(page.locator(ROWS)).to_have_count(12)
    await eventually(lambda: frontend.gateway.followers)
    item = next(iter(frontend.gateway.approvals.values()))
    frontend.gateway.add_waiting_copy(item, "急ぎの新しい申請")
    frontend.gateway.announce(frontend.gateway.notice_about(item, "承認をお願いします: 急ぎの新しい申請"))
    await expect(page.locator("#opportunity-fresh")).to_contain_text("新着 1件")
    await expect(page.locator(ROWS)).to_have_count(12)
    await expect(page.locator("#unread-count")).to_have_text("3")
    await expect(page.locator("#nav-count-approvals")).to_have_text("13")
    await page.click("#opportunity-fresh a")
    await expect(page.locator(ROWS)).to_have_count(13)


async def test_on_a_phone_the_actions_stay_in_reach_and_nothing_scrolls_sideways(open_page: OpenPage) -> None:
    page = await open_page("approver", "/approvals", size=PHONE)
    await expect(page.locator(".inbox-detail")).to_be_hidden()
    await page.locator(f"{ROWS} a.ttl").nth(1).click()
    await expect(page.locator(".inbox-list")).to_be_hidden()
    await expect(page.locator("button[value=approve][data-key=a]")).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.click(".panel-back")
    await expect(page.locator(".inbox-list")).to_be_visible()


@pytest.mark.parametrize("width", [1920, 1280, 1217, 1024, 1023, 800, 375])
async def test_whatever_the_window_every_column_is_whole_and_the_chosen_request_can_be_read(
    open_page: OpenPage, width: int
) -> None:
    page = await open_page("approver", "/approvals", size=(width, 800))
    await expect(page.locator(ROWS)).to_have_count(12)
    assert await page.locator(".inbox-scroll").evaluate("(list) => list.scrollWidth <= list.clientWidth")
    title = page.locator("#opportunity-rows .col-title").first
    assert await title.evaluate("(title) => title.clientWidth") >= LEAST_TITLE
    await page.locator("#opportunity-rows a.ttl").nth(1).click()
    panel = page.locator("#opportunity-detail .panel-title")
    await expect(panel).to_have_text(await page.locator("#opportunity-rows a.ttl").nth(1).inner_text())
    await expect(panel).to_be_visible()


async def test_without_javascript_a_request_is_decided_and_a_missing_reason_asked_for(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    page = await open_page("approver", "/approvals", script=False)
    await page.click(".decision button[value=return]")
    await expect(page.locator("#opportunity-reason")).to_be_visible()
    await page.fill("#opportunity-reason", "書類が不足しています")
    await page.click("form.form-grid button")
    await expect(page).to_have_url(re.compile("/approvals$"))
    assert len(frontend.gateway.sent("PATCH", "/return")) == 1
    await page.click(".decision button[value=approve]")
    await eventually(lambda: len(frontend.gateway.sent("PATCH", "/approve")) == 1)


async def test_a_filtered_list_is_a_place_that_survives_moving_deciding_and_reloading(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("approver", "/approvals", stopped_clock=True)
    await page.locator("summary", has_text="絞り込み条件").click()
    await page.get_by_label("注意事項").select_option("true")
    await page.get_by_role("button", name="絞り込み", exact=True).click()
    flagged = [item for item in frontend.gateway.waiting("approver@ringi.example") if item["flags"]]
    await expect(page.locator(ROWS)).to_have_count(len(flagged))
    assert len(flagged) > 0
    await expect(page.locator(f"{ROWS} .row-flag").first).to_be_visible()
    await page.keyboard.press("j")
    await expect(page).to_have_url(re.compile(r"flagged=true.*selected="))
    await page.reload()
    await expect(page.locator(ROWS)).to_have_count(len(flagged))
    await page.keyboard.press("a")
    await expect(page.locator(ROWS)).to_have_count(len(flagged) - 1)
    await page.clock.run_for(PAST_UNDO_MS)
    await eventually(lambda: len(frontend.gateway.sent("PATCH", "/approve")) == 1)
    await page.get_by_role("link", name="絞り込みを解除").first.click()
    await expect(page).to_have_url(re.compile(r"/approvals\?tab=mine$"))
    await expect(page.locator(ROWS)).to_have_count(11)


async def test_further_rows_join_the_list(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE_LIMIT", 5)
    page = await open_page("approver", "/approvals")
    await expect(page.locator(ROWS)).to_have_count(5)
    await page.get_by_role("link", name="さらに表示").click()
    await expect(page.locator(ROWS)).to_have_count(10)
    await expect(page.locator(".inbox-panes")).to_have_count(1)
    await page.get_by_role("link", name="さらに表示").click()
    await expect(page.locator(ROWS)).to_have_count(12)


async def test_many_at_once_stop_at_a_flagged_request_until_it_was_opened_or_ticked(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    page = await open_page("approver", "/approvals", stopped_clock=True)
    flagged = [item for item in frontend.gateway.waiting("approver@ringi.example") if item["flags"]]
    first = page.locator(f"#opportunity-row-{flagged[0]['id']}")
    await first.locator("input[type=checkbox]").check()
    await page.keyboard.press("Shift+a")
    await expect(page.locator(ROWS)).to_have_count(11)
    await page.clock.run_for(PAST_UNDO_MS)
    await expect(page.locator(ROWS)).to_have_count(12)
    await expect(page.locator(".noting small").first).to_be_visible()
    assert len(frontend.gateway.waiting("approver@ringi.example")) == 12
    await page.locator(".noting input[name=noted]").check()
    async with page.expect_navigation():
        await page.locator(".noting button").click()
    await eventually(lambda: len(frontend.gateway.waiting("approver@ringi.example")) == 11)


async def test_what_was_opened_needs_no_more_words_in_a_decision_on_many(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("approver", "/approvals", stopped_clock=True)
    flagged = [item for item in frontend.gateway.waiting("approver@ringi.example") if item["flags"]]
    row = page.locator(f"#opportunity-row-{flagged[0]['id']}")
    await row.locator("a.ttl").click()
    await expect(page.locator(".panel-title")).to_have_text(flagged[0]["title"])
    await page.clock.run_for(SETTLE_MS)
    await row.locator("input[type=checkbox]").check()
    await page.keyboard.press("Shift+a")
    await page.clock.run_for(PAST_UNDO_MS)
    await eventually(lambda: len(frontend.gateway.waiting("approver@ringi.example")) == 11)
    assert frontend.gateway.sent("PATCH", "/approve")[-1]["acknowledgedFlags"] == flagged[0]["flags"]
