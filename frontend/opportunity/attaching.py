"""Files of a request: passed on from the browser to the gateway and back, piece by piece."""

from __future__ import annotations

from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from frontend.opportunity import detail, request_form
from frontend.ui.gateway import BAD_REQUEST, UNPROCESSABLE, GatewayProblem, segment
from frontend.ui.i18n import gettext
from frontend.ui.multipart import FileForm, MalformedForm, read_form
from frontend.ui.page import KEY_FIELD, Page

EDIT: Final = "edit"
"""Where somebody attaches while editing, that is where they come back to."""
_PASSED_ON: Final = (
    *("content-type", "content-disposition", "content-length", "content-security-policy", "etag"),
    "cross-origin-resource-policy",
)


async def add(request: Request) -> Response:
    """POST /approvals/-/files/{id}: a form with `file`."""
    page, approval_id = Page.of(request), request.path_params["id"]
    try:
        form = await read_form(request.stream(), request.headers.get("content-type", ""))
        if not form.name:
            message, status = gettext("Choose a file first."), UNPROCESSABLE
            return await _again(page, approval_id, form.fields.get("back", ""), message, status)
        return await _pass_on(page, approval_id, form)
    except (MalformedForm, ClientDisconnect):
        message = gettext("The file did not arrive whole. Send it again.")
        return await _again(page, approval_id, "", message, BAD_REQUEST)


async def _pass_on(page: Page, approval_id: str, form: FileForm) -> Response:
    path, back = f"/approvals/{segment(approval_id)}", form.fields.get("back", "")
    try:
        await page.gateway.upload(f"{path}/attachments", form.name, form.chunks, key=form.fields.get(KEY_FIELD) or None)
    except GatewayProblem as problem:
        return await _again(page, approval_id, back, _said(problem), problem.status)
    return page.redirect(f"{path}/edit" if back == EDIT else f"{path}#opportunity-files")


async def remove(request: Request) -> Response:
    """POST /approvals/{id}/attachments: `remove` names the file."""
    page, approval_id = Page.of(request), request.path_params["id"]
    form = await page.form()
    path, back = f"/approvals/{segment(approval_id)}", str(form.get("back", ""))
    file = segment(str(form.get("remove", "")))
    try:
        await page.gateway.send("DELETE", f"{path}/attachments/{file}", key=str(form.get(KEY_FIELD, "")) or None)
    except GatewayProblem as problem:
        return await _again(page, approval_id, back, _said(problem), problem.status)
    return page.redirect(f"{path}/edit" if back == EDIT else f"{path}#opportunity-files")


async def download(request: Request) -> Response:
    """GET /approvals/-/files/{id}/{file}; `?inline=1` for a browser to show it."""
    page = Page.of(request)
    approval_id, file = segment(request.path_params["id"]), segment(request.path_params["file"])
    inline = "?inline=true" if page.query("inline") else ""
    answer = await page.gateway.open(f"/approvals/{approval_id}/attachments/{file}{inline}")
    headers = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
    return StreamingResponse(answer.chunks, headers=headers)


async def _again(page: Page, approval_id: str, back: str, message: str, status: int) -> Response:
    """The page that the form stood on, saying why nothing was attached."""
    if back == EDIT:
        return await request_form.edit_with(page, approval_id, file_error=message, status=status)
    return await detail.show_with(page, approval_id, file_error=message, status=status)


def _said(problem: GatewayProblem) -> str:
    fields = "; ".join(dict.fromkeys(problem.field_errors.values()))
    return fields or problem.message or gettext("That did not work.")
