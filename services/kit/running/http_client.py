"""HTTP clients of services, gateway and command line, all made in one way (frontends have `frontend.ui.http_client`).

They keep nobody's cookies, which would go with the next person's request; they send nothing twice on their own; and
they use no connection that the other side is about to close.
"""

from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver

POOL_SIZE: Final = 128
KEEPALIVE_SECONDS: Final = 3.0
"""Shorter than uvicorn's 5 s: a connection that the server is about to close is not used for a write."""


def pooled_client(*, connections: int = POOL_SIZE, **options: Any) -> aiohttp.ClientSession:
    """For calls; at most so many at once. `options` are aiohttp's."""
    connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=KEEPALIVE_SECONDS)
    return _client(connector, options)


def stream_client(**options: Any) -> aiohttp.ClientSession:
    """For answers without an end: without a limit of connections, which whoever opens streams has to keep. In the pool
    of the calls they would leave nothing for those."""
    return _client(aiohttp.TCPConnector(limit=0, force_close=True), options)


def outbound_client(resolver: AbstractResolver, *, connections: int, **options: Any) -> aiohttp.ClientSession:
    """For addresses that people typed: a connection of its own for each call, to what the resolver allows."""
    connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True, limit=connections)
    return _client(connector, options)


def _client(connector: aiohttp.TCPConnector, options: dict[str, Any]) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), **options)
    # aiohttp would repeat PUT and DELETE by itself when a kept-alive connection turns out to be closed.
    session._retry_connection = False
    return session
