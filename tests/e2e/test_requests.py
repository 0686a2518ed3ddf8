"""Writing a request, and its page, in a real browser."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.e2e.axe import grave_faults
from tests.e2e.conftest import OpenPage, Watch
from tests.support.frontend import RunningFrontend


async def test_the_route_follows_the_form_and_a_request_is_submitted(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("rep", "/approvals/new")
    await expect(page.locator("#opportunity-route")).to_contain_text("加藤 健一")
    await page.locator("#opportunity-customer").press_sequentially("山田")
    await page.click("label.choice")
    await page.select_option("#opportunity-kind", "OTHER")
    await page.fill("#opportunity-amount", "2,500,000")
    await page.fill("#opportunity-title", "手数料の特別適用")
    await expect(page.locator("#opportunity-route")).to_contain_text("最終承認")
    await page.click("button[value=submit]")
    await expect(page.locator("h1")).to_have_text("手数料の特別適用")
    [body] = [sent for sent in frontend.gateway.sent("POST", "/approvals") if sent and "draft" in sent]
    assert body["amount"] == 2_500_000
    assert body["draft"] is False


async def test_without_javascript_a_customer_is_found_and_a_draft_saved_and_submitted(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    page = await open_page("rep", "/approvals/new", script=False)
    await page.select_option("#opportunity-kind", "OTHER")
    await page.fill("#opportunity-title", "下書きの申請")
    await page.fill("#opportunity-customer", "山田")
    await page.click("button[value=find]")
    await page.check("input[name=customer]")
    await page.click("button[value=draft]")
    await expect(page.locator("h1")).to_have_text("下書きの申請")
    await page.click("button[value=submit]")
    await expect(page.locator(".page-title .badge")).to_contain_text("承認待ち")


async def test_what_the_server_refuses_is_shown_at_the_field_and_the_text_is_kept(
    open_page: OpenPage, watch: Watch
) -> None:
    watch.expects_failures = True
    page = await open_page("rep", "/approvals/new")
    await page.fill("#opportunity-title", "大きすぎる申請")
    await page.fill("#opportunity-amount", "9999999999999999")
    await page.click("button[value=submit]")
    await expect(page.locator("#opportunity-amount-error")).to_have_text(re.compile("金額が大きすぎます"))
    await expect(page.locator("#opportunity-title")).to_have_value("大きすぎる申請")


async def test_somebody_elses_change_is_not_overwritten(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    item = next(item for item in frontend.gateway.approvals.values() if item["state"] == "RETURNED")
    page = await open_page("rep", f"/approvals/{item['id']}/edit")
    item |= {"version": item["version"] + 1, "title": "ほかの人の件名", "amount": 4_000_000}
    await page.fill("#opportunity-title", "新しい件名")
    await page.click("button[value=save]")
    await expect(page.locator("[role=alert]")).to_contain_text("ほかの人が")
    await expect(page.locator("#opportunity-title")).to_have_value("新しい件名")
    assert item["title"] != "新しい件名"
    differing = page.locator(".outrun tbody tr")
    await expect(differing).to_have_count(1)
    await expect(differing).to_contain_text(item["title"])
    await expect(differing).to_contain_text("新しい件名")
    assert await grave_faults(page) == []
    await page.click("button[value=save]")
    await expect(page.locator("h1")).to_have_text("新しい件名")
    assert item["amount"] == 4_000_000, "what only the other one changed stays"


async def test_a_returned_request_is_revised_and_submitted_again(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    item = next(item for item in frontend.gateway.approvals.values() if item["state"] == "RETURNED")
    page = await open_page("rep", f"/approvals/{item['id']}")
    await expect(page.locator(".hash").first).to_be_visible()
    await page.click(".page-action a")
    await page.fill("#opportunity-description", "確認書を添付しました。")
    await page.click("button[value=resubmit]")
    await expect(page.locator(".page-title .badge")).to_contain_text("承認待ち")
    assert (item["state"], item["revision"]) == ("PENDING", 2)


async def test_a_request_is_passed_on_with_a_reason(open_page: OpenPage, frontend: RunningFrontend) -> None:
    item = frontend.gateway.waiting("approver@ringi.example")[0]
    page = await open_page("approver", f"/approvals/{item['id']}")
    await page.click("details summary:has-text('振り替え')")
    await page.select_option("#opportunity-to", label="加藤 健一")
    await page.fill("#opportunity-reassign-reason", "休暇のため")
    await page.click("button[value=reassign]")
    await expect(page.locator(".timeline")).to_contain_text("振り替えました")
    assert item not in frontend.gateway.waiting("approver@ringi.example")


async def test_an_auditor_reads_a_request_and_is_offered_only_to_hold_its_files(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    item = frontend.gateway.waiting("approver@ringi.example")[0]
    page = await open_page("auditor", f"/approvals/{item['id']}")
    await expect(page.locator(".timeline").first).to_be_visible()
    offered = await page.locator("main form button").all()
    assert [await button.get_attribute("value") for button in offered] == ["legal_hold"]


async def test_hostile_text_is_shown_as_text(open_page: OpenPage, frontend: RunningFrontend) -> None:
    item = frontend.gateway.waiting("approver@ringi.example")[0]
    hostile = '<img src=x onerror=alert(1)><script>alert(2)</script>’"＜script＞'
    item |= {"title": hostile, "description": hostile, "customerName": hostile}
    page = await open_page("approver", "/approvals")
    await expect(page.locator(".panel-title")).to_have_text(hostile)
    assert await page.locator("#page img, #page script").count() == 0


async def test_an_approval_is_taken_back_on_the_page_of_the_request_by_keyboard(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    approval = frontend.gateway.waiting("approver@ringi.example")[0]
    page = await open_page("manager", f"/approvals/{approval['id']}")
    field = page.locator("#opportunity-take-back-comment")
    await field.focus()
    await page.keyboard.type("金額を見直します")
    await page.keyboard.press("Tab")
    await expect(page.locator("button[value=take_back]")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".timeline")).to_contain_text("承認を取り戻しました")
    await expect(page.locator(".timeline")).to_contain_text("金額を見直します")
    await expect(field).to_have_count(0)
    [sent] = frontend.gateway.sent("PATCH", "/take-back")
    assert sent == {"comment": "金額を見直します"}


async def test_an_approver_has_somebody_asked_before_themselves(open_page: OpenPage, frontend: RunningFrontend) -> None:
    approval = frontend.gateway.waiting("approver@ringi.example")[0]
    page = await open_page("approver", f"/approvals/{approval['id']}")
    await page.locator("summary", has_text="ほかの人にも承認を求める").click()
    await page.get_by_label("承認を求める人").select_option(label="加藤 健一")
    await page.locator("#opportunity-added-comment").fill("税務の確認")
    await page.click("button[value=add_approver]")
    await expect(page.locator(".route li[aria-current=step]")).to_contain_text("追加承認")
    await expect(page.locator(".timeline")).to_contain_text("承認者を追加しました")
    [sent] = frontend.gateway.sent("PATCH", "/add-approver")
    assert sent is not None
    assert (sent["before"], sent["comment"]) == (True, "税務の確認")


async def test_a_template_is_kept_named_used_and_deleted(open_page: OpenPage, frontend: RunningFrontend) -> None:
    request = next(item for item in frontend.gateway.approvals.values() if item["requesterName"] == "佐藤 美咲")
    page = await open_page("rep", f"/approvals/{request['id']}")
    await page.click("summary:has-text('テンプレートとして保存')")
    await page.fill("#opportunity-template-name", "四半期の減額")
    await page.click("button[value=keep]")
    await expect(page.locator(".template-head")).to_have_text("四半期の減額")
    await page.click("summary:has-text('名前の変更')")
    await page.fill(".template-list input[name=name]", "月次の減額")
    await page.click("button[value=rename]")
    await expect(page.locator(".template-head")).to_have_text("月次の減額")
    await page.click(".template-list a.btn")
    await expect(page.locator("#opportunity-title")).to_have_value(request["title"])
    await expect(page.locator("input[name=customer]:checked, input[name=customer][type=hidden]")).to_have_count(0)
    await page.click("a[href='/approvals/templates']")
    await page.click("summary:has-text('名前の変更')")
    await page.click("button[value=delete]")
    await expect(page.locator("#page")).to_contain_text("テンプレートはまだありません")
