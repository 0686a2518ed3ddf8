"""The remotes that the shell knows: manifests fetched and checked, the last good one kept, who owns which prefix."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

import aiohttp
from pydantic import ValidationError

from frontend.shell.breaker import Breaker
from frontend.shell.defaults import DEFAULT_MANIFESTS, PROCESSES_ENTRY, SHELL_PREFIXES
from frontend.ui.manifest import (
    CONTRACT_VERSION,
    MANIFEST_PATH,
    MANIFEST_SCHEMA,
    Exposed,
    NavEntry,
    PageRoute,
    RemoteManifest,
)
from frontend.ui.settings import REMOTE_NAMES, FrontendSettings

REFRESH_SECONDS = 15.0
RECHECK_SECONDS = 1.0
MANIFEST_TIMEOUT = aiohttp.ClientTimeout(total=2)
_log = logging.getLogger("ringi.frontend.shell.registry")


class ManifestRefused(ValueError):
    """The manifest does not fit this shell; the message says why."""


@dataclass(slots=True)
class RemoteState:
    """One remote: where it is, what it last said, whether it answers."""

    name: str
    url: str
    manifest: RemoteManifest
    is_up: bool = False
    has_answered: bool = False
    breaker: Breaker = field(default_factory=Breaker)

    @property
    def is_available(self) -> bool:
        """False marks the navigation entries. Before the first answer nothing is known, so nothing is marked."""
        return not self.breaker.is_open and (self.is_up or not self.has_answered)


class Registry:
    """Keeps the states fresh in the background: often while something is down, else now and then."""

    def __init__(self, settings: FrontendSettings) -> None:
        self.remotes = {
            name: RemoteState(name, settings.remote_url(name), DEFAULT_MANIFESTS[name]) for name in REMOTE_NAMES
        }
        self._task: asyncio.Task[None] | None = None

    async def start(self, session: aiohttp.ClientSession) -> None:
        self._task = asyncio.create_task(self._keep_fresh(session), name="remote-manifests")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_fresh(self, session: aiohttp.ClientSession) -> None:
        while True:
            await asyncio.gather(*(self._refresh(state, session) for state in self.remotes.values()))
            all_up = all(state.is_up for state in self.remotes.values())
            await asyncio.sleep(REFRESH_SECONDS if all_up else RECHECK_SECONDS)

    async def _refresh(self, state: RemoteState, session: aiohttp.ClientSession) -> None:
        try:
            async with session.get(state.url + MANIFEST_PATH, timeout=MANIFEST_TIMEOUT) as response:
                response.raise_for_status()
                document = await response.read()
            self.accept(state, RemoteManifest.model_validate_json(document))
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            if state.is_up or not state.has_answered:
                _log.warning("remote %s does not answer: %s", state.name, error or type(error).__name__)
            state.is_up, state.has_answered = False, True
        except (ValidationError, ManifestRefused) as error:
            _log.error("manifest of remote %s refused, the last good one stays: %s", state.name, error)
            state.is_up, state.has_answered = True, True
        else:
            if not state.is_up:
                _log.info("remote %s answers (version %s)", state.name, state.manifest.version)
            state.is_up, state.has_answered = True, True
            state.breaker.succeeded()

    def accept(self, state: RemoteState, manifest: RemoteManifest) -> None:
        """Take a manifest over, or refuse it: another schema or contract, another name, a prefix that is taken."""
        if manifest.schema_ != MANIFEST_SCHEMA or manifest.contract != CONTRACT_VERSION:
            raise ManifestRefused(f"schema {manifest.schema_}, contract {manifest.contract} is not {CONTRACT_VERSION}")
        if manifest.name != state.name:
            raise ManifestRefused(f"it says it is {manifest.name}")
        prefixes = [route.prefix for route in manifest.routes]
        taken = SHELL_PREFIXES | {
            route.prefix for other in self.remotes.values() if other is not state for route in other.manifest.routes
        }
        double = {prefix for prefix in prefixes if prefix in taken or prefixes.count(prefix) > 1}
        if double:
            raise ManifestRefused(f"prefixes already taken: {', '.join(sorted(double))}")
        named = [part.path for part in manifest.exposes.values()] + [e.count_path for e in manifest.nav if e.count_path]
        foreign = [path for path in named if not any(path.startswith(f"{prefix}/") for prefix in prefixes)]
        if foreign:
            raise ManifestRefused(f"not below its own prefixes: {', '.join(sorted(foreign))}")
        state.manifest = manifest

    def owner(self, path: str) -> tuple[RemoteState, PageRoute] | None:
        """The remote and route that a path belongs to."""
        prefix = "/" + path.lstrip("/").split("/", 1)[0]
        for state in self.remotes.values():
            for route in state.manifest.routes:
                if route.prefix == prefix:
                    return state, route
        return None

    def exposed(self, name: str) -> tuple[RemoteState, Exposed] | None:
        """The fragment `remote/fragment`."""
        remote, _, fragment = name.partition("/")
        state = self.remotes.get(remote)
        found = state.manifest.exposes.get(fragment) if state else None
        return (state, found) if state and found else None

    def entries(self) -> Iterable[tuple[NavEntry, RemoteState | None]]:
        """All navigation entries in order; the shell's own have no remote."""
        entries: list[tuple[NavEntry, RemoteState | None]] = [(PROCESSES_ENTRY, None)]
        entries += [(entry, state) for state in self.remotes.values() for entry in state.manifest.nav]
        return sorted(entries, key=lambda pair: pair[0].order)
