"""The access review: who has which role, since when, given by whom, and when they were last here."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from frontend.admin import files, words
from frontend.admin.manifest import ACCESS
from frontend.admin.views import AccountPage
from frontend.ui.page import Page

PAGE_LIMIT = 50


async def show(request: Request) -> Response:
    """GET /access-review?role&state; htmx asks for the results alone, or for further rows."""
    page = Page.of(request)
    given = _given(page)
    cursor = page.query("cursor")
    answer = await page.gateway.get(
        "/auth/access-review", limit=PAGE_LIMIT, cursor=cursor, role=given["role"], state=given["state"]
    )
    values: dict[str, Any] = {"listed": AccountPage.model_validate(answer), "given": given, "address": address}
    if page.target == "admin-more":
        return page.render("admin/access_rows.html", **values)
    if page.target == "admin-accounts":
        return page.render("admin/access_results.html", **values, replace=address(ACCESS, given))
    return page.render("admin/access.html", **values)


async def export(request: Request) -> Response:
    """GET /access-review/-/access-review.csv: what the filter finds."""
    page = Page.of(request)
    return await files.passed_on(page, address("/auth/access-review/export", _given(page)), words.access_columns())


def _given(page: Page) -> dict[str, str]:
    role, state = page.query("role"), page.query("state")
    return {"role": role if role in words.roles() else "", "state": state if state in words.user_states() else ""}


def address(path: str, given: dict[str, str], cursor: str | None = None) -> str:
    query = urlencode({name: value for name, value in {**given, "cursor": cursor or ""}.items() if value})
    return f"{path}?{query}" if query else path
