"""`.env.example`: every setting with its default, its meaning and who reads it."""

import textwrap
from collections.abc import Iterator
from typing import Final

from deploy.settings.catalogue import ALL, Setting, sections

WIDTH: Final = 118
_HEAD: Final = """\
# Every setting of Ringi CRM. Made from the settings classes: ringi env --example > .env.example
#
# For docker compose, copy the lines that you change to .env and let `ringi keys generate --env-file .env` make all keys
# and passwords. A secret may also stand in a file, named by the same variable with _FILE at its end.
# What is commented out has the value that is shown, or none.
"""


def example_file() -> str:
    return _HEAD + "".join(_section(title, settings) for title, settings in sections() if settings)


def _section(title: str, settings: list[Setting]) -> str:
    return f"\n# {title} {'-' * (WIDTH - len(title) - 3)}\n" + "".join(map(_entry, settings))


def _entry(setting: Setting) -> str:
    return "".join(f"{line}\n" for line in _lines(setting))


def _lines(setting: Setting) -> Iterator[str]:
    yield ""
    for line in textwrap.wrap(setting.meaning, WIDTH - 2, break_on_hyphens=False):
        yield f"# {line}"
    readers = "all processes" if setting.readers == ALL else ", ".join(setting.readers)
    yield from (f"# {line}" for line in textwrap.wrap(f"Read by: {readers}.", WIDTH - 2, break_on_hyphens=False))
    if setting.secret:
        yield f"# Secret; or {setting.variable}_FILE."
    yield f"# {setting.variable}={setting.default or ''}"
