"""What somebody typed is theirs: it survives undo, a lost race, a refusal, an ended session and Back."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.e2e.conftest import OpenPage, Watch, sign_in
from tests.support.frontend import RunningFrontend
from tests.support.waiting import eventually

PAST_UNDO_MS = 6_000
SETTLE_MS = 50
"""htmx ends a swap in a timer."""
COMMENT = "#opportunity-comment"
ROWS = "#opportunity-rows tr[data-id]:not([data-held])"


async def end_session(page: Page) -> None:
    """As when it has run out: the browser keeps its page and has no session any more."""
    await page.context.clear_cookies()


async def sign_in_again(page: Page, user: str) -> None:
    await expect(page.locator("#login-password")).to_be_visible()
    await page.fill("#login-email", f"{user}@ringi.example")
    await page.fill("#login-password", "ringi-demo-2026")
    await page.click("form[action='/login'] button")


async def test_a_comment_is_there_again_after_undo(open_page: OpenPage, frontend: RunningFrontend) -> None:
    page = await open_page("approver", "/approvals", stopped_clock=True)
    returned = await page.locator(ROWS).first.get_attribute("data-id")
    await page.keyboard.press("b")
    await page.keyboard.type("添付してください")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(ROWS)).to_have_count(11)
    # A stopped clock lets nothing settle that arrives after it was moved on.
    async with page.expect_response(f"**/{returned}/panel*"):
        await page.keyboard.press("z")
    await expect(page.locator(ROWS)).to_have_count(12)
    await page.clock.run_for(SETTLE_MS)
    await expect(page.locator(COMMENT)).to_have_value("添付してください")
    await page.clock.run_for(PAST_UNDO_MS)
    assert frontend.gateway.sent("PATCH", "/return") == []


async def test_a_comment_survives_a_lost_race_and_waits_on_the_requests_page(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    page = await open_page("approver", "/approvals", stopped_clock=True)
    first = str(await page.locator(ROWS).first.get_attribute("data-id"))
    await page.keyboard.press("b")
    await page.keyboard.type("根拠が足りません")
    frontend.gateway.decide_as("approver2", first, "approve")
    await page.keyboard.press("Control+Enter")
    await page.clock.run_for(PAST_UNDO_MS)
    toast = page.locator(".toast-item[role=alert]")
    await expect(toast).to_contain_text("伊藤 さくら")
    await expect(toast).to_contain_text("根拠が足りません")
    await toast.locator("a").click()
    await expect(page).to_have_url(re.compile(f"/approvals/{first}$"))
    await expect(page.locator("#opportunity-plain-comment")).to_have_value("根拠が足りません")


async def test_on_the_full_page_a_lost_race_is_told_and_the_page_follows_without_loading_again(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    item = frontend.gateway.waiting("approver@ringi.example")[0]
    page = await open_page("approver", f"/approvals/{item['id']}", stopped_clock=True)
    await page.evaluate("window.sameDocument = true")
    await page.keyboard.press("r")
    await page.keyboard.type("却下の理由")
    frontend.gateway.decide_as("approver2", item["id"], "approve")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".decision-bar")).to_be_hidden()
    await page.clock.run_for(PAST_UNDO_MS)
    await expect(page.locator(".toast-item[role=alert]")).to_contain_text("伊藤 さくら")
    await expect(page.locator(".page-title .badge")).to_contain_text("承認済")
    await page.clock.run_for(SETTLE_MS)
    await expect(page.locator(".decided")).to_contain_text("伊藤 さくら")
    await expect(page.locator(".decision-bar")).to_have_count(0)
    await expect(page.locator("#opportunity-plain-comment")).to_have_value("却下の理由")
    await expect(page.locator(".toast-item[role=alert]")).to_be_visible()
    assert await page.evaluate("window.sameDocument"), "the message would have gone with the document"


async def test_on_the_full_page_a_refused_decision_brings_its_buttons_and_its_comment_back(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    item = frontend.gateway.waiting("approver@ringi.example")[0]
    page = await open_page("approver", f"/approvals/{item['id']}", stopped_clock=True)
    frontend.gateway.fail("/return", 503)
    await page.keyboard.press("b")
    await page.keyboard.type("書類が不足")
    await page.keyboard.press("Control+Enter")
    await page.clock.run_for(PAST_UNDO_MS)
    await expect(page.locator(".toast-item[role=alert]")).to_be_visible()
    await expect(page.locator(".decision-bar")).to_be_visible()
    await expect(page.locator(COMMENT)).to_have_value("書類が不足")


async def test_the_key_that_returns_leads_to_returning_by_tab_and_never_to_approving(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("approver", "/approvals", stopped_clock=True)
    await page.keyboard.press("b")
    await page.keyboard.type("理由")
    await page.keyboard.press("Tab")
    await expect(page.locator("button[value=return][data-key=b]")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await expect(page.locator(COMMENT)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator(COMMENT)).not_to_be_focused()
    await expect(page.locator(COMMENT)).to_have_value("理由")
    await page.locator(COMMENT).focus()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".consequence")).to_contain_text("選んでください")
    assert await page.locator("[data-undo-button]").count() == 0, "no decision is made that nobody chose"


async def test_ctrl_enter_sends_a_comment_and_it_does_not_come_back(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    item = frontend.gateway.waiting("approver@ringi.example")[0]
    page = await open_page("approver", f"/approvals/{item['id']}")
    await page.locator("#opportunity-plain-comment").press_sequentially("確認中です")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".timeline").last).to_contain_text("確認中です")
    await expect(page.locator("#opportunity-plain-comment")).to_have_value("")


async def test_a_form_comes_back_with_its_page_after_signing_in_again(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    page = await open_page("rep", "/approvals/new")
    await page.locator("#opportunity-customer").press_sequentially("山田")
    await page.click("label.choice")
    await page.select_option("#opportunity-kind", "OTHER")
    await page.fill("#opportunity-title", "長い時間をかけて書いた申請")
    await page.fill("#opportunity-description", "一行目\n二行目")
    address = page.url
    await page.route("**/-/preview", lambda route: route.abort())  # it would lead to the sign-in page first
    await end_session(page)
    await page.evaluate("document.querySelector('#opportunity-form button[value=submit]').click()")
    await sign_in_again(page, "rep")
    await expect(page).to_have_url(address)
    await expect(page.locator("#opportunity-title")).to_have_value("長い時間をかけて書いた申請")
    await expect(page.locator("#opportunity-description")).to_have_value("一行目\n二行目")
    await expect(page.locator("[data-draft-note]")).to_be_visible()
    await page.click("button[value=submit]")
    await expect(page.locator("h1")).to_have_text("長い時間をかけて書いた申請")
    sent = [body for body in frontend.gateway.sent("POST", "/approvals") if body and "draft" in body]
    assert [body["customerId"] for body in sent if body] == [frontend.gateway.customer_id("株式会社山田製作所")]


async def test_a_decision_sent_after_the_session_had_ended_keeps_its_comment(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    item = frontend.gateway.waiting("approver@ringi.example")[0]
    page = await open_page("approver", f"/approvals/{item['id']}", stopped_clock=True)
    await page.keyboard.press("b")
    await page.keyboard.type("差戻しの理由")
    await end_session(page)
    await page.keyboard.press("Control+Enter")
    await page.clock.run_for(PAST_UNDO_MS)
    await sign_in_again(page, "approver")
    await expect(page).to_have_url(re.compile(f"/approvals/{item['id']}$"))
    await expect(page.locator(COMMENT)).to_have_value("差戻しの理由")
    assert frontend.gateway.sent("PATCH", "/return") == []


async def test_a_form_of_an_earlier_sign_in_is_refused_in_words_and_leads_back_to_its_text(
    open_page: OpenPage, watch: Watch
) -> None:
    watch.expects_failures = True
    page = await open_page("rep", "/approvals/new")
    await page.fill("#opportunity-title", "前のサインインの申請")
    await end_session(page)
    other = await page.context.new_page()
    await sign_in(other, "rep")
    await page.click("button[value=draft]")
    await expect(page.locator("h1")).to_have_text("保存されていません")
    await page.click(".empty-actions a")
    await expect(page.locator("#opportunity-title")).to_have_value("前のサインインの申請")
    await page.click("button[value=draft]")
    await expect(page.locator("h1")).to_have_text("前のサインインの申請")


async def test_nobody_else_sees_what_was_typed_in_this_tab(open_page: OpenPage, watch: Watch) -> None:
    watch.expects_failures = True
    page = await open_page("rep", "/approvals/new")
    await page.fill("#opportunity-title", "佐藤の下書き")
    address = page.url
    await end_session(page)
    await sign_in(page, "manager")
    await page.goto(address)
    await expect(page.locator("#opportunity-title")).to_have_value("")
    assert await page.evaluate("Object.keys(sessionStorage).filter((key) => key.includes('draft')).length") == 0


async def test_register_back_register_makes_no_twin(open_page: OpenPage, frontend: RunningFrontend) -> None:
    page = await open_page("rep", "/approvals/new")
    await page.fill("#opportunity-title", "一度だけの申請")
    await page.click("button[value=draft]")
    await expect(page.locator("h1")).to_have_text("一度だけの申請")
    await page.go_back()
    await page.fill("#opportunity-title", "一度だけの申請")
    await page.click("button[value=draft]")
    await expect(page.locator("h1")).to_have_text("一度だけの申請")
    assert [item["title"] for item in frontend.gateway.approvals.values()].count("一度だけの申請") == 1


async def test_typing_survives_back_and_cancel_drops_it(open_page: OpenPage) -> None:
    page = await open_page("rep", "/approvals/new")
    address = page.url
    await page.fill("#opportunity-title", "途中")
    await page.goto("/notifications")
    await page.go_back()
    await expect(page.locator("#opportunity-title")).to_have_value("途中")
    await page.click(".form-actions a")
    await page.goto(address)
    await expect(page.locator("#opportunity-title")).to_have_value("")


async def test_an_open_page_says_who_decided_and_takes_its_buttons_away(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    item = frontend.gateway.waiting("approver@ringi.example")[0]
    page = await open_page("approver", f"/approvals/{item['id']}")
    await eventually(lambda: frontend.gateway.followers)
    await page.locator("#opportunity-comment").press_sequentially("書きかけ")
    frontend.gateway.decide_as("approver2", item["id"], "reject")
    frontend.gateway.close_notices(item)
    await expect(page.locator(".decided")).to_contain_text("伊藤 さくら")
    await expect(page.locator(".decision-bar")).to_have_count(0)
    await expect(page.locator("#opportunity-plain-comment")).to_have_value("書きかけ")


async def test_an_open_list_marks_what_others_decided_where_it_stands(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("approver", "/approvals")
    await eventually(lambda: frontend.gateway.followers)
    first = str(await page.locator(ROWS).first.get_attribute("data-id"))
    frontend.gateway.decide_as("approver2", first, "reject")
    frontend.gateway.close_notices(frontend.gateway.approvals[first])
    await expect(page.locator(f"#opportunity-row-{first}[data-over]")).to_contain_text("対応不要")
    await expect(page.locator("#opportunity-detail .decided")).to_contain_text("伊藤 さくら")
    await expect(page.locator("#opportunity-detail .decision button[value=approve]")).to_have_count(0)
    await expect(page.locator(ROWS)).to_have_count(12)


async def test_a_request_that_was_being_written_comes_back_after_its_tab_was_closed(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("rep", "/approvals/new")
    await page.fill("#opportunity-title", "書きかけの申請")
    await page.fill("#opportunity-description", "理由は長い")
    key = await page.locator("input[name=idempotency_key]").first.input_value()
    other = await page.context.new_page()
    await other.goto("/approvals/new")
    await expect(other.locator("#opportunity-title")).to_have_value("")
    await page.close()
    await other.goto("/approvals/new")
    await expect(other.locator("#opportunity-description")).to_have_value("理由は長い")
    await expect(other.locator("[data-draft-note]")).to_be_visible()
    assert await other.locator("#opportunity-form input[name=idempotency_key]").input_value() == key
    await other.click("button[value=draft]")
    await expect(other.locator("h1")).to_have_text("書きかけの申請")
    await other.goto("/approvals/new")
    await expect(other.locator("#opportunity-title")).to_have_value("")
    assert await other.evaluate(KEPT_COUNT) == 0


KEPT_COUNT = "Object.keys(localStorage).filter((name) => name.startsWith('ringi-kept:')).length"


async def test_what_was_being_written_is_gone_for_others_and_after_signing_out(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("rep", "/approvals/new")
    await page.fill("#opportunity-title", "わたしの申請")
    assert await page.evaluate(KEPT_COUNT) == 1
    second = await page.context.new_page()
    await page.close()
    await end_session(second)
    await second.goto("/login")
    assert await second.evaluate(KEPT_COUNT) == 1, "a session that ended takes nothing away"
    await sign_in(second, "manager")
    await second.goto("/approvals/new")
    await expect(second.locator("#opportunity-title")).to_have_value("")
    assert await second.evaluate(KEPT_COUNT) == 0
    await second.fill("#opportunity-title", "課長の申請")
    await second.evaluate("document.querySelector(\"form[action='/logout']\").requestSubmit()")
    await expect(second.locator("#login-password")).to_be_visible()
    assert await second.evaluate(KEPT_COUNT) == 0


async def test_what_is_typed_while_a_panel_takes_the_place_of_another_goes_on_where_it_was(open_page: OpenPage) -> None:
    page = await open_page("approver", "/approvals")
    await page.locator("#opportunity-comment").press_sequentially("二割ほ")
    await page.evaluate(
        """() => {
            const form = document.getElementById("opportunity-comment").form;
            const other = form.cloneNode(true);
            other.elements.comment.value = "";
            form.replaceWith(other);
            other.elements.comment.focus();
        }"""
    )
    await page.keyboard.type("ど高いと思います")
    await expect(page.locator("#opportunity-comment")).to_have_value("二割ほど高いと思います")
