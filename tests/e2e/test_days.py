"""The days of a request on the real system: talked over, submitted, asked about, returned, decided, and traced."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Page, expect

from tests.deploy.test_audit_command import ringi_audit_verify
from tests.e2e.conftest import SYSTEM_PATIENCE_MS, OpenPage, Watch
from tests.e2e.office import plan_absence
from tests.support.files import PDF

TITLE = "店舗改装工事の発注"
STUCK = "取引報告書の再発行"
ROW = f"#opportunity-rows tr[data-id]:not([data-held]):has-text('{TITLE}')"


async def test_a_request_from_its_draft_to_the_auditors_desk(desk: OpenPage, watch: Watch, tmp_path: Path) -> None:
    watch.expects_failures = True  # somebody loses a race
    absent = await desk("approver")
    await plan_absence(absent, proxy="加藤 浩二")

    rep = await desk("rep", "/approvals/new")
    address = await _drafts_and_attaches(rep)
    await _consults(rep, await desk("rep2"))
    await rep.click("button[value=submit]")
    await expect(rep.locator(".page-title .badge")).to_contain_text("承認待ち")

    manager = await desk("manager", address)
    await _asks_for_an_opinion(manager, await desk("approver2"), address)
    await _returns_by_keyboard(manager)
    await rep.goto(f"{address}/edit")
    await rep.fill("#opportunity-amount", "25,000,000")
    await rep.click("button[value=resubmit]")
    await expect(rep.locator(".page-title .badge")).to_contain_text("承認待ち")
    await _sees_what_changed_and_approves_by_keyboard(manager)

    proxy = await desk("manager", address)
    await expect(proxy.locator(".stand-in-note")).to_contain_text("高橋 直樹さんの代理として決裁します")
    await proxy.fill("#opportunity-comment", "代理として確認しました")
    await _decides_in_the_inbox(await desk("approver2", f"/approvals?q={TITLE}"), "a")
    await proxy.click("button[name=decision][value=approve]")
    await expect(proxy.locator("#page, #toasts").filter(has_text="伊藤 さくら").first).to_be_visible()
    await expect(proxy.locator("textarea").filter(visible=True).first).to_have_value("代理として確認しました")

    await _traced(await desk("auditor", address), tmp_path)


async def test_a_superior_takes_over_what_is_stuck_below_them(desk: OpenPage, watch: Watch, tmp_path: Path) -> None:
    watch.expects_failures = True  # a route is refused first
    admin = await desk("admin", "/routes/new")
    await _lets_superiors_step_in(admin)
    rep = await desk("rep", "/approvals/new")
    await rep.select_option("#opportunity-kind", "OTHER")
    await rep.fill("#opportunity-title", STUCK)
    await rep.locator("#opportunity-title").press("Tab")
    route = rep.locator("#opportunity-route", has_text="上長が引上げ承認できる")
    await expect(route).to_contain_text("清水 陽子", timeout=SYSTEM_PATIENCE_MS)
    await rep.click("button[value=submit]")
    await expect(rep.locator(".page-title .badge")).to_contain_text("承認待ち")
    address = re.sub(r"[?#].*", "", rep.url)

    superior = await desk("manager2", "/approvals")
    await superior.get_by_role("link", name="部下の滞留").click()
    row = superior.locator(f"#opportunity-rows tr[data-id]:not([data-held]):has-text('{STUCK}')")
    await expect(row).to_contain_text("清水 陽子さんの承認待ち")
    facts = superior.locator("#opportunity-detail")
    await expect(facts).to_contain_text("清水 陽子の上長")
    await expect(facts.locator(".stand-in-note")).to_contain_text("清水 陽子さんに代わって引上げ承認します")
    sending = lambda answer: answer.request.method == "POST" and answer.url.endswith("/decide")  # noqa: E731
    async with superior.expect_response(sending) as answered:
        await superior.keyboard.press("a")
        await expect(superior.locator("#opportunity-comment")).to_be_focused()
        await superior.keyboard.type("担当者が出張中のため、私が確認しました")
        await superior.keyboard.press("Control+Enter")
        await expect(row).to_have_count(0)
    assert (await answered.value).status == 200

    approver = await desk("shimizu", "/notifications")
    told = approver.locator("#page", has_text="松本 由美さんが引上げ承認で判断しました")
    await expect(told).to_contain_text(STUCK, timeout=SYSTEM_PATIENCE_MS)
    await approver.goto(address)
    await expect(approver.locator(".timeline")).to_contain_text("松本 由美（清水 陽子に代わり引上げ）")
    await expect(approver.locator(".timeline")).to_contain_text("担当者が出張中のため、私が確認しました")
    await expect(approver.locator(".decision-bar")).to_have_count(0)

    auditor = await desk("auditor", f"{address}/dossier")
    await expect(auditor.locator("#page")).to_contain_text("松本 由美（清水 陽子に代わり引上げ）")
    await expect(auditor.locator("#page")).to_contain_text("上長として（引上げ承認）")
    await _verified(auditor, tmp_path, "担当者が出張中のため、私が確認しました", "SUPERIOR", "stepIn")


async def _lets_superiors_step_in(admin: Page) -> None:
    await admin.fill("#opportunity-name", "滞りを上長が引き取るルート")
    await admin.select_option("#opportunity-kind", "OTHER")
    await admin.fill("#opportunity-priority", "900")
    await admin.fill("#opportunity-s0_name", "課内承認")
    await admin.select_option("#opportunity-s0_add", label="清水 陽子")
    await admin.select_option("#opportunity-s0_stepIn", "WHEN_LATE")
    await admin.click(".form-actions button[value=save]")
    await expect(admin.locator("#opportunity-stage-0 .field-error")).to_contain_text("期限のない段階")
    await admin.select_option("#opportunity-s0_stepIn", "ALWAYS")
    await admin.click(".form-actions button[value=save]")
    await expect(admin.locator(".route")).to_contain_text("上長が引上げ承認できる")


async def _drafts_and_attaches(rep: Page) -> str:
    """The address of the draft. Its preview tells of the absence before anything is submitted."""
    await rep.select_option("#opportunity-kind", "OTHER")
    await rep.fill("#opportunity-title", TITLE)
    await rep.fill("#opportunity-amount", "30,000,000")
    await rep.locator("#opportunity-amount").press("Tab")
    away = rep.locator("#opportunity-route", has_text="まで不在（代理：加藤 浩二）")
    await expect(away).to_be_visible(timeout=SYSTEM_PATIENCE_MS)
    await rep.click("button[value=draft]")
    await expect(rep.locator("h1")).to_have_text(TITLE)
    await rep.set_input_files("#opportunity-file", {"name": "見積書.pdf", "mimeType": "application/pdf", "buffer": PDF})
    await rep.click("#opportunity-files button:has-text('添付する')")
    await expect(rep.locator(".file a[download]")).to_have_text(["見積書.pdf"])
    return re.sub(r"[?#].*", "", rep.url)


async def _consults(rep: Page, colleague: Page) -> None:
    await rep.select_option("#opportunity-consult", label="鈴木 一郎")
    await rep.fill("#opportunity-consult-comment", "金額はこれでよいでしょうか")
    await rep.click("button[value=consult]")
    await expect(rep.locator("#opportunity-consulted li")).to_contain_text("未対応")
    await colleague.goto("/circulation?tab=consult")
    await colleague.click(f".row-link:has-text('{TITLE}')")
    await colleague.check("input[name=verdict][value=CONCERNED]")
    await colleague.fill("#opportunity-advice", "相見積もりも添えてください")
    await colleague.click("#opportunity-advise button")
    await expect(colleague.locator("#opportunity-consulted")).to_contain_text("相見積もりも添えてください")
    await rep.reload()
    await expect(rep.locator("#opportunity-consulted .badge")).to_have_text("懸念あり")


async def _asks_for_an_opinion(manager: Page, adviser: Page, address: str) -> None:
    await expect(manager.locator("#opportunity-consulted")).to_contain_text("相見積もりも添えてください")
    await manager.locator("summary", has_text="意見を照会する").click()
    await manager.get_by_label("照会先").select_option(label="伊藤 さくら")
    await manager.locator("#opportunity-question").press_sequentially("相場としてどうでしょうか")
    await manager.keyboard.press("Control+Enter")
    await expect(manager.locator(".opinion-awaited")).to_contain_text("回答があるまで決裁できません")
    await adviser.goto("/approvals?tab=opinions")
    await adviser.click(f"a.ttl:has-text('{TITLE}')")
    await expect(adviser.locator(".opinion-awaited")).to_contain_text("相場としてどうでしょうか")
    await adviser.locator("#opportunity-opinion").press_sequentially("二割ほど高いと思います")
    await adviser.keyboard.press("Control+Enter")
    await expect(adviser.locator(".timeline")).to_contain_text("二割ほど高いと思います")
    await manager.goto(address)
    await expect(manager.locator(".timeline")).to_contain_text("二割ほど高いと思います")


async def _returns_by_keyboard(manager: Page) -> None:
    await manager.goto(f"/approvals?q={TITLE}")
    await _decides_in_the_inbox(manager, "b", "金額を見直してください")


async def _sees_what_changed_and_approves_by_keyboard(manager: Page) -> None:
    await manager.goto(f"/approvals?q={TITLE}")
    changed = manager.locator("#opportunity-detail")
    await expect(changed).to_contain_text("変更点")
    await expect(changed).to_contain_text("25,000,000")
    await _decides_in_the_inbox(manager, "a")


async def _decides_in_the_inbox(page: Page, key: str, why: str = "") -> None:
    """By keyboard alone; the time to undo passes."""
    await expect(page.locator(ROW)).to_have_count(1)
    await expect(page.locator(".panel-title")).to_have_text(TITLE)
    sending = lambda answer: answer.request.method == "POST" and answer.url.endswith("/decide")  # noqa: E731
    async with page.expect_response(sending) as answered:
        await page.keyboard.press(key)
        if why:
            await expect(page.locator("#opportunity-comment")).to_be_focused()
            await page.keyboard.type(why)
            await page.keyboard.press("Control+Enter")
        await expect(page.locator(ROW)).to_have_count(0)
    assert (await answered.value).status == 200


async def _traced(auditor: Page, folder: Path) -> None:
    told = auditor.locator(".timeline")
    for what in ("相見積もりも添えてください", "二割ほど高いと思います", "金額を見直してください", "伊藤 さくら"):
        await expect(told).to_contain_text(what)
    address = auditor.url
    await auditor.locator(".tl-seen a").last.click()
    await expect(auditor.locator("h1")).to_contain_text("が見た内容")
    await expect(auditor.locator("#page")).to_contain_text("見積書.pdf")
    await auditor.goto(f"{address}/dossier")
    await _verified(auditor, folder, "二割ほど高いと思います", "金額を見直してください", "見積書.pdf")


async def _verified(auditor: Page, folder: Path, *told: str) -> None:
    """The dossier on the page is taken away and verified without the system, and a bit flipped in it is found."""
    fingerprint = await auditor.locator(".dossier-marks dd").first.inner_text()
    async with auditor.expect_download() as waiting:
        await auditor.click("a[download]")
    file = folder / "dossier.json"
    await (await waiting.value).save_as(file)
    verified = ringi_audit_verify(file, "--key", fingerprint)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    content = file.read_bytes()
    for words in told:
        place = content.index(words.encode())
        file.write_bytes(content[:place] + bytes([content[place] ^ 0x01]) + content[place + 1 :])
        flipped = ringi_audit_verify(file, "--key", fingerprint)
        assert flipped.returncode == 1, f"a bit of {words} was flipped: {flipped.stdout}"
