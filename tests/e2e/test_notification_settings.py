"""Notification settings and the administrator's page of mail in a real browser: by keyboard, without scripts, on a
telephone."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import DESK, PHONE, OpenPage
from tests.e2e.pictures import picture
from tests.support.frontend import RunningFrontend


@pytest.mark.parametrize(("size", "script"), [(DESK, True), (PHONE, True), (DESK, False)])
async def test_somebody_asks_for_one_mail_a_day(
    open_page: OpenPage, frontend: RunningFrontend, size: tuple[int, int], script: bool
) -> None:
    page = await open_page("rep", "/notifications", size=size, script=script)
    await page.click(".page-action a[href='/notification-settings']")
    await expect(page.locator("h1")).to_have_text("通知設定")
    await page.get_by_label("タスクの期限を過ぎたとき: メール").check()
    await page.get_by_label("タスクが割り当てられたとき: 画面").uncheck()
    await page.select_option("#analytics-timing", label="1日1回まとめて")
    await page.fill("#analytics-digest-at", "17:30")
    await page.click(".form-actions button")
    await expect(page.get_by_role("status").filter(has_text="保存しました")).to_be_visible()
    [sent] = frontend.gateway.sent("PUT", "/notifications/preferences")
    assert sent is not None
    assert sent["items"] == [
        {"type": "TASK_OVERDUE", "inApp": True, "mail": True},
        {"type": "TASK_ASSIGNED", "inApp": False},
    ]
    assert (sent["mail"]["timing"], sent["mail"]["digestAt"]) == ("DIGEST", "17:30")
    await expect(page.locator("#analytics-timing option:checked")).to_have_text("1日1回まとめて")


async def test_the_settings_are_reached_and_changed_by_keyboard_alone(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("approver", "/notification-settings")
    box = page.get_by_label("申請が決裁されたとき: メール")
    await page.get_by_label("申請が決裁されたとき: 画面").focus()
    await page.keyboard.press("Tab")
    await expect(box).to_be_focused()
    await page.keyboard.press("Space")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("status").filter(has_text="保存しました")).to_be_visible()
    assert len(frontend.gateway.sent("PUT", "/notifications/preferences")) == 1
    await picture(page, "notification-settings")


async def test_an_administrator_sees_whose_address_takes_no_mail_and_has_it_tried_again(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("admin", "/approvals")
    await page.click("nav a[href='/mail']")
    await expect(page.locator("h1")).to_have_text("メール通知")
    await picture(page, "mail")
    await page.get_by_role("button", name="送信を再開").click()
    await expect(page.locator("#page")).to_contain_text("ありません。")
    assert frontend.gateway.mail_administration["failing"] == []
    await page.get_by_label("タスクが割り当てられたとき").check()
    await page.locator("#admin-mail-defaults button").click()
    await expect(page.get_by_role("status").filter(has_text="保存しました")).to_be_visible()
    assert frontend.gateway.sent("PUT", "/notifications/mail") == [
        {"defaults": [{"type": "TASK_ASSIGNED", "mail": True}]}
    ]
