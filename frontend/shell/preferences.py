"""Language and theme: cookies, so that the sign-in page has them too and the first paint is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from frontend.ui.i18n import LOCALES, preferred_locale

LOCALE_COOKIE = "ringi_locale"
THEME_COOKIE = "ringi_theme"
THEMES = ("system", "light", "dark")
_YEAR_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Preferences:
    locale: str
    theme: str

    @classmethod
    def of(cls, request: Request) -> Preferences:
        locale = request.cookies.get(LOCALE_COOKIE, "")
        theme = request.cookies.get(THEME_COOKIE, "")
        return cls(
            locale if locale in LOCALES else preferred_locale(request.headers.get("accept-language")),
            theme if theme in THEMES else "system",
        )


def remember(response: Response, name: Literal["locale", "theme"], value: str, *, secure: bool) -> None:
    """Keep a choice for a year; a value that is none of ours is dropped."""
    allowed, cookie = (LOCALES, LOCALE_COOKIE) if name == "locale" else (THEMES, THEME_COOKIE)
    if value in allowed:
        response.set_cookie(
            cookie, value, max_age=_YEAR_SECONDS, httponly=True, secure=secure, samesite="lax", path="/"
        )
