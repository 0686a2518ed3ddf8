"""意見照会 in a real browser: one asks, another answers, the first decides."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.axe import grave_faults
from tests.e2e.conftest import OpenPage
from tests.e2e.pictures import picture
from tests.support.frontend import RunningFrontend


async def test_an_approver_asks_somebody_answers_and_the_approver_decides(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    approval = frontend.gateway.waiting("approver@ringi.example")[0]
    page = await open_page("approver", f"/approvals/{approval['id']}")
    await page.locator("summary", has_text="意見を照会する").click()
    await page.get_by_label("照会先").select_option(label="鈴木 一郎")
    await page.locator("#opportunity-question").press_sequentially("類似の前例はありますか")
    await page.keyboard.press("Control+Enter")
    awaited = page.locator(".opinion-awaited")
    await expect(awaited).to_contain_text("鈴木 一郎さんに意見を照会しています。回答があるまで決裁できません。")
    await expect(page.locator("button[value=approve]")).to_have_count(0)
    await expect(page.locator("button[value=return]")).to_be_visible()
    await expect(page.locator(".facts").first).to_contain_text("停止中")
    assert await grave_faults(page) == []

    asked = await open_page("rep2", "/approvals?tab=opinions")
    await expect(asked.locator(".opinion-awaited")).to_contain_text("類似の前例はありますか")
    await asked.locator("#opportunity-opinion").press_sequentially("昨年度に2件ございます")
    await picture(asked, "opinion")
    await asked.keyboard.press("Control+Enter")
    await expect(asked.locator(".timeline")).to_contain_text("意見を回答しました")
    [sent] = frontend.gateway.sent("PATCH", "/give-opinion")
    assert sent == {"opinion": "昨年度に2件ございます"}
    await asked.goto("/approvals?tab=opinions")
    await expect(asked.locator("#opportunity-empty")).to_contain_text("意見を求められている申請はありません")

    await page.goto(f"/approvals/{approval['id']}")
    await expect(awaited).to_have_count(0)
    await expect(page.locator(".timeline")).to_contain_text("昨年度に2件ございます")
    await page.locator("button[value=approve]").click()
    await expect(page.locator("#opportunity-rows, .page-title .badge").first).to_be_visible()


async def test_without_javascript_a_question_is_withdrawn_and_one_is_declined(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    approval = frontend.gateway.waiting("approver@ringi.example")[0]
    page = await open_page("approver", f"/approvals/{approval['id']}", script=False)
    for action in ("withdraw", "decline"):
        await page.locator("summary", has_text="意見を照会する").click()
        await page.get_by_label("照会先").select_option(label="鈴木 一郎")
        await page.fill("#opportunity-question", "前例は")
        await page.click("button[value=ask_opinion]")
        await expect(page.locator(".opinion-awaited")).to_have_count(1)
        if action == "withdraw":
            await page.click("button[value=withdraw_opinion]")
            await expect(page.locator(".opinion-awaited")).to_have_count(0)
    asked = await open_page("rep2", f"/approvals/{approval['id']}", script=False)
    await asked.fill("#opportunity-opinion", "担当外です")
    await asked.click("button[value=decline_opinion]")
    await expect(asked.locator(".timeline")).to_contain_text("意見の回答を辞退しました")
    assert frontend.gateway.sent("PATCH", "/decline-opinion") == [{"reason": "担当外です"}]
