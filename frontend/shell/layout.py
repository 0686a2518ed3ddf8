"""The layout around every page: navigation with counts, tools, dialogs. Rendered once, split where the page goes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from frontend.shell.counts import Counts
from frontend.shell.csrf import SAFE_METHODS
from frontend.shell.display import display
from frontend.shell.preferences import Preferences
from frontend.shell.registry import Registry
from frontend.shell.viewer import FORBIDDEN, UNAUTHORIZED, Viewer, request_id_of, to_sign_in
from frontend.ui.access import allows
from frontend.ui.gateway import GatewayProblem
from frontend.ui.i18n import gettext, use_locale
from frontend.ui.manifest import NavEntry
from frontend.ui.page import is_fragment, is_part, page_around
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
            display=display(viewer.preferences),
            density=viewer.preferences.density,
            split=viewer.preferences.split,
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
        body = self.fragment(viewer, template, **values)
        headers = {"Vary": "HX-Request"}
        if is_fragment(request):
            return HTMLResponse(body, status_code=status, headers=headers)
        head, tail = self.frame(viewer, request.url.path, title)
        return HTMLResponse(head + body + tail, status_code=status, headers=headers)

    def problem(self, request: Request, problem: GatewayProblem) -> Response:
        """A page or part of the shell's own that the gateway could not serve."""
        if problem.status == UNAUTHORIZED:
            return to_sign_in(request)
        template = "ui/problem_part.html" if is_part(request) else "shell/problem.html"
        retry = page_around(request, address_of(request))
        return self.show(request, problem.heading, template, status=problem.status, problem=problem, retry=retry)

    def stale_form(self, request: Request, back: str) -> Response:
        """A form of an earlier sign-in: its token is no longer good, and nothing was done. `back` is its page."""
        title = gettext("Nothing was saved")
        return self.show(request, title, "shell/stale_form.html", status=FORBIDDEN, heading=title, back=back or "/")

    async def outage(self, request: Request, preferences: Preferences, problem: GatewayProblem) -> Response:
        """Nobody can be recognised right now, because auth does not answer."""
        use_locale(preferences.locale)
        retry = page_around(request, address_of(request)) if request.method in SAFE_METHODS else "/"
        if is_part(request):
            html = self.templates.get_template("ui/problem_part.html").render(
                problem=problem, retry=retry, request_id=request_id_of(request)
            )
            # What asked stays, so that a part which refreshes itself comes back by itself.
            return HTMLResponse(html, status_code=problem.status, headers={"HX-Reswap": "innerHTML"})
        html = self.templates.get_template("shell/outage.html").render(theme=preferences.theme, retry=retry)
        return HTMLResponse(html, status_code=problem.status)


def address_of(request: Request) -> str:
    """Path and query, as the browser asked for them."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
