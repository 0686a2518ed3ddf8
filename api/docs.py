"""The API's document as a page: no script, nothing from elsewhere, so that it works offline and under a strict CSP."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from api.calls import OPERATIONS, Document

STYLE: Final = """
:root{color-scheme:light dark}
body{font:16px/1.6 system-ui,sans-serif;margin:0}
main{max-width:64rem;margin:0 auto;padding:1rem}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;list-style:none}
details{border-block-end:1px solid color-mix(in srgb,currentColor 20%,transparent);padding:.35rem 0}
summary{cursor:pointer}
summary b{display:inline-block;min-width:4.5rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:start;vertical-align:top;padding:.2rem .8rem .2rem 0;font-weight:normal}
code{font-family:ui-monospace,monospace;font-size:.95em}
h3{font-size:1rem;margin:.6rem 0 .2rem}
"""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS: Final = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
     "form-action 'none'; frame-ancestors 'none'".encode()),
    (b"referrer-policy", b"no-referrer"),
)  # fmt: skip


def _shape(schema: Mapping[str, Any] | None) -> Markup:
    """A schema in a few words, with links to those that have a name."""
    if not schema:
        return Markup("")
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return Markup(" | ").join(_shape(option) for option in schema[choice])
    if "items" in schema:
        return Markup("{}[]").format(_shape(schema["items"]))
    if "enum" in schema:
        return Markup(", ").join(str(value) for value in schema["enum"])
    kind = schema.get("type", "any")
    words = " | ".join(kind) if isinstance(kind, list) else str(kind)
    return Markup("{}").format(f"{words} ({schema['format']})" if "format" in schema else words)


_environment = Environment(loader=PackageLoader("api"), autoescape=select_autoescape(), trim_blocks=True)
_environment.filters["shape"] = _shape


def page(document: Document) -> bytes:
    groups: dict[str, list[tuple[str, str, Document]]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in OPERATIONS:
                groups.setdefault((operation.get("tags") or ["other"])[0], []).append((path, method, operation))
    template = _environment.get_template("docs.html")
    return template.render(document=document, groups=groups, style=Markup(STYLE)).encode()  # noqa: S704 - a constant  # nosec B704
