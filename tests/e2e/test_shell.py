"""Session, composition, live updates and looks of the shell in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Request, Route, expect

from tests.e2e.conftest import DESK, PHONE, OpenPage, Watch, sign_in
from tests.support.fake_gateway import PASSWORD, TOTP_CODE
from tests.support.frontend import RunningFrontend
from tests.support.waiting import eventually

FIRST_LOAD_LIMIT = 60 * 1024


async def test_signing_in_leads_back_to_the_page_that_was_asked_for(open_page: OpenPage) -> None:
    page = await open_page(None, "/processes?status=RUNNING")
    await expect(page).to_have_url(re.compile("/login"))
    await page.fill("#login-email", "ops@ringi.example")
    await page.fill("#login-password", "wrong password")
    watch_status = page.locator("[role=alert]")
    await page.fill("#login-password", "ringi-demo-2026")
    await page.click("form[action='/login'] button")
    await expect(page).to_have_url(re.compile(r"/processes\?status=RUNNING"))
    await expect(watch_status).to_have_count(0)
    [cookie] = [cookie for cookie in await page.context.cookies() if "ringi" in cookie["name"]]
    assert cookie["name"] == "__Host-ringi"
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"


async def test_a_wrong_password_is_said_and_a_second_factor_asked_for(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    frontend.gateway.totp_users.add("approver@ringi.example")
    page = await open_page(None, "/login")
    await sign_in(page, "approver", "not the password")
    await expect(page.locator("[role=alert]")).to_contain_text("正しくありません")
    await sign_in(page, "approver")
    await page.fill("#login-totp", "000000")
    await page.click("form[action='/login'] button")
    await expect(page.locator("[role=alert]")).to_be_visible()
    await page.fill("#login-totp", TOTP_CODE)
    await page.click("form[action='/login'] button")
    await expect(page).to_have_url(re.compile("/approvals"))


async def test_the_way_to_the_page_that_was_asked_for_survives_another_language_and_a_new_start(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    frontend.gateway.totp_users.add("ops@ringi.example")
    page = await open_page(None, "/processes?status=RUNNING")
    async with page.expect_navigation():
        await page.click("form[action='/preferences/locale'] button")
    await expect(page.locator("h1")).to_have_text("Sign in to Ringi CRM")
    await expect(page.locator("#login-email")).to_be_focused()
    await page.keyboard.type("ops@ringi.example")
    await page.fill("#login-password", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#login-totp")).to_be_focused()
    await page.click("text=Start again")
    await page.fill("#login-email", "ops@ringi.example")
    await page.fill("#login-password", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#login-totp")).to_be_focused()
    await page.keyboard.type(TOTP_CODE)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"/processes\?status=RUNNING"))


async def test_a_killed_remote_leaves_the_rest_working_and_comes_back(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    page = await open_page("manager", "/processes")
    frontend.remotes["opportunity"].stop()
    try:
        await page.goto("/approvals")
        await expect(page.locator("[data-remote-down] .problem-card")).to_be_visible()
        await expect(page.locator(".request-id code")).not_to_be_empty()
        await page.goto("/processes")
        await expect(page.locator("h1")).to_have_text("処理の進捗")

        async def is_marked() -> bool:
            await page.reload()
            return await page.locator("a[href='/approvals'] .nav-down").count() == 1

        await eventually(is_marked)
    finally:
        frontend.remotes["opportunity"].start()

    async def is_back() -> bool:
        await page.goto("/approvals")
        return await page.locator(".inbox").count() == 1 and await page.locator(".nav-down").count() == 0

    await eventually(is_back)


async def test_a_restart_of_the_shell_signs_nobody_out(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    page = await open_page("approver", "/approvals")
    assert frontend.shell is not None
    frontend.restart_shell()
    await page.goto("/notifications")
    await expect(page.locator("h1")).to_have_text("通知")


async def test_an_expired_access_token_is_renewed_once_for_many_requests(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    frontend.gateway.token_seconds = 30  # less than the shell wants left: every request would renew
    page = await open_page("approver", "/notifications")
    frontend.gateway.token_seconds = 900
    before = frontend.gateway.refreshes
    statuses = await page.evaluate(
        "Promise.all([...Array(8)].map(() => fetch('/processes').then((answer) => answer.url)))"
    )
    assert all("/login" not in url for url in statuses)
    assert frontend.gateway.refreshes - before <= 1


async def test_a_process_in_the_list_says_whom_it_is_about_and_who_started_it(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    by_status = {process["status"]: process["id"] for process in frontend.gateway.processes.values()}
    for size in (DESK, PHONE):
        page = await open_page("manager", "/processes", size=size)
        running, ended = (
            page.locator(f"tr:has(a[href='/processes/{by_status[s]}'])") for s in ("RUNNING", "COMPLETED")
        )
        for row in (running, ended):
            await expect(row.get_by_text("株式会社山田製作所")).to_be_visible()
            await expect(row.get_by_text("開始者: 加藤 健一").filter(visible=True)).to_have_count(1)
        await expect(running).to_contain_text("商談・タスクの非表示")
        await expect(ended).not_to_contain_text(by_status["COMPLETED"])
        await ended.get_by_role("link").click()
        names = page.locator("#shell-process-names")
        await expect(names).to_contain_text("株式会社山田製作所")
        await expect(names).to_contain_text("開始者: 加藤 健一")


async def test_the_page_of_a_process_does_without_names_that_cannot_be_read(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    process = next(item for item in frontend.gateway.processes.values() if item["status"] == "RUNNING")
    frontend.gateway.fail("resourceId=")
    page = await open_page("manager", f"/processes/{process['id']}")
    await expect(page.locator("#shell-process progress").first).to_have_attribute("value", "420")
    await expect(page.locator("#shell-process-names")).to_have_count(0)


async def test_a_process_without_a_name_shows_its_step_or_its_id(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("ops", "/processes")
    for process in frontend.gateway.processes.values():
        row = page.locator(f"tr:has(a[href='/processes/{process['id']}'])")
        await expect(row).to_contain_text("商談・タスクの非表示" if process["status"] == "RUNNING" else process["id"])
        await expect(row).not_to_contain_text("開始者")


async def test_progress_moves_by_itself_and_stops_at_the_end(open_page: OpenPage, frontend: RunningFrontend) -> None:
    process = next(item for item in frontend.gateway.processes.values() if item["status"] == "RUNNING")
    page = await open_page("ops", f"/processes/{process['id']}")
    bar = page.locator("#shell-process progress").first
    await expect(bar).to_have_attribute("value", "420")
    process["progress"] = {"done": 900, "total": 1002}
    await expect(bar).to_have_attribute("value", "900")
    process["status"] = "COMPLETED"
    await expect(page.locator("#shell-process")).not_to_have_attribute("hx-get", re.compile("."))
    await expect(page.locator("#shell-process .badge").first).to_contain_text("完了")


async def test_progress_that_cannot_be_read_stays_as_it_was_and_goes_on_when_it_can(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    process = next(item for item in frontend.gateway.processes.values() if item["status"] == "RUNNING")
    page = await open_page("ops", f"/processes/{process['id']}")
    note, bar = page.locator("#shell-process-note"), page.locator("#shell-process progress").first
    frontend.gateway.fail("/sagas/")
    await expect(note).to_contain_text("自動的に再試行")
    await expect(bar).to_have_attribute("value", "420")
    await expect(page.locator("h1")).to_have_count(1)
    process["progress"] = {"done": 900, "total": 1002}
    frontend.gateway.mend()
    await expect(bar).to_have_attribute("value", "900")
    await expect(note).to_be_empty()


async def test_a_process_says_in_words_why_it_is_where_it_is(open_page: OpenPage, frontend: RunningFrontend) -> None:
    stuck = next(item for item in frontend.gateway.processes.values() if item["status"] == "NEEDS_ATTENTION")
    stuck["detail"], stuck["steps"][2]["detail"] = "standstill", "undoing"
    stuck["steps"][2]["status"] = "RUNNING"
    page = await open_page("manager", f"/processes/{stuck['id']}")
    shown = page.locator("#shell-process")
    await expect(shown).to_contain_text("しばらく進んでいません")
    await expect(shown).to_contain_text("運用担当者に通知済み")
    await expect(shown.locator("[aria-current=step]")).to_contain_text("取り消し中")
    stuck |= {"status": "COMPENSATED", "detail": "customer_deleted"}
    await expect(shown).to_contain_text("理由コード: customer_deleted")
    await expect(shown.locator("[aria-current=step]")).to_have_count(0)
    await expect(shown).not_to_contain_text(re.compile("standstill|undoing"))


async def test_ops_retries_and_a_refused_undo_says_why(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    process = next(item for item in frontend.gateway.processes.values() if item["status"] == "NEEDS_ATTENTION")
    # No timer fires, so that the page still offers what the process has gone past meanwhile.
    page = await open_page("ops", f"/processes/{process['id']}", stopped_clock=True)
    process["steps"][3]["status"] = "DONE"
    await expect(page.locator("button[value=compensate]")).to_be_hidden()
    await page.click("button[popovertarget=shell-undo]")
    await page.click("button[value=compensate]")
    await expect(page.locator("[role=alert]")).to_contain_text("取り消せません")
    await expect(page.locator("#shell-process")).to_contain_text("元には戻せません")
    await expect(page.locator("button[value=compensate]")).to_have_count(0)
    await page.click("button[value=retry]")
    await expect(page.locator("#shell-process .badge").first).to_contain_text("実行中")


async def test_an_undo_that_was_accepted_is_shown_though_its_answer_was_lost(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    process = next(item for item in frontend.gateway.processes.values() if item["status"] == "RUNNING")
    page = await open_page("ops", f"/processes/{process['id']}", stopped_clock=True)
    frontend.gateway.fail("/compensate", 504)
    await page.click("button[popovertarget=shell-undo]")
    await page.click("button[value=compensate]")
    await expect(page.locator("[role=alert]")).to_contain_text("応答がありませんでした")
    await expect(page.locator("#shell-process .badge").first).to_contain_text("実行中")
    process["detail"] = "compensation_requested"
    await page.click("button[popovertarget=shell-undo]")
    await page.click("button[value=compensate]")
    await expect(page.locator("#shell-process")).to_contain_text("元に戻すよう指示")
    await expect(page.locator("[role=alert]")).to_have_count(0)


async def test_the_palette_finds_pages_and_records(open_page: OpenPage) -> None:
    page = await open_page("manager", "/processes")
    await page.keyboard.press("Control+k")
    await expect(page.locator("#palette-list [role=option]").first).to_be_visible()
    await page.keyboard.type("山田")
    await expect(page.locator("#palette-list")).to_contain_text("株式会社山田製作所")
    await page.keyboard.press("Escape")
    await expect(page.locator("#palette")).to_be_hidden()
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()


async def test_keys_work_at_once_after_the_palette_closes(open_page: OpenPage) -> None:
    """Until the next frame the focus is still in the palette's hidden field; within one task there is no frame."""
    page = await open_page("manager", "/processes")
    await page.keyboard.press("Control+k")
    await expect(page.locator("#palette-list [aria-selected=true]")).to_be_visible()
    await page.evaluate("""() => {
        const press = (key) =>
            document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        document.getElementById("palette").close();
        press("Enter");
        press("?");
    }""")
    await expect(page.locator("#keys")).to_be_visible()
    await expect(page).to_have_url(re.compile("/processes$"))


async def test_the_palette_is_filled_before_any_timer_has_fired(open_page: OpenPage) -> None:
    page = await open_page("manager", "/processes", stopped_clock=True)
    await page.keyboard.press("Control+k")
    await expect(page.locator("#palette-list [role=option]").first).to_be_visible()


async def test_a_page_opens_one_live_connection(open_page: OpenPage) -> None:
    page = await open_page("manager", "/notifications", stopped_clock=True)
    opened: list[Request] = []
    held: list[Route] = []

    def is_of_the_new_page(request: Request) -> bool:
        """The page before may open its own only now: it waits for the lock that all tabs share."""
        return request.url.endswith("/live") and request.frame.url.endswith("/processes")

    async def hold_the_first(route: Route) -> None:
        if is_of_the_new_page(route.request) and not held:
            held.append(route)
        else:
            await route.continue_()

    page.on("request", lambda request: opened.append(request) if is_of_the_new_page(request) else None)
    await page.route("**/live", hold_the_first)
    await page.goto("/processes")
    await eventually(lambda: held, what="the page's connection to /live")
    await page.clock.run_for(1_000)  # the second initialisation by htmx's own timer, while the first has no answer yet
    async with page.expect_response("**/live"):
        await held[0].continue_()
    await page.keyboard.press("Control+k")
    await expect(page.locator("#palette-list [role=option]").first).to_be_visible()
    assert len(opened) == 1


async def test_theme_and_language_are_right_at_the_first_paint_and_stay(open_page: OpenPage) -> None:
    page = await open_page("manager", "/processes", theme="dark")
    assert await page.evaluate("document.documentElement.classList.contains('dark')")
    for theme in ("dark", "light"):
        async with page.expect_navigation():
            await page.click("#display-open")
            await page.click(f"#display-theme button[value={theme}]")
    assert not await page.evaluate("document.documentElement.classList.contains('dark')")
    await page.click("details.account summary")
    await page.click("form[action='/preferences/locale'] button")
    await expect(page.locator("h1")).to_have_text("Processes")
    assert await page.get_attribute("html", "lang") == "en"


async def test_signing_out_ends_the_session(open_page: OpenPage) -> None:
    page = await open_page("manager", "/processes")
    await page.click("details.account summary")
    async with page.expect_navigation():
        await page.click("form[action='/logout'] button")
    await page.goto("/processes")
    await expect(page).to_have_url(re.compile("/login"))


@pytest.mark.parametrize("path", ["/approvals", "/processes"])
async def test_the_first_load_is_light(open_page: OpenPage, path: str) -> None:
    page = await open_page("approver" if path == "/approvals" else "ops", "/notifications")
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    kinds: dict[str, str] = {}
    sizes: dict[str, float] = {}
    session.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    await page.goto(path)
    await page.wait_for_load_state("load")
    loaded = sum(size for request, size in sizes.items() if kinds.get(request) in {"Document", "Stylesheet", "Script"})
    assert 0 < loaded <= FIRST_LOAD_LIMIT
