"""Legal holds and deleted files in a real browser: held, listed, released; and a file that went by rule says so."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.axe import grave_faults
from tests.e2e.conftest import OpenPage, RunningFrontend
from tests.support.files import PDF

REASON = "取引先との訴訟に備えて保全する"


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
async def test_what_an_administrator_holds_is_listed_and_released_and_a_deleted_file_says_by_which_rule(
    open_page: OpenPage, frontend: RunningFrontend, script: bool
) -> None:
    gateway = frontend.gateway
    item = next(item for item in gateway.approvals.values() if item["state"] == "APPROVED")
    file = gateway.files.add(item, gateway.users[item["requesterId"]], "見積書.pdf", PDF)
    assert isinstance(file, dict)
    address = f"/approvals/{item['id']}"
    page = await open_page("admin", address, script=script)
    await page.get_by_text("訴訟ホールドに設定する").click()
    await page.fill("#opportunity-hold-reason", REASON)
    await page.get_by_role("button", name="ホールドに設定", exact=True).click()
    await expect(page.locator(".alert", has_text="訴訟ホールド中")).to_contain_text(REASON)
    if script:  # what looks for faults is one
        assert await grave_faults(page) == []
    rep = await open_page("rep", address, script=script)
    await expect(rep.locator(".alert", has_text="訴訟ホールド中")).not_to_contain_text(REASON)

    await page.goto("/firm/limits")
    await page.get_by_role("link", name="ホールド中の申請 1 件").click()
    await expect(page.locator("tbody tr")).to_contain_text(REASON)
    if script:
        assert await grave_faults(page) == []
    await page.get_by_role("link", name=item["title"]).click()
    await page.get_by_text("訴訟ホールドを解除する").click()
    await page.fill("#opportunity-release-reason", "和解が成立した")
    await page.get_by_role("button", name="ホールドを解除", exact=True).click()
    await expect(page.locator(".alert", has_text="訴訟ホールド中")).to_have_count(0)
    assert gateway.holds == []

    gateway.purge(item, file)
    auditor = await open_page("auditor", address, script=script)
    await expect(auditor.locator(".file")).to_contain_text("保存期間の規則（申請の終了から10年）により")
    await expect(auditor.locator(".file a[download]")).to_have_count(0)
    await expect(auditor.locator(".timeline")).to_contain_text("保存期間を過ぎたため、ファイルが削除されました")
    if script:
        assert await grave_faults(auditor) == []
