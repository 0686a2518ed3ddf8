"""An auditor traces a request: what an approver saw, the dossier on paper and as a file, and its verification."""

from __future__ import annotations

import zipfile
from pathlib import Path

import orjson
import pytest
from playwright.async_api import expect

from services.opportunity.dossier import in_groups
from tests.deploy.test_audit_command import ringi_audit_verify
from tests.e2e.conftest import OpenPage
from tests.e2e.pictures import picture
from tests.support import fake_dossiers
from tests.support.frontend import RunningFrontend

FINGERPRINT = in_groups(fake_dossiers.keys()["keys"][0]["fingerprint"])
A4 = (595, 842)
"""In points."""


async def test_an_auditor_opens_what_was_seen_takes_the_dossier_away_and_verifies_it(
    open_page: OpenPage, frontend: RunningFrontend, tmp_path: Path
) -> None:
    item = next(item for item in frontend.gateway.approvals.values() if item["state"] == "REJECTED")
    page = await open_page("auditor", f"/approvals/{item['id']}")
    await page.click(".tl-bad .tl-seen a")
    await expect(page.locator("h1")).to_have_text("加藤 健一さんが見た内容")
    await expect(page.locator(".seen-now")).to_have_text("現在： バランス型")
    await picture(page, "seen")
    await page.click(".page-action a")
    await page.click(f"a[href='/approvals/{item['id']}/dossier']")
    await expect(page.locator(".dossier-marks dd").first).to_have_text(FINGERPRINT)
    await picture(page, "dossier")
    printed_hash = await page.locator(".dossier-marks dd").nth(1).inner_text()
    async with page.expect_download() as waiting:
        await page.click("a[download]")
    download = await waiting.value
    assert download.suggested_filename == f"{item['number']}.json"
    file = tmp_path / download.suggested_filename
    await download.save_as(file)

    done = ringi_audit_verify(file, "--key", FINGERPRINT, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    [told] = orjson.loads(done.stdout)["dossiers"]
    assert (told["number"], told["keyPinned"]) == (item["number"], True)
    assert in_groups(told["recordSha256"]) == printed_hash, "paper and file tell the same"

    content = file.read_bytes()
    place = content.index("手数料率の根拠が不足しています".encode())
    file.write_bytes(content[:place] + bytes([content[place] ^ 0x01]) + content[place + 1 :])
    flipped = ringi_audit_verify(file, "--key", FINGERPRINT)
    assert flipped.returncode == 1
    assert "entry 2, personal/comment" in flipped.stdout


async def test_an_auditor_takes_a_sample_and_verifies_all_of_it(open_page: OpenPage, tmp_path: Path) -> None:
    page = await open_page("auditor", "/approvals?tab=all&state=PENDING", script=False)
    await page.click("a[href='/approvals/dossiers?state=PENDING']")
    await expect(page.locator("#opportunity-sample-state")).to_have_value("PENDING")
    async with page.expect_download() as waiting:
        await page.click(".sample-form button")
    with zipfile.ZipFile(await (await waiting.value).path()) as archive:
        archive.extractall(tmp_path)
    files = sorted((tmp_path / "dossiers").glob("*.json"))
    assert len(files) == 12
    done = ringi_audit_verify(*files, "--key", FINGERPRINT, "--json")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_on_paper_there_is_the_dossier_alone_black_on_white_with_its_head_on_every_page(
    open_page: OpenPage, frontend: RunningFrontend, theme: str
) -> None:
    item = next(item for item in frontend.gateway.approvals.values() if item["state"] == "REJECTED")
    page = await open_page("auditor", f"/approvals/{item['id']}/dossier", theme=theme)
    await expect(page.locator("[data-print]")).to_be_visible()
    await page.emulate_media(media="print", color_scheme=theme)  # type: ignore[arg-type]
    for hidden in (".sidenav", ".tools", ".page-title", ".page-action", ".dossier-tools", "#toasts"):
        await expect(page.locator(hidden)).to_be_hidden()
    colours = "e => [getComputedStyle(document.body).backgroundColor, getComputedStyle(e).color]"
    assert await page.locator(".dossier-number").evaluate(colours) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    head = page.locator(".dossier-head")
    looks = "e => [getComputedStyle(e).display, getComputedStyle(e).breakInside]"
    assert await head.evaluate(looks) == ["table-header-group", "avoid"], "what browsers repeat on every page"
    paper = await page.pdf(prefer_css_page_size=True)
    assert f"/MediaBox [0 0 {A4[0]}".encode() in paper or b"/MediaBox [0 0 594.95" in paper


async def test_without_a_script_nothing_offers_to_print_and_the_file_is_there(
    open_page: OpenPage, frontend: RunningFrontend
) -> None:
    item = next(iter(frontend.gateway.approvals.values()))
    page = await open_page("auditor", f"/approvals/{item['id']}/dossier", script=False)
    await expect(page.locator("[data-print]")).to_be_hidden()
    await expect(page.locator("a[download]")).to_be_visible()
