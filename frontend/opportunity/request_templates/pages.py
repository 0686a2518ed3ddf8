"""Templates: the list with renaming and deleting, and keeping one from a request's page."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity.manifest import TEMPLATES
from frontend.opportunity.request_templates.views import TemplateList
from frontend.ui.gateway import GatewayProblem, segment
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.saving import refusal

KEEP, RENAME, DELETE = "keep", "rename", "delete"
_API: Final = "/approval-templates"


async def show(request: Request) -> Response:
    """GET /approvals/templates."""
    return await _render(Page.of(request))


async def act(request: Request) -> Response:
    """POST /approvals/templates: `action` is keep (of `approval`), rename or delete (of `template`)."""
    page = Page.of(request)
    form = await page.form()

    def text(name: str) -> str:
        return str(form.get(name, "")).strip()

    action, name, template = text("action"), text("name"), text("template")
    try:
        if action == KEEP:
            body = {"name": name, "approvalId": text("approval"), "firmWide": text("firm") == "1"}
            await page.gateway.send("POST", _API, body, key=text(KEY_FIELD) or None)
        elif action == RENAME:
            await page.gateway.send("PATCH", f"{_API}/{segment(template)}", {"name": name})
        elif action == DELETE:
            await page.gateway.send("DELETE", f"{_API}/{segment(template)}")
    except GatewayProblem as problem:
        message = "; ".join(dict.fromkeys([problem.message, *problem.field_errors.values()]))
        if problem.is_outage:
            message = await refusal(page, problem)
        return await _render(page, status=problem.status, error=message)
    return page.redirect(TEMPLATES)


async def _render(page: Page, *, status: int = 200, error: str = "") -> Response:
    listed = TemplateList.model_validate(await page.gateway.get(_API))
    return page.render("opportunity/templates.html", status=status, items=listed.items, error=error)
