"""What somebody chose of how it looks: cookies, so that the sign-in page has them too and the first paint is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import Response

from frontend.ui.i18n import LOCALES, preferred_locale

Preference = Literal["locale", "theme", "density", "split"]

THEMES = ("system", "light", "dark")
DENSITIES = ("comfortable", "compact")
LIST_ONLY = "list"
SPLIT_MIN, SPLIT_MAX, SPLIT_STEP = 30, 76, 2
SPLITS = ("auto", LIST_ONLY, *(str(share) for share in range(SPLIT_MIN, SPLIT_MAX + 1, SPLIT_STEP)))
"""Of the inbox: as the window is wide, the list alone, or its share beside the request in percent. Each share has its
rule in the stylesheet of the inbox."""

_CHOICES: Final[dict[Preference, tuple[str, ...]]] = {
    "locale": tuple(LOCALES),
    "theme": THEMES,
    "density": DENSITIES,
    "split": SPLITS,
}
_YEAR_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Preferences:
    locale: str
    theme: str
    density: str = DENSITIES[0]
    split: str = SPLITS[0]

    @classmethod
    def of(cls, request: Request) -> Preferences:
        def chosen(name: Preference) -> str:
            value = request.cookies.get(f"ringi_{name}", "")
            return value if value in _CHOICES[name] else ""

        return cls(
            chosen("locale") or preferred_locale(request.headers.get("accept-language")),
            chosen("theme") or THEMES[0],
            chosen("density") or DENSITIES[0],
            chosen("split") or SPLITS[0],
        )


def remember(response: Response, name: Preference, value: str, *, secure: bool) -> None:
    """Keep a choice for a year; a value that is none of ours is dropped."""
    if value in _CHOICES[name]:
        response.set_cookie(
            f"ringi_{name}", value, max_age=_YEAR_SECONDS, httponly=True, secure=secure, samesite="lax", path="/"
        )
