"""The notifications page. It belongs to the shell, which holds the live stream and the bell (ADR 0009)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.shell.layout import Pages
from frontend.shell.viewer import SEE_OTHER, Viewer
from frontend.ui.gateway import GatewayProblem, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import KEY_FIELD, is_fragment
from frontend.ui.views import Notification

# Where the thing that a notification is about can be seen.
_PLACES = {
    "approval": "/approvals/{id}",
    "proxy": "/absences",
    "customer": "/customers/{id}",
    "meeting": "/meetings/{id}",
    "task": "/tasks/{id}",
    "process": "/processes/{id}",
    "saga": "/processes/{id}",
    "webhook": "/webhooks/{id}",
}


def place_of(notification: Notification) -> str:
    """The page of what it is about; empty when there is none."""
    pattern = _PLACES.get((notification.resource_type or "").lower())
    return pattern.format(id=segment(notification.resource_id)) if pattern and notification.resource_id else ""


async def show(request: Request) -> Response:
    """GET /notifications: all, or only the unread."""
    pages: Pages = request.app.state.pages
    viewer: Viewer = request.state.viewer
    only_unread = request.query_params.get("only") == "unread"
    cursor = request.query_params.get("cursor", "")
    path = "/notifications/unread" if only_unread else "/notifications"
    try:
        answer = await viewer.gateway(request.app.state.gateway).get(path, cursor=cursor)
    except GatewayProblem as problem:
        return pages.problem(request, problem)
    notifications = [Notification.model_validate(item) for item in answer["items"]]
    template = "shell/notification_rows.html" if cursor and is_fragment(request) else "shell/notifications.html"
    return pages.show(
        request,
        gettext("Notifications"),
        template,
        notifications=notifications,
        places={item.id: place_of(item) for item in notifications},
        only_unread=only_unread,
        next_cursor=answer.get("nextCursor"),
    )


async def act(request: Request) -> Response:
    """POST /notifications: `action` is read (and go where it leads), read-all or delete."""
    pages: Pages = request.app.state.pages
    viewer: Viewer = request.state.viewer
    gateway = viewer.gateway(request.app.state.gateway)
    form = await request.form()
    key, one = str(form.get(KEY_FIELD, "")) or None, str(form.get("id", ""))
    action = str(form.get("action", "read"))
    target = "/notifications"
    try:
        if action == "read-all":
            await gateway.send("PATCH", "/notifications/read-all", {}, key=key)
        elif action == "delete":
            await gateway.send("DELETE", f"/notifications/{segment(one)}")
        else:
            await gateway.send("PATCH", f"/notifications/{segment(one)}/read", {}, key=key)
            target = str(form.get("to") or target)
    except GatewayProblem as problem:
        return pages.problem(request, problem)
    await request.app.state.counts.refresh(viewer)
    return RedirectResponse(_known_place(target), status_code=SEE_OTHER)


def _known_place(target: str) -> str:
    """Only pages that notifications lead to."""
    roots = {pattern.split("{", 1)[0] for pattern in _PLACES.values()}
    return target if any(target.startswith(root) for root in roots) else "/notifications"
