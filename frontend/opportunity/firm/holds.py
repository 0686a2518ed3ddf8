"""The requests that are under legal hold."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity.firm.views import HoldPage
from frontend.ui.page import Page


async def show(request: Request) -> Response:
    """GET /firm/holds: the newest hold first."""
    page = Page.of(request)
    cursor = {"cursor": page.query("cursor")} if page.query("cursor") else {}
    listed = HoldPage.model_validate(await page.gateway.get("/legal-holds", **cursor))
    return page.render("opportunity/firm_holds.html", listed=listed)
