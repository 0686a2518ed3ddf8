"""Lucide icons, inlined so that they take the colour of the text and need no request of their own."""

from __future__ import annotations

import re
from functools import lru_cache

from markupsafe import Markup

from frontend.ui.assets import BUILD_FOLDER

_BODY = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


@lru_cache(maxsize=512)
def icon(name: str, extra: str = "") -> Markup:
    """The named icon as decoration; texts beside it or an `aria-label` around it carry the meaning."""
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise ValueError(f"not the name of an icon: {name!r}")
    found = _BODY.search((BUILD_FOLDER / "icons" / f"{name}.svg").read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{name}.svg holds no drawing")
    body = " ".join(found[1].split())
    classes = f"ico {extra}".strip()
    return Markup(  # noqa: S704 - own build output, the name is checked above  # nosec B704
        f'<svg class="{classes}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
        f'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{body}</svg>'
    )
