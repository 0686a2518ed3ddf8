"""Japanese and English. Source texts are English; each package keeps its Japanese in `locale/ja.po`.

The catalogues are read from `.po` at start, so that nothing has to be compiled before a page can be shown.
"""

from __future__ import annotations

import io
from contextvars import ContextVar
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = ("ja", "en")
DEFAULT_LOCALE = "ja"
ACCEPT_LANGUAGE_MAX = 200
"""Characters that are read; browsers send some dozens."""
FRONTEND_ROOT = Path(__file__).resolve().parent.parent

_locale: ContextVar[str] = ContextVar("ringi_locale", default=DEFAULT_LOCALE)


def current_locale() -> str:
    return _locale.get()


def use_locale(locale: str) -> None:
    """Set the locale of the running request; an unknown one means Japanese."""
    _locale.set(locale if locale in LOCALES else DEFAULT_LOCALE)


def babel_locale() -> Locale:
    return Locale.parse("ja_JP" if current_locale() == "ja" else "en_GB")


def preferred_locale(accept_language: str | None) -> str:
    """The best of ours for an `Accept-Language` header; Japanese when it names neither."""
    wanted = [part.split(";")[0].strip() for part in (accept_language or "")[:ACCEPT_LANGUAGE_MAX].split(",")]
    return negotiate_locale([tag.replace("-", "_") for tag in wanted if tag], list(LOCALES)) or DEFAULT_LOCALE


@lru_cache(maxsize=1)
def _japanese() -> GNUTranslations:
    merged: GNUTranslations | None = None
    for path in sorted(FRONTEND_ROOT.glob("*/locale/ja.po")):
        with path.open("rb") as source:
            catalog = read_po(source, locale="ja")
        compiled = io.BytesIO()
        write_mo(compiled, catalog)
        compiled.seek(0)
        part = GNUTranslations(compiled)
        if merged is None:
            merged = part
        else:
            merged._catalog.update(part._catalog)  # type: ignore[attr-defined]
    if merged is None:
        raise RuntimeError("no Japanese catalogue is installed")
    return merged


def translations() -> NullTranslations:
    return _japanese() if current_locale() == "ja" else NullTranslations()


def gettext(message: str) -> str:
    """The text in the current locale. Named `_` where it is called, so that extraction finds it."""
    return translations().gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    return translations().ngettext(singular, plural, count)


def pgettext(context: str, message: str) -> str:
    return translations().pgettext(context, message)


def npgettext(context: str, singular: str, plural: str, count: int) -> str:
    return translations().npgettext(context, singular, plural, count)
