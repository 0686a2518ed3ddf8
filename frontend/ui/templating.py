"""Jinja environments: autoescaped, strict about undefined names, with the shared macros, formats and texts."""

from __future__ import annotations

import uuid
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from frontend.ui import charts, customer_words, formats, kind_words, profile_words
from frontend.ui.access import allows
from frontend.ui.assets import built_assets
from frontend.ui.i18n import current_locale, gettext, ngettext, npgettext, pgettext
from frontend.ui.icons import icon

UI_TEMPLATES = Path(__file__).resolve().parent / "templates"


def build_environment(*template_folders: Path) -> Environment:
    """An environment that sees the given folders and the library's; names are `package/page.html`, `ui/part.html`."""
    environment = Environment(
        loader=FileSystemLoader([*template_folders, UI_TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    environment.install_gettext_callables(gettext, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext)  # type: ignore[attr-defined]
    environment.filters.update(
        money=formats.money,
        number=formats.number,
        filesize=formats.filesize,
        axis_number=formats.axis_number,
        whole=formats.whole,
        percent=formats.percent,
        day=formats.day,
        plan_day=formats.plan_day,
        clock=formats.clock,
        timestamp=formats.timestamp,
        exact=formats.exact,
        relative=formats.relative,
        due=formats.due,
        duration=formats.duration,
    )
    environment.tests["pressing"] = formats.is_pressing
    environment.globals.update(
        icon=icon,
        asset=lambda name: f"/assets/{built_assets()[name]}",
        new_key=lambda: str(uuid.uuid4()),
        locale=current_locale,
        allows=allows,
        chart=charts,
        customer_words=customer_words,
        kind_words=kind_words,
        profile_words=profile_words,
    )
    return environment
