"""An administrator's day with approval routes, in a real browser."""

from __future__ import annotations

from datetime import timedelta

from playwright.async_api import Page, expect

from frontend.ui.time_zone import office_now
from tests.e2e.axe import grave_faults
from tests.e2e.conftest import OpenPage, Watch
from tests.e2e.pictures import picture
from tests.support import fake_records as records
from tests.support.frontend import RunningFrontend

ROUTE = records.uuid_of("route 大口の特別手数料")


async def _tab_to(page: Page, selector: str) -> None:
    """By the keyboard alone: Tab until the element has the focus, as somebody without a mouse gets there."""
    target = page.locator(selector)
    await expect(target).to_be_attached()
    for _ in range(200):
        if await target.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {selector}")


async def _choose(page: Page, selector: str, text: str) -> None:
    """In a list that has the focus, with the arrow keys."""
    await _tab_to(page, selector)
    chosen = page.locator(f"{selector} option:checked")
    for _ in range(20):
        if await chosen.inner_text() == text:
            return
        await page.keyboard.press("ArrowDown")
    raise AssertionError(f"{selector} does not offer {text}")


async def test_a_reorganisation_is_planned_tried_out_and_simulated_by_keyboard(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    frontend.gateway.users[records.uuid_of("approver2")]["state"] = "SUSPENDED"
    page = await open_page("admin", f"/routes/{ROUTE}")
    await page.keyboard.press("e")
    await expect(page.locator("#opportunity-s1_name")).to_have_value("部長承認")
    await _tab_to(page, "button[value=add]")
    await page.keyboard.press("Enter")
    await expect(page.locator("#opportunity-s2_name")).to_be_focused()
    await page.keyboard.type("本店承認")
    await _choose(page, "#opportunity-s2_add", "加藤 健一")
    await _tab_to(page, "#opportunity-valid-day")
    next_month = (office_now().date().replace(day=1) + timedelta(days=32)).replace(day=1)
    # A date field takes its parts in the order of the browser's language, month first here.
    await page.keyboard.type(f"{next_month:%m%d%Y}")
    await expect(page.locator("#opportunity-valid-day")).to_have_value(next_month.isoformat())
    await _tab_to(page, "#opportunity-note")
    await page.keyboard.type("来月の組織変更")
    await _choose(page, "#opportunity-try-requester", "佐藤 美咲")
    await _tab_to(page, "button[value=try]")
    await page.keyboard.press("Enter")
    trial = page.locator("#opportunity-trial")
    await expect(trial).to_contain_text("本店承認")
    await expect(trial).to_contain_text("加藤 健一")  # the requester's superior
    await expect(trial).to_contain_text("伊藤 さくら 停止中")
    await expect(trial.locator("[role=alert]")).to_contain_text("承認できる人が足りません")
    await expect(page.locator("#opportunity-note")).to_have_value("来月の組織変更")
    assert await grave_faults(page) == []
    await picture(page, "route-try")
    [tried] = frontend.gateway.sent("POST", "/approval-routes/try")
    assert tried is not None
    assert [stage["name"] for stage in tried["draft"]["route"]["stages"]] == ["上長承認", "部長承認", "本店承認"]
    assert tried["draft"]["route"]["stages"][2]["approverIds"] == [records.uuid_of("manager")]
    await page.locator("#opportunity-note").focus()
    await _tab_to(page, "button[value=simulate]")
    await page.keyboard.press("Enter")
    await expect(page.locator("#opportunity-simulated")).to_contain_text("RNG-2026-000388")
    assert await grave_faults(page) == []
    assert len(frontend.gateway.versions[ROUTE]) == 1, "nothing was saved so far"
    await page.locator("#opportunity-note").focus()
    await _tab_to(page, ".form-actions button[value=save]")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("大口の特別手数料")
    await expect(page.locator(".page-title .badge")).to_contain_text("適用中")
    versions = page.locator("ol.result-rows")
    await expect(versions).to_contain_text("第2版")
    await expect(versions).to_contain_text("来月の組織変更")
    await page.goto("/routes")
    await expect(page.locator("#page")).to_contain_text("に切替")
    await picture(page, "routes")
    await page.goto("/routes/naming")
    await _choose(page, "#opportunity-named", "加藤 健一")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator(".result-rows li")).to_have_count(2)
    await expect(page.locator(".result-rows")).to_contain_text("3. 本店承認: 承認者")


async def test_without_javascript_a_route_is_tried_refused_and_planned(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    page = await open_page("admin", "/routes/new", script=False)
    await page.fill("#opportunity-name", "新しいルート")
    await page.fill("#opportunity-s0_name", "一次承認")
    await page.select_option("#opportunity-try-requester", label="佐藤 美咲")
    await page.click("button[value=try]")
    await expect(page.locator("#opportunity-trial")).to_contain_text("承認者を指定してください")
    await expect(page.locator("#opportunity-name")).to_have_value("新しいルート")
    await page.select_option("#opportunity-s0_add", label="高橋 直樹")
    await page.click("button[value=person-0]")
    await expect(page.locator("#opportunity-stage-0 .check", has_text="高橋 直樹").locator("input")).to_be_checked()
    await page.click("button[value=try]")
    await expect(page.locator("#opportunity-trial .route")).to_contain_text("高橋 直樹")
    next_year = office_now().date() + timedelta(days=365)
    await page.fill("#opportunity-valid-day", next_year.isoformat())
    await page.click(".form-actions button[value=save]")
    await expect(page.locator(".page-title .badge")).to_contain_text("予定")
    assert frontend.gateway.sent("POST", "/approval-routes")[-1]["stages"][0]["name"] == "一次承認"  # type: ignore[index]


async def test_a_plan_is_compared_and_withdrawn(open_page: OpenPage, frontend: RunningFrontend) -> None:
    gateway = frontend.gateway
    shown = gateway.versions[ROUTE][0]
    gateway.versions[ROUTE].append(shown | {"version": 2, "priority": 99, "validFrom": records.iso(700)})
    page = await open_page("admin", f"/routes/{ROUTE}/versions/2")
    await expect(page.locator("del")).to_have_text(["10"])
    await expect(page.locator("ins")).to_have_text(["99"])
    await page.click(f"form[action='/routes/{ROUTE}/versions/2/withdraw'] button")
    await expect(page.locator(".result-rows")).to_contain_text("取り下げ済み")


async def test_an_alarm_stands_where_a_route_names_somebody_who_can_not_decide(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    frontend.gateway.users[records.uuid_of("approver2")]["state"] = "SUSPENDED"
    page = await open_page("auditor", "/routes")
    await expect(page.locator(".alert")).to_contain_text("伊藤 さくら 停止中")
    assert await grave_faults(page) == []
    await page.click("nav[aria-label] >> text=承認ルート")
    await expect(page.locator("a[href='/routes/new']")).to_have_count(0)
