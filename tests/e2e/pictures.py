"""Pictures of the guides, taken where a test sees what they show (docs/developer.md)."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import Page

FOLDER = Path(__file__).parents[2] / "docs/images"


async def picture(page: Page, name: str) -> None:
    """Kept as `docs/images/<name>.png` when it is asked for."""
    if os.environ.get("RINGI_TAKE_PICTURES"):
        await page.screenshot(path=FOLDER / f"{name}.png", caret="initial")  # hiding it would break the CSP
