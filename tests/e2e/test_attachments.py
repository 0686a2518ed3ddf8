"""Files of a request in a real browser: attached by its requester, looked at and saved by whoever decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.axe import grave_faults
from tests.e2e.conftest import OpenPage, Watch
from tests.support.files import PDF, png

PICTURE = png(120, 80)


async def new_draft(page: Page, title: str) -> None:
    await page.select_option("#opportunity-kind", "OTHER")
    await page.fill("#opportunity-title", title)
    await page.fill("#opportunity-amount", "2,500,000")
    await page.click("button[value=draft]")
    await expect(page.locator("h1")).to_have_text(title)


async def attach(page: Page, name: str, media_type: str, content: bytes) -> None:
    await page.set_input_files("#opportunity-file", {"name": name, "mimeType": media_type, "buffer": content})
    await page.click("#opportunity-files button:has-text('添付する')")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
async def test_what_a_requester_attaches_is_what_the_approver_sees_and_saves(open_page: OpenPage, script: bool) -> None:
    page = await open_page("rep", "/approvals/new", script=script)
    await new_draft(page, f"添付のある申請 {script}")
    await attach(page, "見積書（山田様）.pdf", "application/pdf", PDF)
    await expect(page.locator(".file")).to_have_count(1)
    await attach(page, "図面.png", "image/png", PICTURE)
    await expect(page.locator(".file")).to_have_count(2)
    await page.click("button[value=submit]")
    await expect(page.locator(".page-title .badge")).to_contain_text("承認待ち")
    await expect(page.locator("#opportunity-file")).to_have_count(0)
    address = page.url.split("#")[0]

    approver = await open_page("manager", address[address.index("/approvals") :], script=script)
    await expect(approver.locator(".file a[download]")).to_have_text(["見積書（山田様）.pdf", "図面.png"])
    preview = approver.locator("img.file-preview")
    await preview.scroll_into_view_if_needed()
    await expect(preview).to_have_js_property("naturalWidth", 120)
    for name, content in (("見積書（山田様）.pdf", PDF), ("図面.png", PICTURE)):
        async with approver.expect_download() as saving:
            await approver.click(f".file a[download]:has-text('{name}')")
        download = await saving.value
        assert download.suggested_filename == name
        assert Path(await download.path()).read_bytes() == content  # noqa: ASYNC240 - small, and the test waits for it
    await approver.goto(address[: address.index("/approvals")] + "/approvals")
    row = approver.locator("tr", has_text=f"添付のある申請 {script}")
    await expect(row.locator(".file-count")).to_contain_text("2")
    await row.locator("a.ttl").click()
    await expect(approver.locator("#opportunity-detail .file")).to_have_count(2)


async def test_what_is_refused_is_said_beside_the_form_and_a_file_is_removed_again(
    open_page: OpenPage, watch: Watch
) -> None:
    watch.expects_failures = True
    page = await open_page("rep", "/approvals/new")
    await new_draft(page, "差し替えのある申請")
    await attach(page, "絵.svg", "image/svg+xml", b"<svg/>")
    await expect(page.locator("#opportunity-files")).to_contain_text("添付できるのは")
    await expect(page.locator(".file")).to_have_count(0)
    await attach(page, "見積書.pdf", "application/pdf", PDF)
    await page.click("text=編集")
    await expect(page.locator("h1")).to_have_text("申請の編集")
    await attach(page, "図面.png", "image/png", PICTURE)
    await expect(page.locator("h1")).to_have_text("申請の編集")
    await page.click("#opportunity-files button[aria-label='見積書.pdf を削除']")
    await expect(page.locator(".file a[download]")).to_have_text(["図面.png"])


@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_the_form_and_the_list_of_files_have_no_grave_faults(open_page: OpenPage, locale: str) -> None:
    for theme in ("light", "dark"):
        page = await open_page("rep", "/approvals/new", locale=locale, theme=theme)
        await page.fill("#opportunity-title", "添付")
        await page.click("button[value=draft]")
        await page.set_input_files("#opportunity-file", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": PDF})
        await page.click("#opportunity-files form button.btn[data-size=sm]")
        await page.set_input_files("#opportunity-file", {"name": "a.png", "mimeType": "image/png", "buffer": PICTURE})
        await page.click("#opportunity-files form button.btn[data-size=sm]")
        await expect(page.locator(".file")).to_have_count(2)
        assert await grave_faults(page) == []
        for width in (1440, 375):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
