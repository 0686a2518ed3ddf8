"""Keeps the Japanese catalogues complete: `python -m frontend.ui.messages` updates, `--check` only tells.

Each package of `frontend` has `locale/ja.po` with the texts of its own templates and modules. A text that the library
already translates is not repeated elsewhere.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from frontend.ui.i18n import FRONTEND_ROOT

METHODS = [("templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "N_": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
# Babel reads this file with the Jinja settings of frontend.ui.templating.
_OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "extensions": "jinja2.ext.do"}}


def packages() -> Iterator[Path]:
    """The library first, then the packages that may lean on its texts."""
    folders = [folder.parent for folder in sorted(FRONTEND_ROOT.glob("*/templates"))]
    yield from sorted(folders, key=lambda folder: folder.name != "ui")


def _new_catalog() -> Catalog:
    return Catalog(locale="ja", charset="utf-8")


def extracted(package: Path) -> Catalog:
    catalog = _new_catalog()
    found = extract_from_dir(package, METHODS, _OPTIONS, keywords=KEYWORDS, comment_tags=("i18n:",))
    for _file, _line, message, comments, context in sorted(found, key=lambda entry: (entry[0], entry[1])):
        catalog.add(message, None, auto_comments=comments, context=context)
    return catalog


def stored(package: Path) -> Catalog:
    path = package / "locale" / "ja.po"
    if not path.exists():
        return _new_catalog()
    with path.open("rb") as source:
        return read_po(source, locale="ja")


def missing() -> list[str]:
    """`package: text` for every text without a Japanese translation."""
    library = stored(FRONTEND_ROOT / "ui")
    gaps: list[str] = []
    for package in packages():
        own = stored(package)
        for message in extracted(package):
            if not message.id:
                continue
            known = own.get(message.id, message.context) or library.get(message.id, message.context)
            if known is None or known.fuzzy or not known.string or not all(known.string):
                gaps.append(f"{package.name}: {message.id!r}")
    return gaps


def conflicts() -> list[str]:
    """Texts that two packages translate differently: they share one page, so the later would win everywhere."""
    seen: dict[object, tuple[str, object]] = {}
    found: list[str] = []
    for package in packages():
        for message in stored(package):
            if not message.id:
                continue
            first, text = seen.setdefault((message.context, message.id), (package.name, message.string))
            if text != message.string:
                found.append(f"{first} and {package.name} differ: {message.id!r}")
    return found


def update() -> None:
    """Write each package's catalogue anew: old translations kept, unused ones dropped, new ones left empty."""
    library = stored(FRONTEND_ROOT / "ui")
    for package in packages():
        own, fresh = stored(package), _new_catalog()
        for message in extracted(package):
            if not message.id or (package.name != "ui" and library.get(message.id, message.context)):
                continue
            known = own.get(message.id, message.context)
            fresh.add(message.id, known.string if known else None, context=message.context)
        path = package / "locale" / "ja.po"
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as sink:
            write_po(sink, fresh, width=110, omit_header=True, sort_output=True)


def main(arguments: list[str]) -> int:
    if "--check" not in arguments:
        update()
    faults = [f"no Japanese: {gap}" for gap in missing()] + conflicts()
    for fault in faults:
        print(fault, file=sys.stderr)  # noqa: T201 - a command speaks
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
