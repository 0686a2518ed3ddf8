"""axe on every page, in both themes and both languages, on a desk and on a phone."""

from __future__ import annotations

from functools import cache

import pytest
from playwright.async_api import Page

from frontend.ui.build import NODE_MODULES
from tests.e2e.conftest import DESK, PHONE, OpenPage, Watch
from tests.support.frontend import RunningFrontend

PAGES = {
    "sign-in": (None, "/login"),
    "inbox": ("approver", "/approvals"),
    "requested": ("rep", "/approvals?tab=requested"),
    "all": ("manager", "/approvals?tab=all"),
    "empty": ("manager", "/approvals?tab=all&q=nothing-like-this"),
    "form": ("rep", "/approvals/new"),
    "detail": ("approver", "/approvals/{approval}"),
    "processes": ("ops", "/processes"),
    "process": ("ops", "/processes/{process}"),
    "notifications": ("manager", "/notifications"),
    "search": ("manager", "/search?q=山田"),
    "not-found": ("manager", "/nowhere"),
}
RUN = (
    "axe.run().then((result) => result.violations.map((v) => [v.impact, v.id, v.nodes.map((n) => n.target.join(' '))]))"
)


@cache
def _axe() -> str:
    return (NODE_MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("locale", "size"), [("ja", DESK), ("en", DESK), ("ja", PHONE)])
async def test_axe_finds_nothing_serious_on_any_page(
    open_page: OpenPage, frontend: RunningFrontend, watch: Watch, locale: str, size: tuple[int, int], theme: str
) -> None:
    watch.expects_failures = True  # one of the pages is "not found"
    approval = frontend.gateway.waiting("approver@ringi.example")[0]["id"]
    process = next(iter(frontend.gateway.processes))
    pages: dict[str | None, Page] = {}
    faults: dict[str, list[object]] = {}
    for name, (user, path) in PAGES.items():
        if user not in pages:
            pages[user] = await open_page(user, theme=theme, locale=locale, size=size)
        page = pages[user]
        await page.goto(path.format(approval=approval, process=process))
        await page.evaluate(_axe())
        serious = [found for found in await page.evaluate(RUN) if found[0] in {"serious", "critical"}]
        if serious:
            faults[name] = serious
    assert faults == {}
