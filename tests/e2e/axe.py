"""axe, the accessibility checker, on an open page."""

from __future__ import annotations

from functools import cache

from playwright.async_api import Page

from frontend.ui.build import NODE_MODULES

_GRAVE = {"serious", "critical"}
_RUN = (
    "axe.run().then((result) => result.violations.map((v) => [v.impact, v.id, v.nodes.map((n) => n.target.join(' '))]))"
)


@cache
def _axe() -> str:
    return (NODE_MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


async def grave_faults(page: Page) -> list[object]:
    """Impact, rule and elements of each violation that axe calls serious or critical."""
    await page.evaluate(_axe())
    return [found for found in await page.evaluate(_RUN) if found[0] in _GRAVE]
