"""How far the audit log was verified, and the button that has all of it verified now."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.admin.manifest import AUDIT
from frontend.admin.views import Verification
from frontend.ui.page import KEY_FIELD, Page


async def verification(page: Page) -> Verification:
    return Verification.model_validate(await page.gateway.get("/auth/audit-verification"))


async def show(request: Request) -> Response:
    """GET /audit/-/verified: the banner alone, which asks again while a verification is under way."""
    page = Page.of(request)
    return page.render("admin/verified.html", verified=await verification(page))


async def verify(request: Request) -> Response:
    """POST /audit/-/verify: recompute all of it."""
    page = Page.of(request)
    key = str((await page.form()).get(KEY_FIELD, "")) or None
    answer = await page.gateway.send("POST", "/auth/audit-verification", key=key)
    if page.target == "admin-verified":
        return page.render("admin/verified.html", verified=Verification.model_validate(answer.body))
    return page.redirect(AUDIT)
