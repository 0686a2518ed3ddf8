"""Search across services: the page behind the search box, and the command palette."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from frontend.shell.display import display
from frontend.shell.layout import Pages
from frontend.shell.viewer import Viewer
from frontend.ui.access import allows
from frontend.ui.gateway import GatewayProblem, segment
from frontend.ui.i18n import gettext

MIN_LENGTH = 2
PALETTE_LIMIT = 8
_PLACES = {
    "customer": ("/customers", "user"),
    "approval": ("/approvals", "inbox"),
    "meeting": ("/meetings", "calendar-days"),
    "task": ("/tasks", "list-checks"),
    "user": ("/users", "user-cog"),
}


@dataclass(frozen=True, slots=True)
class Hit:
    """`form` and `value`: what is sent instead of going to `href`, by a form of the page around."""

    href: str
    icon: str
    text: str
    note: str
    form: str = ""
    value: str = ""


def hits_in(answer: dict[str, Any]) -> list[Hit]:
    """What `GET /search` found, as far as there is a page for it."""
    found = []
    for item in answer.get("items", ()):
        kind = str(item.get("type") or item.get("resourceType") or "").lower()
        if kind not in _PLACES or kind == "user":
            continue
        root, icon = _PLACES[kind]
        text = str(item.get("title") or item.get("name") or item.get("id"))
        note = str(item.get("subtitle") or item.get("number") or item.get("state") or "")
        found.append(Hit(f"{root}/{segment(item['id'])}", icon, text, note))
    return found


async def _search(request: Request, text: str) -> list[Hit]:
    viewer: Viewer = request.state.viewer
    if len(text) < MIN_LENGTH:
        return []
    return hits_in(await viewer.gateway(request.app.state.gateway).get("/search", q=text))


async def show(request: Request) -> Response:
    """GET /search?q="""
    pages: Pages = request.app.state.pages
    text = request.query_params.get("q", "").strip()[:100]
    try:
        hits = await _search(request, text)
    except GatewayProblem as problem:
        return pages.problem(request, problem)
    return pages.show(request, gettext("Search"), "shell/search.html", text=text, hits=hits, min_length=MIN_LENGTH)


async def palette(request: Request) -> Response:
    """GET /palette?q=: pages and commands that match, then what the search finds."""
    pages: Pages = request.app.state.pages
    viewer: Viewer = request.state.viewer
    text = request.query_params.get("q", "").strip()[:100]
    commands = [
        Hit(item.path, item.icon, item.text, gettext("Go to"))
        for group in pages.navigation(viewer, "").values()
        for item in group
    ]
    commands.append(Hit("/notifications", "bell", gettext("Notifications"), gettext("Go to")))
    if allows(viewer.session.roles, "approval:request"):
        commands.append(Hit("/approvals/new", "plus", gettext("New request"), gettext("Create")))
    commands += _display_commands(viewer)
    matching = [hit for hit in commands if text.casefold() in hit.text.casefold()]
    failed = False
    hits: list[Hit] = []
    try:
        hits = (await _search(request, text))[:PALETTE_LIMIT]
    except GatewayProblem:
        failed = True
    html = pages.fragment(viewer, "shell/palette.html", commands=matching, hits=hits, failed=failed, text=text)
    return HTMLResponse(html)


def _display_commands(viewer: Viewer) -> list[Hit]:
    """What the display menu offers and is not so already."""
    return [
        Hit(
            "",
            choice.icon,
            f"{group.heading}: {choice.text}",
            gettext("Display"),
            f"display-{group.name}",
            choice.value,
        )
        for group in display(viewer.preferences)
        for choice in group.choices
        if not choice.is_current
    ]
