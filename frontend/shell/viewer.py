"""The signed-in person behind a request to the shell, and the guard that every page but sign-in stands behind."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from frontend.shell import csrf
from frontend.shell.preferences import Preferences
from frontend.shell.sessions import Session, Sessions
from frontend.shell.tokens import Tokens
from frontend.ui.files import is_upload
from frontend.ui.gateway import GatewayClient, GatewayProblem, UserGateway
from frontend.ui.i18n import use_locale
from frontend.ui.identity import Identity
from frontend.ui.security import own_path
from frontend.ui.settings import FrontendSettings

SEE_OTHER, UNAUTHORIZED, FORBIDDEN = 303, 401, 403

Handler = Callable[[Request], Awaitable[Response]]


class _Pages(Protocol):
    async def outage(self, request: Request, preferences: Preferences, problem: GatewayProblem) -> Response: ...
    def stale_form(self, request: Request, back: str) -> Response: ...


@dataclass(frozen=True, slots=True)
class Viewer:
    """Everything that the shell knows about who is asking."""

    session_id: str
    session: Session
    preferences: Preferences
    request_id: str
    address: str = ""

    @property
    def identity(self) -> Identity:
        session = self.session
        return Identity(
            user_id=session.user_id,
            name=session.name,
            email=session.email,
            roles=frozenset(session.roles),
            locale=self.preferences.locale,
            theme=self.preferences.theme,
            access_token=session.access_token,
            csrf=session.csrf,
            request_id=self.request_id,
            address=self.address,
        )

    def gateway(self, client: GatewayClient) -> UserGateway:
        return UserGateway(
            client,
            self.session.access_token,
            self.preferences.locale,
            self.request_id,
            self.address,
        )


def cookie_name(settings: FrontendSettings) -> str:
    """`__Host-` binds the cookie to this host, path `/` and secure transport (RFC 6265bis)."""
    return "__Host-ringi" if settings.secure_cookies else "ringi"


def request_id_of(request: Request) -> str:
    given = request.headers.get("x-request-id", "")
    return given if given.isascii() and 0 < len(given) <= 64 and given.isprintable() else str(uuid.uuid4())


def address_of_client(request: Request) -> str:
    """The person's own address; `Edge` has asked our proxies for it."""
    return request.client.host if request.client else ""


def signed_in(handler: Handler) -> Handler:
    """Only with a living session; writes only from our own pages with the session's token."""

    async def guarded(request: Request) -> Response:
        preferences = Preferences.of(request)
        use_locale(preferences.locale)
        state = request.app.state
        session_id = request.cookies.get(cookie_name(state.settings), "")
        sessions: Sessions = state.sessions
        tokens: Tokens = state.tokens
        session = await sessions.read(session_id)
        if session is not None:
            try:
                session = await tokens.fresh(session_id, session, address=address_of_client(request))
            except GatewayProblem as problem:
                pages: _Pages = state.pages
                return await pages.outage(request, preferences, problem)
        if session is None:
            return to_sign_in(request)
        request.state.viewer = Viewer(
            session_id,
            session,
            preferences,
            request_id_of(request),
            address_of_client(request),
        )
        refusal = None
        if request.method not in csrf.SAFE_METHODS:
            refusal = await _refused_write(request, session)
        response = refusal or await handler(request)
        response.headers.setdefault("X-Request-ID", request.state.viewer.request_id)
        return response

    return guarded


async def _refused_write(request: Request, session: Session) -> Response | None:
    if not csrf.is_same_origin(request):
        return PlainTextResponse("request from another site refused", status_code=FORBIDDEN)
    if is_upload(request.scope):
        request.state.upload, token = await csrf.token_before_file(request)
    else:
        token = await csrf.token_in(request, await request.body())
    if not csrf.matches(session.csrf, token):
        pages: _Pages = request.app.state.pages
        return pages.stale_form(request, page_shown(request))
    return None


def page_shown(request: Request) -> str:
    """The page of ours that the browser shows while it asks for this; empty when it does not say."""
    shown = urlsplit(request.headers.get("hx-current-url") or request.headers.get("referer") or "")
    if shown.netloc != request.headers.get("host", "") or shown.path in {"", "/", "/login"}:
        return ""
    return own_path(shown.path + (f"?{shown.query}" if shown.query else ""), "")


def to_sign_in(request: Request) -> Response:
    """To the sign-in page, and back afterwards: to the page that was asked for, or whose form was sent."""
    is_part = request.headers.get("HX-Request") == "true"
    back = page_shown(request)
    if not is_part and request.method in csrf.SAFE_METHODS:
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = f"/login?next={quote(back, safe='/')}" if back not in {"", "/"} else "/login"
    if is_part:
        return Response(status_code=UNAUTHORIZED, headers={"HX-Redirect": target})
    return Response(status_code=SEE_OTHER, headers={"Location": target})
