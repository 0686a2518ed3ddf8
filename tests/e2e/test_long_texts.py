"""Names and amounts as long as they may be: columns stay in sight, nothing runs over its box or off the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect
from starlette.applications import Starlette

from frontend.customer.app import create_app as customer
from frontend.sales.app import create_app as sales
from frontend.ui.settings import FrontendSettings
from services.opportunity.kinds import NAME_MAX
from tests.e2e.conftest import DESK, PHONE, OpenPage, Watch
from tests.support import records
from tests.support.frontend import RunningFrontend
from tests.support.kind_fields import COMPLETE
from tests.support.scripted_gateway import SETTINGS, browser, text

KANJI = "東日本総合産業ホールディングス西日本支社第二営業本部付属医療法人社団青葉会" * 5
LATIN = "Pneumonoultramicroscopicsilicovolcanoconiosis_Holdings_and_Partners_" * 3
LONGEST = 200
AMOUNT = 9_876_543_210_123
CUSTOMER = records.customer(assignedSalesId="me", tags=[KANJI[:50], LATIN[:50]], notes=LATIN)
TASK = records.task(customerId="c1", dueDate="2026-11-20T14:59:59Z")
PAGES: dict[str, tuple[Callable[[FrontendSettings], Starlette], str]] = {
    "/customers": (customer, "customer"),
    "/customers/c1": (customer, "customer"),
    "/customers/c1/edit": (customer, "customer"),
    "/tasks": (sales, "sales"),
    "/tasks/t1": (sales, "sales"),
    "/tasks/t1/edit": (sales, "sales"),
}
_BOXES = ".table-container, .inbox-scroll, .palette-list, .panel, .page-title, main"
_OVERFLOWING = """(boxes) => [...document.querySelectorAll(boxes)]
    .filter((box) => box.scrollWidth > box.clientWidth + 1)
    .map((box) => `${box.className || box.id} ${box.scrollWidth}`)
"""


async def overflowing(page: Page) -> list[str]:
    """The boxes whose content is wider than they are, and the page itself if it scrolls sideways."""
    found: list[str] = await page.evaluate(_OVERFLOWING, _BOXES)
    if not await page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        found.append("the page")
    return found


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("name", [KANJI[:LONGEST], LATIN[:LONGEST]], ids=["kanji", "one word"])
async def test_approvals_and_notifications_hold_the_longest_texts(
    open_page: OpenPage, frontend: RunningFrontend, name: str, size: tuple[int, int]
) -> None:
    for item in frontend.gateway.approvals.values():
        item |= {"title": name, "customerName": name, "requesterName": name[:40], "amount": AMOUNT}
        item |= {"kind": "EXPENSE", "fields": COMPLETE["EXPENSE"] | {"payee": name[:NAME_MAX]}, "revision": 2}
        item |= {"description": name * 3}
    for notice in frontend.gateway.notifications:
        notice |= {"title": name, "body": name}
    page = await open_page("approver", size=size)
    approval = frontend.gateway.waiting("approver@ringi.example")[0]["id"]
    for path in ("/approvals", f"/approvals/{approval}", "/notifications", f"/search?q={name[:5]}"):
        await page.goto(path)
        assert await overflowing(page) == [], path
        if path.startswith("/approvals"):
            await expect(page.locator(".changes-table")).to_contain_text(name[:5])
    await page.keyboard.press("Control+k")
    await page.fill(".palette-input", name[:5])
    await expect(page.locator("#palette-list [role=option]").first).to_contain_text(name)
    assert await overflowing(page) == [], "the palette"


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("name", [KANJI[:LONGEST], LATIN[:LONGEST]], ids=["kanji", "one word"])
async def test_lists_and_records_of_the_other_remotes_hold_the_longest_texts(
    open_page: OpenPage, frontend: RunningFrontend, name: str, size: tuple[int, int]
) -> None:
    page = await open_page("manager", "/notifications", size=size)
    for path, (create, remote) in PAGES.items():
        client, gateway = browser(create(SETTINGS), remote, "manager")
        lists: dict[str, dict[str, Any]] = {
            "/customers": CUSTOMER | {"name": name},
            "/tasks": TASK | {"title": name, "customerName": name},
        }
        for root, record in lists.items():
            gateway.on("GET", root, records.page(record))
            gateway.on("GET", f"{root}/{record['id']}", record)
        gateway.on("GET", "/auth/users", records.page())
        html = text(await client.get(path))
        await page.evaluate("(html) => { document.getElementById('page').innerHTML = html; }", html)
        assert await overflowing(page) == [], path


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("name", [KANJI[:LONGEST], LATIN[:LONGEST]], ids=["kanji", "one word"])
async def test_a_form_that_somebody_outran_holds_the_longest_texts(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch, name: str, size: tuple[int, int]
) -> None:
    watch.expects_failures = True
    item = next(item for item in frontend.gateway.approvals.values() if item["state"] == "RETURNED")
    item |= {"title": name, "customerName": name, "description": name * 3}
    page = await open_page("rep", f"/approvals/{item['id']}/edit", size=size)
    item |= {"version": item["version"] + 1, "title": name[1:] + name[:1], "description": name * 2}
    await page.fill("#opportunity-title", name[::-1])
    await page.fill("#opportunity-description", "")
    await page.click("button[value=save]")
    await expect(page.locator(".outrun tbody tr")).to_have_count(2)
    assert await overflowing(page) == []
