"""A form of a page as a browser without scripts fills it in and sends it (HTML, "Constructing the entry list")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

_DATE = re.compile(r"\d{4,}-\d\d-\d\d")
_CLOCK = re.compile(r"\d\d:\d\d(:\d\d)?")
_BOXES = {"checkbox", "radio"}
_NO_VALUES = {"submit", "button", "reset", "image", "file"}


@dataclass
class _Select:
    name: str
    values: list[str] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)


@dataclass
class HtmlForm:
    """`entries` are sent in order; boxes that are not ticked are none."""

    action: str
    entries: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, changes: Mapping[str, str | list[str]]) -> list[tuple[str, str]]:
        """What is sent after somebody has filled some inputs in; line ends go as CRLF."""
        kept = [(name, value) for name, value in self.entries if name not in changes]
        added = [
            (name, one) for name, value in changes.items() for one in ([value] if isinstance(value, str) else value)
        ]
        return [(name, re.sub(r"\r\n?|\n", "\r\n", value)) for name, value in kept + added]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[HtmlForm] = []
        self._form: HtmlForm | None = None
        self._select: _Select | None = None
        self._area: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = HtmlForm(given.get("action", ""))
            self.forms.append(self._form)
        elif self._form is None:
            return
        elif tag == "input":
            self._input(self._form, given)
        elif tag == "select":
            self._select = _Select(given["name"])
        elif tag == "option" and self._select is not None:
            self._select.values.append(given["value"])
            if "selected" in given:
                self._select.chosen.append(given["value"])
        elif tag == "textarea":
            self._area = (given["name"], [])

    @staticmethod
    def _input(form: HtmlForm, given: dict[str, str]) -> None:
        kind, name, value = given.get("type", "text"), given.get("name", ""), given.get("value", "")
        if not name or kind in _NO_VALUES or (kind in _BOXES and "checked" not in given):
            return
        if (kind == "date" and not _DATE.fullmatch(value)) or (kind == "time" and not _CLOCK.fullmatch(value)):
            value = ""
        elif kind not in {"hidden", *_BOXES}:
            value = re.sub(r"[\r\n]", "", value)
        form.entries.append((name, value))

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select" and self._select is not None and self._form is not None:
            chosen = self._select.chosen[-1:] or self._select.values[:1]
            self._form.entries += [(self._select.name, value) for value in chosen]
            self._select = None
        elif tag == "textarea" and self._area is not None and self._form is not None:
            name, parts = self._area
            text = re.sub(r"\r\n?", "\n", "".join(parts)).removeprefix("\n")
            self._form.entries.append((name, text))
            self._area = None


def forms_in(html: str) -> list[HtmlForm]:
    reader = _Reader()
    reader.feed(html)
    return reader.forms


def form_to(html: str, action: str) -> HtmlForm:
    """The form of the page that leads there; of several the one with the most to fill in."""
    found = [form for form in forms_in(html) if form.action == action]
    assert found, f"no form leads to {action}"
    return max(found, key=lambda form: len(form.entries))
