"""Saved views: filters of the inbox under a name of one's own, one of them as the first to open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity.listing import Filters
from frontend.opportunity.manifest import PREFIX
from frontend.ui.gateway import GatewayProblem, UserGateway, segment
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.saving import refusal
from frontend.ui.views import View

VIEWS = f"{PREFIX}/views"


class SavedView(View):
    """`filter` is what the API keeps; `filters` the same as the inbox understands it today."""

    id: str
    name: str
    filter: dict[str, Any]
    is_default: bool = False
    version: int = 1

    @property
    def filters(self) -> Filters:
        return Filters.of_view(self.filter)

    @property
    def address(self) -> str:
        return self.filters.address()


@dataclass(frozen=True, slots=True)
class Refused:
    """A view that was not saved: what was typed, and why. `view`: the one that was to be changed."""

    message: str = ""
    name: str = ""
    view: str = ""


async def views_of(gateway: UserGateway) -> list[SavedView]:
    """The inbox works without them."""
    try:
        answer = await gateway.get("/approvals/views")
    except GatewayProblem as problem:
        if problem.is_outage:
            raise
        return []
    return [SavedView.model_validate(item) for item in answer["items"]]


async def show(request: Request) -> Response:
    """GET /approvals/views."""
    return await _render(Page.of(request))


async def save(request: Request) -> Response:
    """POST /approvals/views: `query` (the address of the list), `name`, `default`."""
    page = Page.of(request)
    form = await page.form()
    filters = Filters.of_query(QueryParams(parse_qsl(str(form.get("query", "")))))
    body = _body(form, filters.view)
    try:
        await page.gateway.send("POST", "/approvals/views", body, key=str(form.get(KEY_FIELD, "")) or None)
    except GatewayProblem as problem:
        return await _refused(page, problem, body["name"])
    return page.redirect(filters.address())


async def change(request: Request) -> Response:
    """POST /approvals/views/{id}: `name` and `default`; with `action=delete` it goes."""
    page = Page.of(request)
    form = await page.form()
    view_id = request.path_params["id"]
    path = f"/approvals/views/{segment(view_id)}"
    known = next((view for view in await views_of(page.gateway) if view.id == view_id), None)
    try:
        if form.get("action") == "delete":
            await page.gateway.send("DELETE", path)
        else:
            body = _body(form, {} if known is None else known.filter)
            await page.gateway.send("PUT", path, body, if_match=str(form.get("etag", "")))
    except GatewayProblem as problem:
        return await _refused(page, problem, str(form.get("name", "")), view_id)
    return page.redirect(VIEWS)


def _body(form: FormData, kept: dict[str, Any]) -> dict[str, Any]:
    return {"name": str(form.get("name", "")).strip(), "filter": kept, "isDefault": "default" in form}


async def _refused(page: Page, problem: GatewayProblem, name: str, view: str = "") -> Response:
    message = "; ".join(problem.field_errors.values()) or await refusal(page, problem)
    return await _render(page, Refused(message, name, view), status=problem.status)


async def _render(page: Page, refused: Refused | None = None, *, status: int = 200) -> Response:
    views = await views_of(page.gateway)
    return page.render("opportunity/views.html", status=status, views=views, refused=refused or Refused())
