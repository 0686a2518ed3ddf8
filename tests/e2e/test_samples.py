"""An auditor draws a sample, works it through, closes it, takes it away and verifies it at home."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from playwright.async_api import Page, expect

from services.opportunity.dossier import in_groups
from tests.deploy.test_audit_command import ringi_audit_verify
from tests.e2e.conftest import PHONE, OpenPage, Watch
from tests.e2e.pictures import picture
from tests.support import fake_dossiers
from tests.support.frontend import RunningFrontend

FINGERPRINT = in_groups(fake_dossiers.keys()["keys"][0]["fingerprint"])
ROW = "#opportunity-rows tr[aria-current] td:first-child"


async def draw(page: Page) -> None:
    await page.fill("#opportunity-sample-title", "第4四半期 抜取監査")
    await page.fill("#opportunity-sample-from", "2020-01-01")
    await page.fill("#opportunity-sample-count", "3")
    await page.fill("#opportunity-sample-seed", "2026-Q4")
    await page.click(".form-actions button")
    await expect(page.locator("h1")).to_have_text("第4四半期 抜取監査")


async def close_and_take_away(page: Page, folder: Path) -> Path:
    await page.fill("#opportunity-result", "指摘1件。根拠資料の添付を徹底すること。")
    await page.click(".form-actions button")
    await expect(page.locator(".dossier-number")).to_contain_text("完了")
    async with page.expect_download() as waiting:
        await page.click("a[download]")
    download = await waiting.value
    file = folder / download.suggested_filename
    await download.save_as(file)
    return file


def verified(file: Path, sha256: str) -> None:
    done = ringi_audit_verify(file, "--key", FINGERPRINT, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    [told] = orjson.loads(done.stdout)["dossiers"]
    assert (told["items"], told["drawnAgain"], told["dossiersChecked"], told["closed"]) == (3, True, 3, True)
    assert (told["keyPinned"], in_groups(told["recordSha256"])) == (True, sha256), "paper and file tell the same"


async def test_a_sample_is_drawn_worked_through_by_keyboard_closed_and_verified(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch, tmp_path: Path
) -> None:
    watch.expects_failures = True
    frontend.gateway.add_decided(5)
    page = await open_page("auditor", "/audit-samples")
    await page.keyboard.press("n")
    await draw(page)
    await expect(page.locator(ROW)).to_have_text("1")
    await page.keyboard.press("j")
    await expect(page.locator(ROW)).to_have_text("2")
    await expect(page.locator("[data-position]")).to_have_text("2 / 3")
    await page.keyboard.press("k")
    await expect(page.locator(".sample-decision[action$='/items/1']")).to_be_visible()
    await expect(page.locator("[data-position]")).to_have_text("1 / 3")
    await page.keyboard.press("o")
    await expect(page.locator(".sample-done b")).to_have_text("1 / 3")
    await expect(page.locator(ROW)).to_have_text("2")
    await page.keyboard.press("f")
    await expect(page.locator(".field-error")).to_have_text("指摘事項を入力してください。")
    await page.fill("#opportunity-note", "根拠資料が添付されていない")
    await page.click("button[value=FINDING]")
    await expect(page.locator(".sample-done b")).to_have_text("2 / 3")
    await picture(page, "sample")
    await page.keyboard.press("n")
    await expect(page.locator(".sample-done b")).to_have_text("3 / 3")
    await page.keyboard.press("e")
    await expect(page.locator("h1")).to_have_text("監査結果と完了")
    await expect(page.locator(".sample-said")).to_contain_text("根拠資料が添付されていない")
    file = await close_and_take_away(page, tmp_path)
    verified(file, await page.locator(".dossier-marks dd").nth(1).inner_text())
    await expect(page.locator(".dossier-body")).to_contain_text("指摘1件。根拠資料の添付を徹底すること。")

    content = file.read_bytes()
    file.write_bytes(content.replace(b"RNG-", b"RNG_", 1))
    assert ringi_audit_verify(file, "--key", FINGERPRINT).returncode != 0


@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_it_goes_without_scripts_on_a_phone(
    open_page: OpenPage, frontend: RunningFrontend, tmp_path: Path, locale: str
) -> None:
    frontend.gateway.add_decided(5)
    sample = frontend.gateway.draw()
    page = await open_page("auditor", f"/audit-samples/{sample['id']}", size=PHONE, script=False, locale=locale)
    for position in (1, 2, 3):
        await page.goto(page.url.partition("?")[0] + f"?item={position}")
        await page.fill("#opportunity-note", f"確認 {position}")
        await page.click("button[value=NO_FINDING]")
    await page.click("a[href$='/close']")
    file = await close_without_scripts(page, tmp_path)
    verified(file, await page.locator(".dossier-marks dd").nth(1).inner_text())


async def close_without_scripts(page: Page, folder: Path) -> Path:
    await page.fill("#opportunity-result", "指摘なし")
    await page.click(".form-actions button")
    async with page.expect_download() as waiting:
        await page.click("a[download]")
    file = folder / "sample.zip"
    await (await waiting.value).save_as(file)
    return file


async def test_no_key_assesses_a_request_that_is_not_shown_any_more(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    frontend.gateway.add_decided(5)
    sample = frontend.gateway.draw()
    page = await open_page("auditor", f"/audit-samples/{sample['id']}")
    await page.route("**/items/2", lambda _: None)  # the panel of the next one never comes
    await page.keyboard.press("j")
    await expect(page.locator(ROW)).to_have_text("2")
    await page.keyboard.press("o")
    await expect(page.locator("button[value=NO_FINDING]")).to_be_disabled()
    assert frontend.gateway.samples[sample["id"]]["items"][0]["said"] == []


async def test_who_was_outrun_sees_what_the_other_wrote_and_keeps_what_they_typed(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch
) -> None:
    watch.expects_failures = True
    frontend.gateway.add_decided(5)
    sample = frontend.gateway.draw()
    page = await open_page("auditor", f"/audit-samples/{sample['id']}")
    await page.fill("#opportunity-note", "添付を確認した")
    frontend.gateway.assess(sample, 1, "FINDING", "日付が前後している")
    await page.click("button[value=NO_FINDING]")
    await expect(page.locator(".outrun")).to_contain_text("日付が前後している")
    await expect(page.locator("#opportunity-note")).to_have_value("添付を確認した")
    await page.click("button[value=NO_FINDING]")
    await expect(page.locator(".sample-done b")).to_have_text("1 / 3")
    notes = [said["note"] for said in frontend.gateway.samples[sample["id"]]["items"][0]["said"]]
    assert notes == ["日付が前後している", "添付を確認した"]


async def test_administrators_read_a_sample_and_are_offered_nothing_to_write(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    frontend.gateway.add_decided(5)
    sample = frontend.gateway.draw()
    page = await open_page("admin", "/audit-samples")
    await expect(page.locator("a[href='/audit-samples/new']")).to_have_count(0)
    await page.click("a.row-link")
    await expect(page.locator(".panel-title")).to_be_visible()
    await expect(page.locator("#opportunity-note")).to_have_count(0)
    await expect(page.locator(f"a[href='/audit-samples/{sample['id']}/close']")).to_have_count(0)
