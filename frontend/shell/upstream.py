"""Calls from the shell to remotes: signed identity in, fragment out; one attempt, a deadline, a breaker."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass

import aiohttp
from yarl import URL

from frontend.shell.registry import RemoteState
from frontend.ui.http_client import pooled_client
from frontend.ui.identity import IDENTITY_HEADER, Identity, sign
from frontend.ui.paths import is_plain
from frontend.ui.settings import FrontendSettings
from frontend.ui.telemetry import traceparent

POOL_SIZE = 128
READ_SECONDS = 10.0
WRITE_SECONDS = 20.0
FILE_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=2, sock_read=60)
"""A file takes as long as its sender or reader needs, as long as it moves."""
OK = 200
_FORWARDED = ("content-type", "hx-request", "hx-target", "hx-source", "hx-current-url", "hx-history-restore-request")
_RETURNED = (
    "content-type", "content-disposition", "cache-control", "location", "vary", "hx-push-url", "hx-replace-url",
    "hx-redirect", "hx-trigger", "hx-retarget", "hx-reswap", "etag",
)  # fmt: skip
_OF_FILES = (
    *("content-type", "content-disposition", "content-length", "content-security-policy", "cache-control", "etag"),
    "cross-origin-resource-policy",
)
_log = logging.getLogger("ringi.frontend.shell.upstream")


class RemoteDown(Exception):
    """The remote did not answer in time, or calls to it are suspended."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a remote answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_html(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/html")

    @property
    def is_broken(self) -> bool:
        """A failure that the remote itself could not turn into a page."""
        return self.status >= 500 and not self.is_html

    @property
    def html(self) -> str:
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Streamed:
    """A file that a remote answered with; ``chunks`` can be taken once."""

    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class Upstream:
    """The shell's HTTP client towards remotes."""

    def __init__(self, settings: FrontendSettings, identity_keys: Sequence[bytes]) -> None:
        self._settings = settings
        self._identity_keys = identity_keys
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._session = pooled_client(connections=POOL_SIZE)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the upstream client is not open")
        return self._session

    async def call(
        self,
        remote: RemoteState,
        method: str,
        path_and_query: str,
        who: Identity,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | AsyncIterator[bytes] | None = None,
    ) -> Fragment:
        """Ask once. Raises RemoteDown; an answer of any status counts as the remote being alive.

        `path_and_query` is percent-encoded, and sent as it is: a client library that tidied up dot segments would ask
        for something else than what was checked.
        """
        timeout = aiohttp.ClientTimeout(total=READ_SECONDS if method == "GET" else WRITE_SECONDS, connect=2)
        if body is not None and not isinstance(body, bytes):
            timeout = FILE_TIMEOUT
        with self._watched(remote):
            response = await self._send(remote, method, path_and_query, who, headers, body, timeout)
            async with response:
                content = await response.read()
        return Fragment(response.status, _kept(response, _RETURNED), content)

    async def open_file(
        self, remote: RemoteState, path_and_query: str, who: Identity, *, headers: Mapping[str, str] | None = None
    ) -> Fragment | Streamed:
        """GET of a file: passed on in pieces; a page, which says why there is no file, whole. Raises RemoteDown."""
        with self._watched(remote):
            response = await self._send(remote, "GET", path_and_query, who, headers, None, FILE_TIMEOUT)
            if response.status != OK or response.content_type == "text/html":
                async with response:
                    content = await response.read()
                return Fragment(response.status, _kept(response, _RETURNED), content)
        return Streamed(_kept(response, _OF_FILES), _pieces(response))

    @contextlib.contextmanager
    def _watched(self, remote: RemoteState) -> Iterator[None]:
        """The breaker learns how it went."""
        if not remote.breaker.admits():
            raise RemoteDown(f"{remote.name} is suspended")
        try:
            yield
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            remote.breaker.failed()
            _log.warning("remote %s failed: %s", remote.name, error or type(error).__name__)
            raise RemoteDown(str(error) or type(error).__name__) from error
        except BaseException:  # a caller who left, a defect of ours: whatever it was, the next one may probe
            remote.breaker.abandoned()
            raise
        remote.breaker.succeeded()

    async def _send(
        self,
        remote: RemoteState,
        method: str,
        path_and_query: str,
        who: Identity,
        headers: Mapping[str, str] | None,
        body: bytes | AsyncIterator[bytes] | None,
        timeout: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        if not is_plain(path_and_query.partition("?")[0].encode()):
            raise ValueError(f"not an address to pass on: {path_and_query!r}")
        given = {name: value for name, value in (headers or {}).items() if name.lower() in _FORWARDED}
        given[IDENTITY_HEADER] = sign(who, audience=remote.name, keys=self._identity_keys)
        given["X-Request-ID"] = who.request_id
        if trace := traceparent():
            given["traceparent"] = trace
        return await self.session.request(
            method,
            URL(remote.url + path_and_query, encoded=True),
            headers=given,
            data=body,
            timeout=timeout,
            allow_redirects=False,
        )


def _kept(response: aiohttp.ClientResponse, names: tuple[str, ...]) -> dict[str, str]:
    return {name: response.headers[name] for name in names if name in response.headers}


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async with response:
        async for chunk in response.content.iter_any():
            yield chunk
