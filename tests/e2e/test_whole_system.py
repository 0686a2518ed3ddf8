"""The embedded run as a newcomer has it: the demo's scenarios hold, and people do their work in a real browser."""

from __future__ import annotations

import json

import aiohttp
import pytest
from playwright.async_api import Page, expect

from services.opportunity.dossier_check import Problem, check, pins_of
from tests.deploy.conftest import Run
from tests.e2e.axe import grave_faults
from tests.e2e.conftest import DEMO_PASSWORD, SYSTEM_PATIENCE_MS, OpenPage, sign_in
from tests.e2e.office import come_into_view, plan_absence
from tests.support.waiting import eventually

ROWS = "#opportunity-rows tr[data-id]:not([data-held])"
LISTS = {
    "manager": ["/customers", "/customers?q=nobody-of-this-name", "/approvals?tab=all", "/processes", "/absences"],
    "rep": ["/meetings", "/meetings?tab=all", "/tasks", "/tasks?tab=all"],
    "auditor": ["/audit", "/access-review"],
}
FORMS = ["/customers/new", "/meetings/new", "/tasks/new", "/approvals/new"]
REPORTS = [
    "/reports",
    "/reports/sales-summary",
    "/reports/customer-statistics",
    "/reports/approval-statistics",
    "/reports/task-completion",
]
FIRST_RECORD = "main a[href*='/0']:not([href*='?'])"
"""Ids of records are UUIDs of version 7, so they begin with 0 until the year 2039."""


@pytest.fixture
async def page(desk: OpenPage) -> Page:
    return await desk(None)


async def test_a_manager_deletes_a_customer_sees_the_bar_move_and_an_admin_restores(page: Page) -> None:
    await sign_in(page, "manager", DEMO_PASSWORD)
    await page.goto("/customers")
    first = page.locator("tbody a[href^='/customers/']").first
    customer = await first.get_attribute("href")
    assert customer is not None
    await page.goto(f"{customer}/delete")
    await page.click(f"form[action='{customer}/delete'] button")
    await page.wait_for_url("**/processes/*")
    await expect(page.locator(".badge", has_text="完了")).to_be_visible(timeout=SYSTEM_PATIENCE_MS)
    process = page.url
    await page.context.clear_cookies()
    await sign_in(page, "admin", DEMO_PASSWORD)
    await page.goto(customer)
    await page.click(f"form[action='{customer}/restore'] button")
    await page.wait_for_url("**/processes/*")
    assert page.url != process
    await expect(page.locator(".badge", has_text="完了")).to_be_visible(timeout=SYSTEM_PATIENCE_MS)
    await page.goto(customer)
    await expect(page.locator(f"a[href='{customer}/delete']")).to_be_visible()


async def test_an_approver_decides_by_keyboard_and_the_request_leaves_the_inbox(page: Page) -> None:
    await sign_in(page, "approver", DEMO_PASSWORD)
    await page.goto("/approvals")
    title = await page.locator(".panel-title").inner_text()
    before = await page.locator(ROWS).count()
    async with page.expect_response(lambda answer: answer.request.method == "POST" and "/approvals" in answer.url):
        await page.keyboard.press("a")
        await expect(page.locator(ROWS)).to_have_count(before - 1)
    await page.goto("/approvals")
    await expect(page.locator(ROWS)).to_have_count(before - 1)
    await expect(page.locator(ROWS, has_text=title)).to_have_count(0)


async def test_an_auditor_reads_the_log_of_a_real_run_and_has_it_verified(page: Page) -> None:
    """Entries, names, differences, signed heads and the verifier of a real run."""
    await sign_in(page, "auditor", DEMO_PASSWORD)
    await page.wait_for_url("**/audit")
    await page.click("#admin-verified button")
    banner = page.locator("#admin-verified.verified-ok")
    await expect(banner.locator("button")).to_be_visible(timeout=SYSTEM_PATIENCE_MS)
    await expect(banner).to_contain_text("まで検証済み")
    await expect(banner).not_to_contain_text("データベース外に署名が保存されていません")
    await page.goto("/audit?kind=user&action=user.login")
    await expect(page.locator("#admin-rows tr").first).to_contain_text("成功")
    await page.locator("#admin-rows .row-link").first.click()
    await expect(page.locator("#admin-chain")).to_be_visible()
    await expect(page.get_by_text("まだ封印されていません")).to_have_count(0)
    await page.goto("/access-review?role=auditor")
    await expect(page.locator("#admin-account-rows tr")).to_have_count(1)
    await expect(page.locator("#admin-account-rows .grants:visible")).not_to_contain_text("記録なし")


async def test_an_absence_is_planned_previewed_decided_by_proxy_and_ended(page: Page) -> None:
    await sign_in(page, "approver", DEMO_PASSWORD)
    await plan_absence(page, proxy="加藤 浩二")
    await expect(page.locator("h1")).to_have_text("高橋 直樹さんの不在")
    absence = page.url

    await page.context.clear_cookies()
    await sign_in(page, "rep", DEMO_PASSWORD)
    await page.goto("/approvals/new")
    await page.fill("#opportunity-amount", "30,000,000")
    await page.locator("#opportunity-amount").press("Tab")
    await expect(page.locator("#opportunity-route")).to_contain_text(
        "まで不在（代理：加藤 浩二）", timeout=SYSTEM_PATIENCE_MS
    )

    await page.context.clear_cookies()
    await sign_in(page, "manager", DEMO_PASSWORD)
    await eventually(lambda: _told(page, "高橋 直樹さんの代理人になりました"), what="the stand-in is told")
    await page.goto("/approvals")
    older = page.locator(ROWS, has_text="代理（高橋 直樹）").first
    number = await older.get_attribute("data-id")
    await older.locator("a.ttl").click()
    await expect(page.locator(".stand-in-note")).to_contain_text("高橋 直樹さんの代理として決裁します")
    async with page.expect_response(lambda answer: answer.request.method == "POST" and "/approvals" in answer.url):
        await page.keyboard.press("a")
        await expect(page.locator(f"{ROWS}[data-id='{number}']")).to_have_count(0)
    await page.goto(f"/approvals/{number}")
    await expect(page.locator(".timeline")).to_contain_text("加藤 浩二（高橋 直樹の代理）")

    await page.context.clear_cookies()
    await sign_in(page, "approver", DEMO_PASSWORD)
    await page.goto(absence)
    await page.click("[popovertarget=opportunity-end]")
    await page.click("#opportunity-end button")
    await expect(page.locator(".absence-rows").first).to_contain_text("途中で終了")


async def _told(page: Page, what: str) -> bool:
    await page.goto("/notifications")
    return what in await page.locator("main").inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_axe_finds_nothing_serious_on_real_records(desk: OpenPage, locale: str, theme: str) -> None:
    faults: dict[str, list[object]] = {}
    for user, lists in LISTS.items():
        page = await desk(user, theme=theme, locale=locale)
        paths = [*lists, *{"manager": REPORTS, "rep": FORMS}.get(user, [])]
        while paths:
            path = paths.pop(0)
            await page.goto(path)
            await come_into_view(page)
            await expect(page.locator("[aria-busy=true]")).to_have_count(0)
            if found := await grave_faults(page):
                faults[path] = found
            records = page.locator(FIRST_RECORD)
            if path in lists and await records.count():
                paths.append(str(await records.first.get_attribute("href")))
        await page.context.close()
    assert faults == {}


def test_the_demo_plays_its_story_and_every_invariant_holds(ringi: Run) -> None:
    played = ringi.ringi("demo", "--json")
    assert played.stdout, played.stderr
    report = json.loads(played.stdout)
    wrong = [check for check in report["checks"] if not check["ok"]]
    broken = [invariant for invariant in report["verify"]["invariants"] if not invariant["holds"]]
    assert (wrong, broken, played.returncode) == ([], [], 0)
    assert {"customer.restored", "approval.approved", "user.deleted", "task.due_soon"} <= report["events"].keys()


async def test_every_dossier_of_what_has_happened_verifies(ringi: Run) -> None:
    """With holds, cancellations, restorations, escalations and people who left: the rules take none for a forgery."""
    api = f"http://localhost:{ringi.port}/api/v1"
    async with aiohttp.ClientSession() as session:
        who = {"email": "auditor@ringi.example", "password": DEMO_PASSWORD}
        async with session.post(f"{api}/auth/login", json=who) as signed_in:
            session.headers["Authorization"] = f"Bearer {(await signed_in.json())['accessToken']}"

        async def read(path: str) -> bytes:
            async with session.get(f"{api}{path}") as answer:
                assert answer.status == 200, await answer.text()
                return await answer.read()

        pins, seen, cursor = None, 0, ""
        faults: dict[str, list[Problem]] = {}
        while cursor is not None:
            page = json.loads(await read(f"/approvals?limit=200{f'&cursor={cursor}' if cursor else ''}"))
            for item in page["items"]:
                content = await read(f"/approvals/{item['id']}/dossier")
                # Whoever makes the first dossier makes the key.
                pins = pins or pins_of(await read("/approvals/evidence-keys"))
                report = check(content, pins)
                seen += 1
                if not report.verified:
                    faults[item["number"]] = report.problems
            cursor = page["nextCursor"]
    assert seen > 100
    assert faults == {}
