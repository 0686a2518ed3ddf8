"""The layout around every page: navigation with counts, tools, dialogs. Rendered once, split where the page goes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from frontend.shell.counts import Counts
from frontend.shell.preferences import Preferences
from frontend.shell.registry import Registry
from frontend.shell.viewer import Viewer
from frontend.ui.access import allows
from frontend.ui.gateway import GatewayProblem
from frontend.ui.i18n import gettext, use_locale
from frontend.ui.manifest import NavEntry
from frontend.ui.templating import build_environment

PAGE_MARK = "<!--page-->"


@dataclass(frozen=True, slots=True)
class NavItem:
    path: str
    text: str
    icon: str
    key: str
    count: str
    is_current: bool
    is_down: bool


class Pages:
    """Renders the shell's own pages and the frame of the remotes' pages."""

    def __init__(self, registry: Registry, counts: Counts) -> None:
        self._registry = registry
        self._counts = counts
        self.templates = build_environment(Path(__file__).parent / "templates")

    def navigation(self, viewer: Viewer, path: str) -> dict[str, list[NavItem]]:
        groups: dict[str, list[NavItem]] = {"work": [], "admin": []}
        for entry, remote in self._registry.entries():
            if not allows(viewer.session.roles, entry.permission):
                continue
            is_down = remote is not None and not remote.is_available
            groups[entry.group].append(self._item(entry, viewer, path, is_down=is_down))
        return groups

    def _item(self, entry: NavEntry, viewer: Viewer, path: str, *, is_down: bool) -> NavItem:
        return NavItem(
            path=entry.path,
            text=entry.label.text(viewer.preferences.locale),
            icon=entry.icon,
            key=entry.path.strip("/").replace("/", "-"),
            count=self._counts.known(viewer.session.user_id, entry.path),
            is_current=path == entry.path or path.startswith(entry.path + "/"),
            is_down=is_down,
        )

    def frame(self, viewer: Viewer, path: str, title: str, assets: tuple[str, ...] = ()) -> tuple[str, str]:
        """Everything before and after the page."""
        html = self.templates.get_template("shell/layout.html").render(
            me=viewer.identity,
            csrf=viewer.session.csrf,
            navigation=self.navigation(viewer, path),
            unread=self._counts.known(viewer.session.user_id, "/notifications"),
            title=title,
            path=path,
            theme=viewer.preferences.theme,
            assets=assets,
            page_mark=PAGE_MARK,
            request_id=viewer.request_id,
        )
        head, _, tail = html.partition(PAGE_MARK)
        return head, tail

    def fragment(self, viewer: Viewer, template: str, **values: Any) -> str:
        """A part of one of the shell's own pages."""
        return self.templates.get_template(template).render(
            me=viewer.identity, csrf=viewer.session.csrf, request_id=viewer.request_id, **values
        )

    def show(self, request: Request, title: str, template: str, *, status: int = 200, **values: Any) -> Response:
        """One of the shell's own pages in its frame, or alone when htmx asked for it."""
        viewer: Viewer = request.state.viewer
        body = self.fragment(viewer, template, here=str(request.url.path), **values)
        headers = {"Vary": "HX-Request"}
        if is_fragment(request):
            return HTMLResponse(body, status_code=status, headers=headers)
        head, tail = self.frame(viewer, request.url.path, title)
        return HTMLResponse(head + body + tail, status_code=status, headers=headers)

    def problem(self, request: Request, problem: GatewayProblem) -> Response:
        """A page of the shell's own that the gateway could not serve."""
        title = gettext("Temporarily unavailable") if problem.is_outage else gettext("That did not work")
        return self.show(request, title, "shell/problem.html", status=problem.status, problem=problem)

    async def outage(self, request: Request, preferences: Preferences, problem: GatewayProblem) -> Response:
        """Nobody can be recognised right now, because auth does not answer."""
        use_locale(preferences.locale)
        html = self.templates.get_template("shell/outage.html").render(
            theme=preferences.theme, retry=request.url.path, message=problem.message
        )
        return HTMLResponse(html, status_code=503)


def is_fragment(request: Request) -> bool:
    headers = request.headers
    return headers.get("HX-Request") == "true" and headers.get("HX-History-Restore-Request") != "true"
