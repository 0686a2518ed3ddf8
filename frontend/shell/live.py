"""Live updates: one stream per visible browser tab, fed by the gateway's streams of the session.

What arrives becomes `<hx-partial>` messages (unread badge, navigation figures, a toast) and a named event per kind of
resource, on which a page may offer to refresh itself. Nothing slides in by itself. That a request changed
(`ringi-approval`) is told by the stream of those who may read it, with its id; the others follow the person's notices.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from frontend.shell.counts import UNREAD, Counts
from frontend.shell.layout import Pages
from frontend.shell.sessions import Sessions
from frontend.shell.sse import HEARTBEAT, ServerEvent, events_in, message
from frontend.shell.tokens import Tokens
from frontend.shell.viewer import Viewer
from frontend.ui.access import allows
from frontend.ui.gateway import GatewayClient, GatewayProblem, on_behalf_of
from frontend.ui.i18n import gettext, use_locale

HEARTBEAT_SECONDS = 20.0
QUEUE_LIMIT = 64
TOO_MANY = 429
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 1.0, 30.0
NOTICES, REQUESTS = "/notifications/stream", "/approvals/stream"
OPENED = ":opened"
"""Ours, before the first event of a stream; no server can send a name that begins like a comment."""
CHANGED = "ringi-approval"
LOOK_AGAIN = {"ids": [], "others": True}
_log = logging.getLogger("ringi.frontend.shell.live")
_END = ""


@dataclass(slots=True, eq=False)
class _Channel:
    """The gateway's streams of one session and the tabs that listen to them."""

    viewer: Viewer
    tabs: set[asyncio.Queue[str]] = field(default_factory=set)
    readers: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    unread: str = ""
    """The count as the gateway told it last; empty before it has."""

    def publish(self, text: str) -> None:
        for tab in self.tabs:
            if tab.full():  # a tab that does not read loses the oldest message, never holds up the others
                tab.get_nowait()
            tab.put_nowait(text)

    def stop_reading(self) -> None:
        for reader in self.readers.values():
            reader.cancel()


class LiveHub:
    """Opens the gateway's streams with the first tab of a session and closes them after the last."""

    def __init__(
        self,
        client: GatewayClient,
        sessions: Sessions,
        tokens: Tokens,
        counts: Counts,
        pages: Pages,
        *,
        most_per_user: int,
    ) -> None:
        self._client = client
        self._sessions = sessions
        self._tokens = tokens
        self._counts = counts
        self._pages = pages
        self._channels: dict[str, _Channel] = {}
        self._most_per_user = most_per_user
        self._closing = False

    def close(self) -> None:
        """End all streams at once, so that a stopping server does not wait for browsers."""
        self._closing = True
        for channel in self._channels.values():
            channel.publish(_END)
            channel.stop_reading()

    async def stream(self, request: Request) -> Response:
        """GET /live."""
        viewer: Viewer = request.state.viewer
        if self._open_streams(viewer.session.user_id) >= self._most_per_user:
            text = gettext("Too many pages are open at once. Close some of them.")
            return PlainTextResponse(text, status_code=TOO_MANY, headers={"Retry-After": str(int(HEARTBEAT_SECONDS))})
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._messages(viewer), media_type="text/event-stream", headers=headers)

    def _open_streams(self, user_id: str) -> int:
        """Of all the person's sessions."""
        channels = self._channels.values()
        return sum(len(channel.tabs) for channel in channels if channel.viewer.session.user_id == user_id)

    async def _messages(self, viewer: Viewer) -> AsyncIterator[str]:
        use_locale(viewer.preferences.locale)
        tab: asyncio.Queue[str] = asyncio.Queue(QUEUE_LIMIT)
        channel = self._join(viewer, tab)
        try:
            yield message(await self._figures(viewer))
            while not self._closing:
                try:
                    text = await asyncio.wait_for(tab.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield HEARTBEAT
                    continue
                if text == _END:
                    return
                yield text
        finally:
            self._leave(channel, tab)

    def _join(self, viewer: Viewer, tab: asyncio.Queue[str]) -> _Channel:
        channel = self._channels.setdefault(viewer.session_id, _Channel(viewer))
        channel.viewer = viewer
        channel.tabs.add(tab)
        paths = [NOTICES, *([REQUESTS] if allows(viewer.session.roles, "approval:read") else [])]
        for path in paths:
            reader = channel.readers.get(path)
            if reader is None or reader.done():
                channel.readers[path] = asyncio.create_task(self._read(channel, path), name=f"gateway{path}")
        return channel

    def _leave(self, channel: _Channel, tab: asyncio.Queue[str]) -> None:
        channel.tabs.discard(tab)
        if not channel.tabs:
            self._channels.pop(channel.viewer.session_id, None)
            channel.stop_reading()

    async def _figures(self, viewer: Viewer) -> str:
        figures = await self._counts.refresh(viewer)
        return self._pages.fragment(viewer, "shell/live_figures.html", figures=figures, unread=figures.get(UNREAD, ""))

    async def _read(self, channel: _Channel, path: str) -> None:
        """Follow one of the gateway's streams as long as a tab listens; after a break, again with growing pauses."""
        use_locale(channel.viewer.preferences.locale)
        pause, again = FIRST_RETRY_SECONDS, False
        while channel.tabs:
            try:
                session = await self._sessions.read(channel.viewer.session_id)
                session = session and await self._tokens.fresh(
                    channel.viewer.session_id, session, address=channel.viewer.address
                )
                if session is None:
                    channel.publish(message("", "ringi-signed-out"))
                    return
                async for event in self._gateway_events(path, session.access_token, channel.viewer.address):
                    pause = FIRST_RETRY_SECONDS
                    if event.name != OPENED:
                        await self._announce(channel, event)
                    elif again and path == REQUESTS:  # what changed meanwhile was told to nobody
                        await self._changed(channel, LOOK_AGAIN)
            except (TimeoutError, GatewayProblem, aiohttp.ClientError, OSError) as error:
                _log.info("gateway stream %s broke: %s", path, error or type(error).__name__)
            again = True
            await asyncio.sleep(pause)
            pause = min(pause * 2, LAST_RETRY_SECONDS)

    async def _gateway_events(self, path: str, access_token: str, address: str) -> AsyncIterator[ServerEvent]:
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "text/event-stream"} | on_behalf_of(address)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=90)
        url = self._client.url(path)
        async with self._client.streams.get(url, headers=headers, timeout=timeout) as response:
            response.raise_for_status()
            yield ServerEvent(OPENED, "")
            async for event in events_in(aiter(response.content)):
                yield event

    async def _announce(self, channel: _Channel, event: ServerEvent) -> None:
        if event.name == "unread":
            await self._recount(channel, event.data)
            return
        if event.name not in {"changed", "notification", "message"}:
            return
        try:
            told = json.loads(event.data)
        except ValueError:
            _log.warning("gateway stream sent something that is not JSON")
            return
        if not isinstance(told, dict):
            return
        if event.name == "changed":
            await self._changed(channel, told)
            return
        channel.publish(message(await self._figures(channel.viewer)))
        if told.get("title"):
            channel.publish(message(self._pages.fragment(channel.viewer, "shell/live_notice.html", notice=told)))
        kind = str(told.get("resourceType") or "").lower().replace("_", "-")
        if kind != "approval" and kind.replace("-", "").isalpha():
            channel.publish(message("{}", f"ringi-{kind}"))

    async def _changed(self, channel: _Channel, told: dict[str, Any]) -> None:
        """Requests that the person may read: the pages look again at those that they show."""
        channel.publish(message(json.dumps({"ids": told.get("ids", []), "others": bool(told.get("others"))}), CHANGED))
        channel.publish(message(await self._figures(channel.viewer)))

    async def _recount(self, channel: _Channel, unread: str) -> None:
        """Another count than before: something was read elsewhere, or is over, as when a colleague has decided."""
        before, channel.unread = channel.unread, unread
        if before in {"", unread}:
            return
        channel.publish(message(await self._figures(channel.viewer)))
