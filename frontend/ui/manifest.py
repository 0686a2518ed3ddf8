"""What a remote tells the shell about itself, at `/.well-known/ringi-remote.json`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from frontend.ui.paths import PLAIN_PATTERN

MANIFEST_PATH = "/.well-known/ringi-remote.json"
MANIFEST_SCHEMA = "ringi-remote/1"
CONTRACT_VERSION = 1


class _Part(BaseModel):
    """Manifests come from other processes and other versions: unknown members are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Label(_Part):
    ja: str
    en: str

    def text(self, locale: str) -> str:
        return self.ja if locale == "ja" else self.en


class PageRoute(_Part):
    """A path prefix that belongs to the remote, and the title of the pages below it."""

    prefix: str = Field(pattern=r"^/[a-z][a-z0-9-]*$")
    title: Label
    budget_ms: int = Field(default=800, ge=50, le=10_000)
    skeleton: Literal["list", "detail", "board"] = "list"


class Exposed(_Part):
    """A fragment that pages of other remotes may show in a slot."""

    path: str = Field(pattern=PLAIN_PATTERN)
    budget_ms: int = Field(default=500, ge=50, le=10_000)
    min_height_px: int = Field(default=160, ge=0, le=2_000)


class NavEntry(_Part):
    """An entry of the main navigation. `count_path` answers `{"count": n}` for its badge.

    ``permission``: who sees it; several, with blanks between them, for whoever has one of them.
    """

    path: str = Field(pattern=PLAIN_PATTERN)
    label: Label
    icon: str
    order: int
    group: Literal["work", "admin"] = "work"
    permission: str | None = None
    count_path: str | None = Field(default=None, pattern=PLAIN_PATTERN)


class RemoteManifest(_Part):
    schema_: str = Field(default=MANIFEST_SCHEMA, alias="schema")
    name: str = Field(pattern=r"^[a-z]+$")
    version: str = "0"
    contract: int = CONTRACT_VERSION
    routes: tuple[PageRoute, ...]
    exposes: dict[str, Exposed] = Field(default_factory=dict)
    nav: tuple[NavEntry, ...] = ()
    assets: tuple[Annotated[str, Field(pattern=PLAIN_PATTERN)], ...] = ()
    health: str = Field(default="/healthz", pattern=PLAIN_PATTERN)

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)
