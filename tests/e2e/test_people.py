"""The administrator's people and departments in a real browser, with and without scripts and on a telephone."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import DESK, PHONE, OpenPage
from tests.support import fake_records as records
from tests.support.frontend import RunningFrontend


@pytest.mark.parametrize(("size", "script"), [(DESK, True), (PHONE, False)])
async def test_a_department_gets_a_head_and_somebody_whose_requests_go_there(
    open_page: OpenPage, frontend: RunningFrontend, size: tuple[int, int], script: bool
) -> None:
    page = await open_page("admin", "/organization", size=size, script=script)
    await page.click("a[href='/organization/new']")
    await page.fill("#admin-name", "ソリューション営業部")
    await page.select_option("#admin-parent", label="営業本部")
    await page.select_option("#admin-head", label="高橋 直樹")
    await page.get_by_role("button", name="追加").click()
    await expect(page.locator(".org")).to_contain_text("ソリューション営業部")
    rep = records.uuid_of("rep")
    await page.goto(f"/people/{rep}/edit")
    await page.select_option("#admin-department", label="ソリューション営業部")
    await page.get_by_role("button", name="保存").last.click()
    await expect(page.locator(".facts").first).to_contain_text("ソリューション営業部")
    route = next(iter(frontend.gateway.versions))
    await page.goto(f"/routes/{route}/edit")
    await page.locator("#opportunity-stage-0").get_by_label("申請者の部門長").first.check()
    await page.select_option("#opportunity-try-requester", label="佐藤 美咲")
    await page.select_option("#opportunity-s0_addHead", label="第一営業部の長")
    await page.locator("button[value='try']").click()
    await expect(page.locator("#opportunity-trial")).to_contain_text("高橋 直樹")
    await expect(page.locator("#opportunity-form")).to_contain_text("第一営業部の長")
