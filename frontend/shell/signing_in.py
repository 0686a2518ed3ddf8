"""The sign-in page, its second step for those with TOTP, and signing out."""

from __future__ import annotations

import secrets
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from frontend.shell import csrf
from frontend.shell.preferences import Preferences
from frontend.shell.viewer import FORBIDDEN, SEE_OTHER, address_of_client, cookie_name, request_id_of
from frontend.ui.gateway import GatewayProblem, on_behalf_of
from frontend.ui.i18n import gettext, ngettext, use_locale
from frontend.ui.security import own_path

TOTP_NEEDED, TOTP_WRONG = "totp_required", "totp_invalid"
STEP_SECONDS = 180
CHALLENGE_MAX = 1024
TOO_MANY = 429
USER_AGENT_MAX = 300
"""Characters; shown in the list of sessions, by which people recognise their devices."""
_MAX_LENGTHS = {"email": 254, "password": 128, "totp": 16}


def _login_cookie(request: Request) -> str:
    return cookie_name(request.app.state.settings) + "-login"


def _challenge_cookie(request: Request) -> str:
    """Holds what auth has sealed about the right password, until the code is there; no password is kept anywhere."""
    return cookie_name(request.app.state.settings) + "-step"


def _render(request: Request, *, status: int = 200, **values: object) -> Response:
    """The sign-in page with a fresh form token, which is also the value of its cookie (double submit)."""
    preferences = Preferences.of(request)
    use_locale(preferences.locale)
    token = request.cookies.get(_login_cookie(request)) or secrets.token_urlsafe(24)
    shown = {"email": "", "error": "", "step": "password", "next": "/", **values}
    again = "/login" if shown["next"] == "/" else f"/login?next={quote(str(shown['next']), safe='/')}"
    html = request.app.state.pages.templates.get_template("shell/login.html").render(
        csrf=token, theme=preferences.theme, request_id=request_id_of(request), again=again, **shown
    )
    response = HTMLResponse(html, status_code=status)
    secure = request.app.state.settings.secure_cookies
    response.set_cookie(_login_cookie(request), token, httponly=True, secure=secure, samesite="lax", path="/")
    return response


async def show(request: Request) -> Response:
    """GET /login."""
    return _render(request, next=own_path(request.query_params.get("next")))


async def submit(request: Request) -> Response:
    """POST /login: password, or the code of the second step."""
    use_locale(Preferences.of(request).locale)
    form = await request.form()
    target = own_path(str(form.get("next", "/")))
    token = request.cookies.get(_login_cookie(request), "")
    if not csrf.is_same_origin(request):
        return PlainTextResponse("request from another site refused", status_code=FORBIDDEN)
    if not csrf.matches(token or "-", str(form.get(csrf.TOKEN_FIELD, ""))):
        message = gettext("Your browser did not keep the sign-in cookie. Allow cookies for this site and try again.")
        return _render(request, status=FORBIDDEN, error=message, next=target)
    given = {name: str(form.get(name, ""))[:length] for name, length in _MAX_LENGTHS.items()}
    challenge = request.cookies.get(_challenge_cookie(request), "")[:CHALLENGE_MAX]
    if given["totp"] and not given["password"] and not challenge:
        message = gettext("That took too long. Enter your password again.")
        return _render(request, status=FORBIDDEN, error=message, next=target)
    return await _sign_in(request, given, challenge, target)


async def _sign_in(request: Request, given: dict[str, str], challenge: str, target: str) -> Response:
    state = request.app.state
    headers = {
        "Accept-Language": Preferences.of(request).locale,
        "User-Agent": request.headers.get("user-agent", "")[:USER_AGENT_MAX],
        **on_behalf_of(address_of_client(request)),
    }
    try:
        code = given["totp"].replace(" ", "")
        if given["password"]:
            session = await state.tokens.sign_in(given["email"].strip(), given["password"], code, headers=headers)
        else:
            session = await state.tokens.sign_in_with_code(challenge, code, headers=headers)
    except GatewayProblem as problem:
        challenge = str(problem.document.get("challenge") or challenge)
        step = "totp" if challenge and problem.code in {TOTP_NEEDED, TOTP_WRONG} else "password"
        error = "" if problem.code == TOTP_NEEDED and not given["totp"] else _explanation(problem)
        page = _render(request, status=problem.status, error=error, step=step, email=given["email"], next=target)
        if step == "totp":
            page.set_cookie(
                _challenge_cookie(request),
                challenge,
                max_age=STEP_SECONDS,
                httponly=True,
                secure=state.settings.secure_cookies,
                samesite="lax",
                path="/",
            )
        if (seconds := _seconds_to_wait(problem)) is not None:
            page.headers["Retry-After"] = str(seconds)
        return page
    response = RedirectResponse(target, status_code=SEE_OTHER)
    session_id = await state.sessions.create(session)
    settings = state.settings
    response.set_cookie(
        cookie_name(settings), session_id, httponly=True, secure=settings.secure_cookies, samesite="lax", path="/"
    )
    for cookie in (_login_cookie(request), _challenge_cookie(request)):
        response.delete_cookie(cookie, path="/", secure=settings.secure_cookies, httponly=True)
    return response


def _explanation(problem: GatewayProblem) -> str:
    if problem.is_outage:
        return gettext("Signing in is not possible right now. Please try again in a moment.")
    if problem.status == TOO_MANY and not problem.detail:
        # From the gateway, before auth looked at anything: its limit on all sign-ins of one address.
        seconds = _seconds_to_wait(problem)
        if seconds is None:
            return gettext("Too many attempts. Please wait a moment.")
        return ngettext(
            "Too many sign-ins from here. Please try again in %(num)d second.",
            "Too many sign-ins from here. Please try again in %(num)d seconds.",
            seconds,
        ) % {"num": seconds}
    return problem.message or gettext("The e-mail address, password or code is not right.")


def _seconds_to_wait(problem: GatewayProblem) -> int | None:
    """What ``Retry-After`` of the API said, which auth's text says in words."""
    seconds = problem.document.get("retryAfter")
    return seconds if isinstance(seconds, int) else None


async def sign_out(request: Request) -> Response:
    """POST /logout."""
    viewer = request.state.viewer
    await request.app.state.tokens.sign_out(viewer.session_id, viewer.session, address=viewer.address)
    response = RedirectResponse("/login", status_code=SEE_OTHER)
    settings = request.app.state.settings
    response.delete_cookie(cookie_name(settings), path="/", secure=settings.secure_cookies, httponly=True)
    return response
