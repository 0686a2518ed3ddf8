"""Calls from the shell to remotes: signed identity in, fragment out; one attempt, a deadline, a breaker."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from yarl import URL

from frontend.shell.registry import RemoteState
from frontend.ui.http_client import pooled_client
from frontend.ui.identity import IDENTITY_HEADER, Identity, sign
from frontend.ui.paths import is_plain
from frontend.ui.settings import FrontendSettings

POOL_SIZE = 128
READ_SECONDS = 10.0
WRITE_SECONDS = 20.0
_FORWARDED = ("content-type", "hx-request", "hx-target", "hx-source", "hx-current-url", "hx-history-restore-request")
_RETURNED = (
    "content-type", "content-disposition", "cache-control", "location", "vary", "hx-push-url", "hx-replace-url",
    "hx-redirect", "hx-trigger", "hx-retarget", "hx-reswap", "etag",
)  # fmt: skip
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


class Upstream:
    """The shell's HTTP client towards remotes."""

    def __init__(self, settings: FrontendSettings, identity_key: bytes) -> None:
        self._settings = settings
        self._identity_key = identity_key
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
        body: bytes | None = None,
    ) -> Fragment:
        """Ask once. Raises RemoteDown; an answer of any status counts as the remote being alive.

        `path_and_query` is percent-encoded, and sent as it is: a client library that tidied up dot segments would ask
        for something else than what was checked.
        """
        if not is_plain(path_and_query.partition("?")[0].encode()):
            raise ValueError(f"not an address to pass on: {path_and_query!r}")
        given = {name: value for name, value in (headers or {}).items() if name.lower() in _FORWARDED}
        given[IDENTITY_HEADER] = sign(who, audience=remote.name, key=self._identity_key)
        given["X-Request-ID"] = who.request_id
        if not remote.breaker.admits():
            raise RemoteDown(f"{remote.name} is suspended")
        timeout = aiohttp.ClientTimeout(total=READ_SECONDS if method == "GET" else WRITE_SECONDS, connect=2)
        try:
            async with self.session.request(
                method,
                URL(remote.url + path_and_query, encoded=True),
                headers=given,
                data=body,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                content = await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            remote.breaker.failed()
            _log.warning("remote %s failed: %s", remote.name, error or type(error).__name__)
            raise RemoteDown(str(error) or type(error).__name__) from error
        except BaseException:  # a caller who left, a defect of ours: whatever it was, the next one may probe
            remote.breaker.abandoned()
            raise
        remote.breaker.succeeded()
        kept = {name: response.headers[name] for name in _RETURNED if name in response.headers}
        return Fragment(response.status, kept, content)
