"""Webhooks in a real browser: registered, looked after and deleted, with and without scripts and on a telephone."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import DESK, PHONE, OpenPage, Watch
from tests.e2e.pictures import picture
from tests.support.fake_webhooks import SECRET, URL
from tests.support.frontend import RunningFrontend


@pytest.mark.parametrize(("size", "script"), [(DESK, True), (PHONE, True), (DESK, False)])
async def test_a_webhook_is_registered_and_its_secret_is_shown_once(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch, size: tuple[int, int], script: bool
) -> None:
    watch.expects_failures = True  # the first URL is refused
    page = await open_page("admin", "/webhooks", size=size, script=script)
    await page.click("a[href='/webhooks/new']")
    await page.fill("#admin-url", "https://10.0.0.1/hook")
    await page.get_by_label("却下").check()
    await page.click(".form-actions button")
    await expect(page.locator("#page")).to_contain_text("社内のアドレスには送信できません")
    await page.fill("#admin-url", "https://hooks.firm.example/new")
    await expect(page.get_by_label("却下")).to_be_checked()
    await page.click(".form-actions button")
    await expect(page.locator("#admin-secret")).to_have_text(SECRET)
    await page.get_by_role("link", name="保管しました").click()
    await expect(page.locator("#page")).to_contain_text("https://hooks.firm.example/new")
    await expect(page.locator("#page")).not_to_contain_text("whsec_")
    sent = frontend.gateway.sent("POST", "/webhooks")[-1]
    assert sent is not None
    assert (sent["eventTypes"], sent["active"]) == (["approval.rejected"], True)


async def test_what_failed_is_seen_and_sent_again(open_page: OpenPage, frontend: RunningFrontend) -> None:
    page = await open_page("admin", "/webhooks")
    await picture(page, "webhooks")
    await page.click(".row-link")
    await expect(page.locator("h1")).to_have_text("Webhook")
    await picture(page, "webhook")
    await page.get_by_role("link", name="送信断念").click()
    await expect(page.locator(".mail-failing")).to_have_count(1)
    await expect(page.locator(".mail-failing")).to_contain_text("HTTP 503")
    await page.get_by_role("button", name="再送信").click()
    await expect(page.get_by_role("status").filter(has_text="再送信します")).to_be_visible()
    assert [item["state"] for item in frontend.gateway.deliveries] == ["DELIVERED", "WAITING"]
    await page.get_by_role("button", name="テスト送信").click()
    await expect(page.locator(".mail-failing").first).to_contain_text("テスト")


async def test_one_that_was_switched_off_says_why_and_is_switched_on_again(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    [webhook] = frontend.gateway.webhooks.values()
    webhook |= {"active": False, "disabledReason": "failing"}
    page = await open_page("admin", f"/webhooks/{webhook['id']}")
    await expect(page.get_by_role("alert")).to_contain_text("一度も送信に成功しませんでした")
    await page.keyboard.press("e")
    await page.get_by_label("有効にする").check()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("status").filter(has_text="保存しました")).to_be_visible()
    [sent] = frontend.gateway.sent("PUT", "/webhooks/")
    assert sent is not None
    assert (sent["url"], sent["active"]) == (URL, True)


async def test_a_secret_is_replaced_and_a_webhook_deleted_after_a_question(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    [webhook] = frontend.gateway.webhooks.values()
    page = await open_page("admin", f"/webhooks/{webhook['id']}")
    await page.click("[popovertarget=admin-ask-secret]")
    await page.locator("#admin-ask-secret button").click()
    await expect(page.locator("#admin-secret")).to_contain_text("whsec_")
    await page.goto(f"/webhooks/{webhook['id']}")
    await page.click("[popovertarget=admin-ask-delete]")
    await page.locator("#admin-ask-delete button").click()
    await expect(page.locator("#page")).to_contain_text("Webhook はまだ登録されていません")
    assert frontend.gateway.webhooks == {}
