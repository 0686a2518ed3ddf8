"""The codec server for Temporal's UI: its pages may have payloads decoded in the name of who is signed in.

In the UI: endpoint `{public URL}/temporal`, with cross-origin credentials. The browser then sends the session's cookie,
where both are on one site (`SameSite=Lax`). No form token is asked for: no page but the UI's is answered at all, and
nothing is changed. An access token that the UI passes on is its own sign-in's, not ours, and is not looked at.
"""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from frontend.shell.preferences import Preferences
from frontend.shell.sessions import Session
from frontend.shell.viewer import (
    FORBIDDEN,
    UNAUTHORIZED,
    Viewer,
    address_of_client,
    cookie_name,
    request_id_of,
)
from frontend.ui.gateway import BAD_REQUEST, GatewayProblem
from frontend.ui.i18n import use_locale

PATH = "/temporal/decode"
METHODS = ["OPTIONS", "POST"]
_NO_CONTENT = 204
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST",
    # What the UI sends, with each of its settings.
    "Access-Control-Allow-Headers": "content-type, x-namespace, authorization, authorization-extras",
    "Access-Control-Max-Age": "600",
}


def origin_of(url: str | None) -> str | None:
    """As browsers write it (RFC 6454): without a path, without the scheme's usual port."""
    if not url:
        return None
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if parts.port in (None, usual) else f":{parts.port}")


async def answer(request: Request) -> Response:
    """OPTIONS and POST /temporal/decode."""
    origin = origin_of(request.app.state.settings.temporal_ui_url)
    if origin is None or request.headers.get("origin") != origin:
        return PlainTextResponse("request from another site refused", status_code=FORBIDDEN)
    if request.method == "OPTIONS":
        response = Response(status_code=_NO_CONTENT, headers=_PREFLIGHT)
    else:
        response = await _decoded(request)
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Allow-Credentials"] = "true"
    response.headers["Vary"] = "Origin"
    return response


async def _decoded(request: Request) -> Response:
    state = request.app.state
    preferences = Preferences.of(request)
    use_locale(preferences.locale)
    session_id = request.cookies.get(cookie_name(state.settings), "")
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        return PlainTextResponse("not JSON", status_code=BAD_REQUEST)
    try:
        session: Session | None = await state.sessions.read(session_id)
        if session is not None:
            session = await state.tokens.fresh(session_id, session, address=address_of_client(request))
        if session is None:
            return PlainTextResponse("not signed in", status_code=UNAUTHORIZED)
        viewer = Viewer(session_id, session, preferences, request_id_of(request), address_of_client(request))
        namespace = request.headers.get("x-namespace")
        headers = viewer.gateway(state.gateway).headers({} if namespace is None else {"X-Namespace": namespace})
        decoded = await state.gateway.call("POST", "/auth/temporal/decode", headers=headers, body=body)
    except GatewayProblem as problem:
        return PlainTextResponse(problem.message, status_code=problem.status)
    return JSONResponse(decoded.body)
