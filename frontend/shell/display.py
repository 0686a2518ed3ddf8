"""What can be chosen of how it looks: the display menu beside the bell, and the same in the command palette."""

from __future__ import annotations

from dataclasses import dataclass

from frontend.shell.preferences import LIST_ONLY, Preference, Preferences
from frontend.ui.i18n import gettext


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    text: str
    icon: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The choices of one preference."""

    name: Preference
    heading: str
    choices: tuple[Choice, ...]


def display(preferences: Preferences) -> list[Group]:
    split = LIST_ONLY if preferences.split == LIST_ONLY else "auto"
    return [
        _group(
            "theme",
            gettext("Theme"),
            preferences.theme,
            ("system", gettext("As the system"), "sun-moon"),
            ("light", gettext("Light"), "sun"),
            ("dark", gettext("Dark"), "moon"),
        ),
        _group(
            "density",
            gettext("Lists"),
            preferences.density,
            ("comfortable", gettext("Comfortable"), "rows-3"),
            ("compact", gettext("Compact"), "rows-4"),
        ),
        _group(
            "split",
            gettext("Inbox"),
            split,
            ("auto", gettext("List and request"), "columns-2"),
            (LIST_ONLY, gettext("List only"), "list"),
        ),
    ]


def _group(name: Preference, heading: str, now: str, *choices: tuple[str, str, str]) -> Group:
    return Group(name, heading, tuple(Choice(value, text, icon, value == now) for value, text, icon in choices))
