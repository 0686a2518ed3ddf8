"""What a kind asks for, from the form to what the approver is told has changed, in a real browser."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.e2e.axe import grave_faults
from tests.e2e.conftest import DESK, PHONE, OpenPage, Watch
from tests.e2e.pictures import picture
from tests.support.frontend import RunningFrontend

PROPOSAL = "#opportunity-PRODUCT_PROPOSAL-"
CHANGES = ".changes-table tbody tr"


async def fits(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


async def fill_in_proposal(page: Page) -> None:
    await page.select_option("#opportunity-kind", label="商品提案")
    await page.select_option(f"{PROPOSAL}product", label="投資信託")
    await page.fill(f"{PROPOSAL}productName", "グローバル債券ファンド")
    await page.select_option(f"{PROPOSAL}riskClass", label="3 バランス型")
    await page.select_option(f"{PROPOSAL}complexProduct", label="いいえ")
    await page.fill(f"{PROPOSAL}purchaseFeeRate", "２．２％")
    await page.fill("#opportunity-title", "グローバル債券ファンドのご提案")
    await page.fill("#opportunity-description", "分散のためのご提案です。購入時手数料は 2.2% です。")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
async def test_a_proposal_is_filled_in_returned_changed_and_compared(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch, size: tuple[int, int]
) -> None:
    watch.expects_failures = True
    page = await open_page("rep", "/approvals/new", size=size)
    await fill_in_proposal(page)
    assert await fits(page)
    assert await grave_faults(page) == []
    if size == DESK:
        await picture(page, "request-kind")
    await page.click("button[value=submit]")
    await expect(page.locator(f"{PROPOSAL}plannedOn-error")).to_contain_text("申請するには入力が必要です")
    await expect(page.locator(f"{PROPOSAL}productName")).to_have_value("グローバル債券ファンド")
    await page.fill(f"{PROPOSAL}plannedOn", "2026-12-10")
    await page.click("button[value=submit]")
    await expect(page.locator(".kind-table")).to_contain_text("購入時手数料率")
    [item] = [item for item in frontend.gateway.approvals.values() if item["kind"] == "PRODUCT_PROPOSAL"]
    assert item["fields"] == {
        "product": "FUNDS",
        "productName": "グローバル債券ファンド",
        "riskClass": "BALANCED",
        "complexProduct": False,
        "purchaseFeeRate": "2.2",
        "plannedOn": "2026-12-10",
    }
    frontend.gateway.decide_as("manager", item["id"], "return")

    await page.goto(f"/approvals/{item['id']}/edit")
    await page.fill(f"{PROPOSAL}purchaseFeeRate", "1.1")
    await page.fill("#opportunity-description", "分散のためのご提案です。購入時手数料は 1.1% に引き下げます。")
    await page.click("button[value=resubmit]")
    await expect(page.locator(".page-title .badge")).to_contain_text("承認待ち")

    approver = await open_page("manager", f"/approvals?selected={item['id']}", size=size)
    await expect(approver.locator(".changes")).to_contain_text("あなたが第1版を決裁した後の変更点")
    await expect(approver.locator(CHANGES)).to_have_text(["購入時手数料率2.2%1.1%"])
    await expect(approver.locator(".changes-text del").first).to_have_text("2.2%")
    await expect(approver.locator(".changes-text ins").first).to_have_text("1.1%")
    assert await fits(approver)
    assert await grave_faults(approver) == []
    if size == DESK:
        await picture(approver, "what-changed")
    await approver.goto(f"/approvals/{item['id']}?since=1")
    await expect(approver.locator(".changes")).to_contain_text("第1版")
    await expect(approver.locator(".changes-earlier a[aria-current]")).to_have_text("第1版")
    assert await fits(approver)


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
async def test_another_kind_swaps_the_inputs_and_keeps_what_was_typed(
    open_page: OpenPage, frontend: RunningFrontend, script: bool
) -> None:
    page = await open_page("rep", "/approvals/new", script=script)
    visible = page.locator(".kind-fields:visible")
    await expect(visible).to_have_attribute("data-kind", "FEE_DISCOUNT")
    await page.fill("#opportunity-FEE_DISCOUNT-feeRateBefore", "1.65")
    await page.select_option("#opportunity-kind", "ACCOUNT_CHANGE")
    await expect(visible).to_have_attribute("data-kind", "ACCOUNT_CHANGE")
    line = page.locator("#opportunity-ACCOUNT_CHANGE-creditLineAfter")
    await expect(line).to_be_hidden()
    await page.select_option("#opportunity-ACCOUNT_CHANGE-change", "CREDIT_LINE")
    await line.fill("500万円")
    await page.select_option("#opportunity-kind", "OTHER")
    await expect(visible).to_have_count(0)
    await page.select_option("#opportunity-kind", "FEE_DISCOUNT")
    await expect(page.locator("#opportunity-FEE_DISCOUNT-feeRateBefore")).to_have_value("1.65")
    await page.select_option("#opportunity-kind", "ACCOUNT_CHANGE")
    await page.fill("#opportunity-title", "与信枠の変更")
    await page.click("button[value=draft]")
    await expect(page.locator(".kind-table")).to_contain_text("— → ¥5,000,000")
    [body] = [sent for sent in frontend.gateway.sent("POST", "/approvals") if sent and "draft" in sent]
    assert body["fields"] == {"change": "CREDIT_LINE", "creditLineAfter": 5_000_000}
