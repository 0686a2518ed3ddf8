"""An administrator sets what counts for all requests, and a requester and an approver meet it, in a real browser."""

from __future__ import annotations

from datetime import timedelta

from playwright.async_api import Page, expect

from frontend.ui.time_zone import office_now
from tests.e2e.axe import grave_faults
from tests.e2e.conftest import OpenPage, Watch
from tests.e2e.pictures import picture
from tests.support.frontend import RunningFrontend


async def _fill_by_keyboard(page: Page, selector: str, typed: str) -> None:
    await page.locator(selector).focus()
    await page.keyboard.type(typed)


async def test_a_rate_is_corrected_and_a_request_in_dollars_is_compared_by_it(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True  # a value is refused
    page = await open_page("admin", "/firm/rates")
    await expect(page.get_by_text("期限切れの為替レートがあります")).to_be_visible()
    await _fill_by_keyboard(page, "#opportunity-rate-yen", "1500")
    await page.keyboard.press("Enter")
    await expect(page.locator("#opportunity-rate-yen-error")).to_contain_text("大きく異なります")
    await page.fill("#opportunity-rate-yen", "152.50")
    await page.locator("#opportunity-rate-yen").press("Enter")
    corrected = page.locator("tr", has_text="訂正済み")
    await expect(corrected).to_contain_text("¥150.00")
    await expect(page.locator("tr", has_text="本日適用中")).to_contain_text("¥152.50")
    assert await grave_faults(page) == []
    await picture(page, "rates")
    rep = await open_page("rep", "/approvals/new")
    await rep.select_option("#opportunity-kind", "OTHER")
    await rep.select_option("#opportunity-currency", "USD")
    await rep.fill("#opportunity-amount", "12,000.505")
    await rep.fill("#opportunity-title", "外貨建て商品の手数料")
    await rep.get_by_role("button", name="申請する", exact=True).click()
    await expect(rep.locator("#opportunity-amount-error")).to_contain_text("小数点以下 2 桁まで")
    await expect(rep.locator("#opportunity-amount")).to_have_value("12,000.505")
    await rep.fill("#opportunity-amount", "１２，０００．５０")
    await rep.locator("#opportunity-amount").press("Tab")
    await expect(rep.locator("#opportunity-route")).to_contain_text("≈ ¥1,830,077")
    await expect(rep.locator("#opportunity-route")).to_contain_text("1 USD = ¥152.50")
    await rep.get_by_role("button", name="申請する", exact=True).click()
    await expect(rep.locator(".facts").first).to_contain_text("USD 12,000.50")
    await expect(rep.locator(".facts").first).to_contain_text("≈ ¥1,830,077")
    [sent] = [
        body for body in frontend.gateway.sent("POST", "/approvals") if body and "title" in body and "draft" in body
    ]
    assert (sent["amount"], sent["currency"]) == ("12000.5", "USD")


async def test_a_currency_without_a_rate_says_that_it_takes_the_strictest_route(open_page: OpenPage) -> None:
    page = await open_page("rep", "/approvals/new")
    await page.fill("#opportunity-amount", "100")
    await page.select_option("#opportunity-currency", "EUR")
    await expect(page.locator("#opportunity-route")).to_contain_text("EUR の有効なレートがないため")


async def test_the_firm_closes_and_opens_days_and_confirms_a_year(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True  # a value is refused
    next_year = office_now().year + 1
    frontend.gateway.confirmed_years = {office_now().year}
    page = await open_page("admin", f"/firm/calendar?year={next_year}")
    await page.fill("#opportunity-first-day", f"{next_year}-06-15")
    await page.fill("#opportunity-last-day", f"{next_year}-06-16")
    await _fill_by_keyboard(page, "#opportunity-day-name", "創立記念日")
    await page.keyboard.press("Enter")
    for day in (15, 16):
        mark = page.locator(f'time[datetime="{next_year}-06-{day}"]')
        await expect(mark).to_have_class("day-mark firm-closed")
        await expect(mark).to_contain_text("休業：創立記念日")
    await page.get_by_role("button", name=f"{next_year}年の祝日を確認済みにする").click()
    await expect(page.get_by_text("確認済み", exact=True)).to_be_visible()
    assert await grave_faults(page) == []
    await picture(page, "calendar")
    await page.get_by_role("button", name="06/16").click()
    await expect(page.locator(f'time[datetime="{next_year}-06-16"]')).not_to_have_class("day-mark firm-closed")
    yesterday = (office_now().date() - timedelta(days=1)).isoformat()
    await page.locator("#opportunity-first-day").evaluate(
        "(field, day) => { field.min = ''; field.value = day }", yesterday
    )
    await page.fill("#opportunity-day-name", "台風")
    await page.locator("#opportunity-day-name").press("Enter")
    await expect(page.get_by_text("過去の日は変更できません")).to_be_visible()


async def test_a_calendar_that_runs_out_is_told_above_routes_too(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    frontend.gateway.confirmed_years = set()
    page = await open_page("admin", "/routes")
    await expect(page.get_by_text("営業日カレンダーの確認が必要です")).to_be_visible()
    await page.get_by_role("link", name="営業日カレンダー", exact=True).click()
    await expect(page.get_by_text("今年の祝日がまだ確認されていません")).to_be_visible()


async def test_the_limit_that_is_set_stands_in_the_form_of_files_at_once(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True  # a value is refused
    page = await open_page("admin", "/firm/limits")
    await page.fill("#opportunity-size", "30")
    await page.locator("#opportunity-size").press("Enter")
    await expect(page.locator("#opportunity-size-error")).to_contain_text("サーバーの上限を超えています")
    await page.fill("#opportunity-size", "2.5")
    await page.fill("#opportunity-count", "3")
    await page.locator("#opportunity-count").press("Enter")
    await expect(page.get_by_text("設定者：")).to_be_visible()
    await expect(page.locator("#opportunity-size")).to_have_value("2.5")
    assert await grave_faults(page) == []
    rep = await open_page("rep", "/approvals/new")
    await rep.fill("#opportunity-title", "添付のある申請")
    await rep.get_by_role("button", name="下書き", exact=False).click()
    await expect(rep.locator("#opportunity-file-hint")).to_contain_text("2.5 MB")
    assert frontend.gateway.limits["attachmentMaxBytes"] == 2_621_440
