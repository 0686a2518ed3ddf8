"""The figures in the navigation: what waits for this person. Shown as last known, refreshed beside the page."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from frontend.shell.registry import Registry, RemoteState
from frontend.shell.upstream import RemoteDown, Upstream
from frontend.shell.viewer import Viewer
from frontend.ui.access import allows
from frontend.ui.gateway import GatewayClient, GatewayProblem, Json

STALE_SECONDS = 20.0
MAX_PEOPLE = 2000
UNREAD = "/notifications"
_log = logging.getLogger("ringi.frontend.shell.counts")


@dataclass(slots=True)
class _Known:
    figures: dict[str, str] = field(default_factory=dict)
    at: float = 0.0
    running: asyncio.Task[dict[str, str]] | None = None


def figure(answer: Json) -> str:
    """A count as shown: empty for none, `99+` for many. Understands a count, a total, or a list with a next page."""
    if not isinstance(answer, dict):
        return ""
    items = answer.get("items", ())
    value = answer.get("count", answer.get("total", len(items)))
    if not value:
        return ""
    more = "+" if answer.get("nextCursor") and "count" not in answer and "total" not in answer else ""
    return "99+" if int(value) > 99 else f"{value}{more}"


class Counts:
    """Per person, bounded; the least recently seen are forgotten first."""

    def __init__(self, registry: Registry, upstream: Upstream, client: GatewayClient) -> None:
        self._registry = registry
        self._upstream = upstream
        self._client = client
        self._people: OrderedDict[str, _Known] = OrderedDict()

    def known(self, user_id: str, path: str) -> str:
        person = self._people.get(user_id)
        return person.figures.get(path, "") if person else ""

    def _person(self, user_id: str) -> _Known:
        person = self._people.setdefault(user_id, _Known())
        self._people.move_to_end(user_id)
        while len(self._people) > MAX_PEOPLE:
            self._people.popitem(last=False)
        return person

    def refresh_soon(self, viewer: Viewer) -> None:
        """Look again in the background when the figures are old; the page does not wait."""
        person = self._person(viewer.session.user_id)
        running = person.running is not None and not person.running.done()
        if not running and time.monotonic() - person.at > STALE_SECONDS:
            person.running = asyncio.create_task(self.refresh(viewer), name="navigation-counts")

    async def refresh(self, viewer: Viewer) -> dict[str, str]:
        """The figures of now by path; one that cannot be had keeps its last value."""
        person = self._person(viewer.session.user_id)
        wanted = [
            (entry.path, remote, entry.count_path)
            for entry, remote in self._registry.entries()
            if remote is not None and entry.count_path and allows(viewer.session.roles, entry.permission)
        ]
        found = await asyncio.gather(
            self._unread(viewer), *(self._ask(viewer, remote, path) for _, remote, path in wanted)
        )
        for path, value in zip([UNREAD, *(path for path, _, _ in wanted)], found, strict=True):
            if value is not None:
                person.figures[path] = value
        person.at = time.monotonic()
        return dict(person.figures)

    async def _unread(self, viewer: Viewer) -> str | None:
        try:
            return figure(await viewer.gateway(self._client).get("/notifications/unread"))
        except GatewayProblem as problem:
            _log.info("no unread count: %s", problem)
            return None

    async def _ask(self, viewer: Viewer, remote: RemoteState, path: str) -> str | None:
        try:
            fragment = await self._upstream.call(remote, "GET", path, viewer.identity)
        except RemoteDown:
            return None
        return figure(json.loads(fragment.body)) if fragment.status == 200 else None
