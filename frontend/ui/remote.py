"""How a remote app is built: manifest, identity check, gateway client, templates, texts, forms, problems.

A remote is a Starlette app of its own that answers with the page's fragment; the shell puts the layout around it.
It takes part in no session: each request brings a signed identity (`frontend.ui.identity`).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from frontend.ui import identity as identities
from frontend.ui.assets import ASSET_MARK, serve_asset
from frontend.ui.edge import Edge
from frontend.ui.gateway import NOT_FOUND, GatewayClient, GatewayProblem
from frontend.ui.i18n import use_locale
from frontend.ui.manifest import MANIFEST_PATH, RemoteManifest
from frontend.ui.page import Page, is_part, page_around
from frontend.ui.settings import FrontendSettings
from frontend.ui.telemetry import Observed
from frontend.ui.templating import build_environment

HEALTH_PATH = "/healthz"
_OPEN_PATHS = frozenset({MANIFEST_PATH, HEALTH_PATH})
_UNAUTHORIZED, _METHOD_NOT_ALLOWED = 401, 405
_log = logging.getLogger("ringi.frontend.remote")


@dataclass(frozen=True, slots=True)
class Remote:
    """What distinguishes one remote from another. `folder` holds its `templates/`."""

    manifest: RemoteManifest
    routes: Sequence[BaseRoute]
    folder: Path

    @property
    def name(self) -> str:
        return self.manifest.name


class IdentityGuard:
    """ASGI middleware: nothing but manifest, health and assets is answered without the shell's signed note."""

    def __init__(self, app: ASGIApp, *, audience: str, keys: Sequence[bytes]) -> None:
        self._app = app
        self._audience = audience
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = Request(scope).url.path if scope["type"] == "http" else ""
        if scope["type"] != "http" or _is_open(path, scope.get("root_path", "")):
            await self._app(scope, receive, send)
            return
        note = Request(scope).headers.get(identities.IDENTITY_HEADER)
        try:
            who = identities.verify(note, audience=self._audience, keys=self._keys)
        except identities.IdentityRefused as refusal:
            _log.warning("identity refused: %s", refusal)
            await PlainTextResponse("identity refused", status_code=_UNAUTHORIZED)(scope, receive, send)
            return
        use_locale(who.locale)
        scope.setdefault("state", {})["identity"] = who
        await self._app(scope, receive, send)


def _is_open(path: str, root_path: str) -> bool:
    inner = path.removeprefix(root_path)
    return inner in _OPEN_PATHS or ASSET_MARK in inner


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _gateway_problem(request: Request, problem: Exception) -> Response:
    """A problem that no handler has dealt with becomes a page that says what happened and what to do."""
    assert isinstance(problem, GatewayProblem)
    if problem.status == _UNAUTHORIZED:
        return PlainTextResponse("signed out", status_code=_UNAUTHORIZED)
    return _problem_page(Page.of(request), problem)


async def _no_page(request: Request, error: Exception) -> Response:
    """An address without a page looks like that of a record that is gone; so does one that only takes forms."""
    assert isinstance(error, HTTPException)
    has_page = hasattr(request.state, "identity")  # assets and manifests are asked for without one
    if not has_page or error.status_code not in {NOT_FOUND, _METHOD_NOT_ALLOWED}:
        return PlainTextResponse(error.detail, status_code=error.status_code, headers=error.headers)
    response = _problem_page(Page.of(request), GatewayProblem(NOT_FOUND, {}), status=error.status_code)
    response.headers.update(error.headers or {})
    return response


def _problem_page(page: Page, problem: GatewayProblem, *, status: int = 0) -> Response:
    """The whole page, or the part alone that htmx wanted to put into one."""
    template = "ui/problem_part.html" if is_part(page.request) else "ui/problem.html"
    retry = page_around(page.request, page.here())
    return page.render(template, status=status or problem.status, problem=problem, retry=retry)


def build_remote(remote: Remote, settings: FrontendSettings | None = None) -> Starlette:
    """The remote as an app: to be served alone (`uvicorn --factory`) or mounted at `/_remote/{name}`."""
    chosen = settings or FrontendSettings()
    client = GatewayClient(chosen)
    document = remote.manifest.model_dump(by_alias=True, mode="json")

    async def manifest(_request: Request) -> Response:
        return JSONResponse(document, headers={"Cache-Control": "no-cache"})

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await client.open()
        yield
        await client.close()

    asset_routes = [Route(f"{page.prefix}{ASSET_MARK}{{name}}", serve_asset) for page in remote.manifest.routes[:1]]
    app = Starlette(
        routes=[Route(MANIFEST_PATH, manifest), Route(HEALTH_PATH, _health), *asset_routes, *remote.routes],
        middleware=[
            Middleware(Edge, trusted_proxies=chosen.trusted_proxies),
            Middleware(
                IdentityGuard,
                audience=remote.name,
                keys=identities.signing_keys(chosen.identity_keys),
            ),
            Middleware(Observed, name=f"remote-{remote.name}"),
        ],
        exception_handlers={GatewayProblem: _gateway_problem, HTTPException: _no_page},
        lifespan=lifespan,
    )
    app.state.gateway = client
    app.state.templates = build_environment(remote.folder / "templates")
    return app
