"""The process pages: what runs across services, step by step, with what ops can do about it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.shell.layout import Pages
from frontend.shell.viewer import SEE_OTHER, Viewer
from frontend.ui.gateway import GatewayProblem, UserGateway, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import KEY_FIELD, is_fragment
from frontend.ui.views import Process

ACTIONS = ("retry", "compensate")
STATUSES = ("REQUESTED", "RUNNING", "NEEDS_ATTENTION", "COMPLETED", "COMPENSATED")


async def show_list(request: Request) -> Response:
    """GET /processes, filtered by status."""
    pages: Pages = request.app.state.pages
    viewer: Viewer = request.state.viewer
    gateway = viewer.gateway(request.app.state.gateway)
    status = request.query_params.get("status", "")
    cursor = request.query_params.get("cursor", "")
    try:
        answer = await gateway.get("/sagas", status=status if status in STATUSES else "", cursor=cursor)
    except GatewayProblem as problem:
        return pages.problem(request, problem)
    processes = [Process.model_validate(item) for item in answer["items"]]
    template = "shell/process_rows.html" if cursor and is_fragment(request) else "shell/processes.html"
    return pages.show(
        request,
        gettext("Processes"),
        template,
        processes=processes,
        shown_status=status,
        next_cursor=answer.get("nextCursor"),
    )


async def show_one(request: Request) -> Response:
    """GET /processes/{id}: the whole page, or the moving part of it for the page's own refresh."""
    pages: Pages = request.app.state.pages
    viewer: Viewer = request.state.viewer
    gateway = viewer.gateway(request.app.state.gateway)
    live = is_fragment(request) and request.query_params.get("part") == "live"
    try:
        answer = await gateway.get(f"/sagas/{segment(request.path_params['id'])}")
    except GatewayProblem as problem:
        if live and problem.is_outage:
            response = pages.show(request, gettext("Process"), "shell/process_waits.html", status=problem.status)
            response.headers["HX-Reswap"] = "none"
            return response
        return pages.problem(request, problem)
    process = Process.model_validate(answer)
    if live:
        return pages.show(request, gettext("Process"), "shell/process_live.html", process=process)
    named = await _named(gateway, process)
    return pages.show(request, gettext("Process"), "shell/process.html", process=named, error="")


async def act(request: Request) -> Response:
    """POST /processes/{id}: `action` is retry or compensate; the gateway checks who may."""
    viewer: Viewer = request.state.viewer
    gateway = viewer.gateway(request.app.state.gateway)
    form = await request.form()
    process_id, action = request.path_params["id"], str(form.get("action", ""))
    if action not in ACTIONS:
        return RedirectResponse(f"/processes/{segment(process_id)}", status_code=SEE_OTHER)
    try:
        await gateway.send(
            "POST", f"/sagas/{segment(process_id)}/{action}", {}, key=str(form.get(KEY_FIELD, "")) or None
        )
    except GatewayProblem as problem:
        return await _not_done(request, gateway, process_id, action, problem)
    return RedirectResponse(f"/processes/{segment(process_id)}", status_code=SEE_OTHER)


async def _not_done(
    request: Request, gateway: UserGateway, process_id: str, action: str, problem: GatewayProblem
) -> Response:
    """The process as it is, with the reason. No answer may still mean that it was accepted: the process tells."""
    pages: Pages = request.app.state.pages
    try:
        process = Process.model_validate(await gateway.get(f"/sagas/{segment(process_id)}"))
    except GatewayProblem:
        return pages.problem(request, problem)
    if problem.is_outage and action == "compensate" and process.is_being_undone:
        return RedirectResponse(f"/processes/{segment(process_id)}", status_code=SEE_OTHER)
    error = problem.message
    if problem.is_outage:
        error = gettext("No answer has come. If it was accepted, you will see it here; otherwise try again.")
    named = await _named(gateway, process)
    title = gettext("Process")
    return pages.show(request, title, "shell/process.html", status=problem.status, process=named, error=error)


async def _named(gateway: UserGateway, process: Process) -> Process:
    """With the names that only the list tells: whom it is about, and who started it."""
    try:
        answer = await gateway.get("/sagas", resourceId=process.resource_id or "", type=process.type)
    except GatewayProblem:
        return process  # how far it is can be told without them
    listed = next((Process.model_validate(item) for item in answer["items"] if item["id"] == process.id), process)
    return process.model_copy(update={"resource_name": listed.resource_name, "actor_name": listed.actor_name})
