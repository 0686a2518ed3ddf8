"""Deleting somebody: what hangs on them, who takes it over, and the start of the process that does it."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from frontend.admin.manifest import PEOPLE
from frontend.admin.people.pages import PATH
from frontend.admin.people.views import DeletionPreview, Person
from frontend.ui.gateway import GatewayProblem, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.people import people
from frontend.ui.saving import refusal

KINDS = ("successorId", "customersTo", "activitiesTo", "approvalsTo")
"""One successor for all, or another for a kind of work."""


async def confirm(request: Request) -> Response:
    """GET /people/{id}/delete: counts and conflicts, with the successors that the address names."""
    page = Page.of(request)
    return await _confirm(page, request.path_params["id"], {name: page.query(name) for name in KINDS})


async def delete(request: Request) -> Response:
    """POST of the same: starts the process, or finds the one that runs already."""
    page = Page.of(request)
    form = await page.form()
    user_id = request.path_params["id"]
    chosen = {name: str(form.get(name, "")) for name in KINDS}
    query = urlencode({name: value for name, value in chosen.items() if value})
    try:
        answer = await page.gateway.send(
            "DELETE", f"{PATH}/{segment(user_id)}" + (f"?{query}" if query else ""), if_match=str(form.get("etag", ""))
        )
    except GatewayProblem as problem:
        return await _confirm(page, user_id, chosen, status=problem.status, error=await refusal(page, problem))
    return page.redirect(f"/processes/{segment(answer.body['sagaId'])}")


async def _confirm(page: Page, user_id: str, chosen: dict[str, str], *, status: int = 200, error: str = "") -> Response:
    path = f"{PATH}/{segment(user_id)}"
    answer = await page.gateway.read(path)
    person = Person.model_validate(answer.body)
    if person.process_id:
        return page.redirect(f"/processes/{segment(person.process_id)}")
    if person.state == "DELETED":
        return page.redirect(f"{PEOPLE}/{segment(user_id)}")
    preview: DeletionPreview | None = None
    try:
        preview = DeletionPreview.model_validate(await page.gateway.get(f"{path}/deletion-preview", **chosen))
    except GatewayProblem as problem:
        error = error or await refusal(page, problem)
        status = problem.status if status == 200 else status
    known = await people(page.gateway, *(value for value in chosen.values() if value))
    return page.render(
        "admin/person_delete.html",
        status=status,
        person=person,
        etag=answer.headers.get("ETag", ""),
        chosen=chosen,
        choices=known.selectable(but=user_id),
        kinds=[
            ("successorId", gettext("Successor for everything"), gettext("Nobody")),
            ("customersTo", gettext("Customers go to"), gettext("The successor for everything")),
            ("activitiesTo", gettext("Meetings and tasks go to"), gettext("The successor for everything")),
            (
                "approvalsTo",
                gettext("Requests, reports and departments go to"),
                gettext("The successor for everything"),
            ),
        ],
        preview=preview,
        error=error,
    )
