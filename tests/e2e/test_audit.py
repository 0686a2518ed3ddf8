"""The auditor's way through the audit log in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import PHONE, OpenPage, Watch, sign_in
from tests.e2e.pictures import picture
from tests.support.frontend import RunningFrontend


async def test_an_auditor_lands_on_the_log_finds_an_entry_takes_a_file_and_has_the_log_verified(
    open_page: OpenPage, frontend: RunningFrontend, tmp_path: Path
) -> None:
    page = await open_page(None, "/login")
    await sign_in(page, "auditor")
    await expect(page).to_have_url(re.compile("/audit$"))
    await expect(page.locator("#admin-rows tr")).to_have_count(4)
    await picture(page, "audit-log")

    await page.get_by_label("操作者").first.select_option(label="山田 管理")
    await expect(page.locator("#admin-rows tr")).to_have_count(1)
    await page.fill("input[name=from]", "2026-11-27")
    await page.fill("input[name=until]", "2026-11-27")
    await expect(page).to_have_url(re.compile("from=2026-11-27&until=2026-11-27"))
    await expect(page.locator("#admin-rows tr")).to_have_count(1)

    async with page.expect_download() as download:
        await page.click("text=CSVで出力")
    await (await download.value).save_as(tmp_path / "log.csv")
    lines = (tmp_path / "log.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "日時（UTC）,操作,記録のID"
    assert [line.split(",")[1] for line in lines[1:]] == ["user.updated"]

    await page.click("text=ユーザーを変更 >> visible=true")
    await expect(page.locator("h1")).to_have_text("ユーザーを変更")
    await expect(page.locator(".diff ins").first).to_have_text("マネージャー, 担当者")
    await expect(page.get_by_text("ab" * 32)).to_be_visible()
    await page.go_back()
    await expect(page.get_by_label("操作者").first).to_have_value(re.compile("."))

    await page.click("text=今すぐ検証")
    await expect(page.locator("#admin-verified progress")).to_be_visible()
    await expect(page.locator("#admin-verified button")).to_be_visible()
    await expect(page.locator("#admin-verified")).to_contain_text("まで検証済み")
    assert len(frontend.gateway.sent("POST", "audit-verification")) == 1


async def test_a_broken_log_is_an_alert(open_page: OpenPage, frontend: RunningFrontend) -> None:
    frontend.gateway.broken_audit()
    page = await open_page("auditor", "/audit")
    await expect(page.get_by_role("alert")).to_contain_text("監査ログに不整合があります")
    await expect(page.locator(".findings")).to_contain_text("封印後に記録が変更されています")


async def test_the_log_works_by_keyboard(open_page: OpenPage) -> None:
    page = await open_page("auditor", "/audit")
    await page.focus("#admin-record")
    await page.keyboard.press("Tab")
    await expect(page.locator("select[name=actor]")).to_be_focused()
    await page.focus(".audit-more summary")
    await page.keyboard.press("Enter")
    await page.focus("input[name=action][value='approval.approve']")
    await page.keyboard.press("Space")
    await expect(page.locator("#admin-rows tr")).to_have_count(1)
    await page.focus("#admin-rows .row-link")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("申請を承認")


@pytest.mark.parametrize("size", [PHONE, (1440, 900)])
async def test_without_a_script_it_filters_and_verifies(
    open_page: OpenPage, frontend: RunningFrontend, size: tuple[int, int]
) -> None:
    page = await open_page("auditor", "/audit", script=False, size=size)
    await page.select_option("select[name=actor]", label="山田 管理")
    await page.click("#admin-filter noscript button, #admin-filter > button")
    await expect(page.locator("#admin-rows tr")).to_have_count(1)
    await page.click("#admin-verified button")
    await expect(page.locator("#admin-verified progress")).to_be_visible()
    await page.click("#admin-verified a")
    await expect(page.locator("#admin-verified button")).to_be_visible()


async def test_who_may_not_read_it_is_told_so_and_not_offered_it(open_page: OpenPage, watch: Watch) -> None:
    watch.expects_failures = True
    page = await open_page("manager", "/audit")
    await expect(page.locator("h1")).to_be_visible()
    await expect(page.locator("#admin-rows")).to_have_count(0)
    await expect(page.locator("nav a[href='/audit']")).to_have_count(0)


async def test_the_review_of_access_names_who_gave_what(open_page: OpenPage, tmp_path: Path) -> None:
    page: Page = await open_page("admin", "/access-review")
    await page.select_option("select[name=role]", "auditor")
    row = page.locator("#admin-account-rows tr")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("付与者：山田 管理")
    async with page.expect_download() as download:
        await page.click("text=CSVで出力")
    await (await download.value).save_as(tmp_path / "review.csv")
    assert (tmp_path / "review.csv").read_text(encoding="utf-8-sig").startswith("ユーザー（ID）,氏名")
