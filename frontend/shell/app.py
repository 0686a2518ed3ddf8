"""The shell as an app: `python -m deploy.serving frontend.shell.app:create_app`."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from frontend.shell import codec, finding, notifications, processes, signing_in
from frontend.shell.compose import Composer
from frontend.shell.compression import CompressPages
from frontend.shell.counts import Counts
from frontend.shell.csrf import is_same_origin
from frontend.shell.defaults import START_PAGES
from frontend.shell.layout import Pages
from frontend.shell.live import LiveHub
from frontend.shell.preferences import Preference, remember
from frontend.shell.readiness import Readiness
from frontend.shell.registry import Registry
from frontend.shell.sessions import Sessions, store_for
from frontend.shell.stopping import on_stop_signal
from frontend.shell.tokens import Tokens
from frontend.shell.upstream import Upstream
from frontend.shell.viewer import FORBIDDEN, SEE_OTHER, Handler, page_shown, signed_in
from frontend.ui.access import allows
from frontend.ui.assets import serve_asset
from frontend.ui.edge import Edge, usual_cap
from frontend.ui.gateway import UNAVAILABLE, GatewayClient
from frontend.ui.identity import signing_keys
from frontend.ui.page import is_fragment
from frontend.ui.security import SecurityHeaders, own_path
from frontend.ui.settings import FrontendSettings
from frontend.ui.telemetry import Observed

WRITE_METHODS = ["POST"]
NO_CONTENT = 204
PREFERENCES: tuple[Preference, ...] = ("locale", "theme", "density", "split")
STRANGERS_PATHS = frozenset({"/login", *(f"/preferences/{name}" for name in PREFERENCES)})
"""What can be sent without a session; only forms of a few short fields."""
STRANGERS_BODY_MAX = 8 * 1024
REMOTE_METHODS = ["GET", "POST"]


async def _start_page(request: Request) -> Response:
    """Where this person's work is: mostly the first page of the navigation that they may see."""
    registry: Registry = request.app.state.registry
    roles = request.state.viewer.session.roles
    seen = [entry.path for entry, _ in registry.entries() if allows(roles, entry.permission)]
    own = START_PAGES.get(frozenset(roles))
    return RedirectResponse(own if own in seen else next(iter(seen), "/notifications"), status_code=SEE_OTHER)


def _prefer(name: Preference) -> Handler:
    """POST /preferences/…: works on the sign-in page too, hence without a session; a wrong value changes nothing.

    It leads back to the page that was shown, with what its address says. A script that has changed the page itself
    already gets no page.
    """

    async def choose(request: Request) -> Response:
        if not is_same_origin(request):
            return PlainTextResponse("request from another site refused", status_code=FORBIDDEN)
        form = await request.form()
        response: Response
        if is_fragment(request):
            response = Response(status_code=NO_CONTENT)
        else:
            back = page_shown(request) or own_path(str(form.get("back", "/")))
            response = RedirectResponse(back, status_code=SEE_OTHER)
        remember(response, name, str(form.get("value", "")), secure=request.app.state.settings.secure_cookies)
        return response

    return choose


def _body_cap(scope: Scope) -> int:
    return STRANGERS_BODY_MAX if scope["path"] in STRANGERS_PATHS else usual_cap(scope)


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _ready(request: Request) -> Response:
    readiness: Readiness = request.app.state.readiness
    if await readiness.get():
        return PlainTextResponse("ready")
    return PlainTextResponse("sessions can't be read", status_code=UNAVAILABLE)


def create_app(settings: FrontendSettings | None = None) -> Starlette:
    """The shell with its lifespan: session store, gateway and remote connections, live streams."""
    chosen = settings or FrontendSettings()
    if chosen.session_keys is None:
        raise LookupError("RINGI_SESSION_KEYS is not set")
    client = GatewayClient(chosen)
    registry = Registry(chosen)
    upstream = Upstream(chosen, signing_keys(chosen.identity_keys))
    sessions = Sessions(store_for(chosen), chosen.session_keys)
    tokens = Tokens(client, sessions)
    counts = Counts(registry, upstream, client)
    pages = Pages(registry, counts)
    live = LiveHub(client, sessions, tokens, counts, pages, most_per_user=chosen.live_streams_per_user)
    composer = Composer(registry, upstream, pages)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await sessions.store.open()
        await client.open()
        await upstream.open()
        await registry.start(upstream.session)
        undo = on_stop_signal(live.close)
        yield
        undo()
        live.close()
        await registry.stop()
        await upstream.close()
        await client.close()
        await sessions.store.close()

    app = Starlette(
        routes=[
            Route("/healthz", _health),
            Route("/readyz", _ready),
            Route("/assets/{name}", serve_asset),
            Route(codec.PATH, codec.answer, methods=codec.METHODS),
            Route("/login", signing_in.show),
            Route("/login", signing_in.submit, methods=WRITE_METHODS),
            Route("/logout", signed_in(signing_in.sign_out), methods=WRITE_METHODS),
            *(Route(f"/preferences/{name}", _prefer(name), methods=WRITE_METHODS) for name in PREFERENCES),
            Route("/", signed_in(_start_page)),
            Route("/live", signed_in(live.stream)),
            Route("/palette", signed_in(finding.palette)),
            Route("/search", signed_in(finding.show)),
            Route("/notifications", signed_in(notifications.show)),
            Route("/notifications", signed_in(notifications.act), methods=WRITE_METHODS),
            Route("/processes", signed_in(processes.show_list)),
            Route("/processes/{id}", signed_in(processes.show_one)),
            Route("/processes/{id}", signed_in(processes.act), methods=WRITE_METHODS),
            Route("/{path:path}", signed_in(composer.answer), methods=REMOTE_METHODS),
        ],
        middleware=[
            Middleware(SecurityHeaders, https=chosen.public_url.startswith("https://")),
            Middleware(Edge, trusted_proxies=chosen.trusted_proxies, body_cap=_body_cap),
            Middleware(CompressPages),
            Middleware(Observed, name="shell", streams=("/live",)),
        ],
        lifespan=lifespan,
    )
    state = app.state
    state.readiness = Readiness(sessions.store)
    state.settings, state.gateway, state.registry, state.sessions = chosen, client, registry, sessions
    state.tokens, state.counts, state.pages, state.live = tokens, counts, pages, live
    return app
