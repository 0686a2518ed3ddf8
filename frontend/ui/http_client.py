"""HTTP clients of shell and remotes, all made in one way (services have `services.kit.running.http_client`).

They keep nobody's cookies, which would go with the next person's request; they send nothing twice on their own; and
they use no connection that the other side is about to close.
"""

from __future__ import annotations

from typing import Final

import aiohttp

KEEPALIVE_SECONDS: Final = 3.0
"""Shorter than uvicorn's 5 s: no write goes over a connection that the other side is about to close."""


def pooled_client(*, connections: int) -> aiohttp.ClientSession:
    """For calls; at most so many at once."""
    return _client(aiohttp.TCPConnector(limit=connections, keepalive_timeout=KEEPALIVE_SECONDS))


def stream_client() -> aiohttp.ClientSession:
    """For answers without an end: without a limit of connections, which whoever opens streams has to keep. In the pool
    of the calls a few dozen would take all of it."""
    return _client(aiohttp.TCPConnector(limit=0, force_close=True))


def _client(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
    # aiohttp would repeat PUT and DELETE by itself when a kept-alive connection turns out to be closed.
    session._retry_connection = False
    return session
