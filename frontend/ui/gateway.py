"""The one way a frontend reaches data: the gateway's HTTP API, in the name of the signed-in person."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from frontend.ui.http_client import pooled_client, stream_client
from frontend.ui.i18n import gettext
from frontend.ui.settings import FrontendSettings
from frontend.ui.telemetry import traceparent

BAD_REQUEST = 400
FORBIDDEN = 403
NOT_FOUND = 404
CONFLICT = 409
GONE = 410
UNPROCESSABLE = 422
UNAVAILABLE = 503
API_PREFIX = "/api/v1"
POOL_SIZE = 64
FILE_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=5, sock_read=60)
"""A file takes as long as its sender or reader needs, as long as it moves."""

_log = logging.getLogger("ringi.frontend.gateway")

Json = Any  # the named boundary: what the gateway answers, before a view type has read it


class GatewayProblem(Exception):
    """An answer other than success (RFC 9457), or none at all (status 503, code `unreachable`).

    An address with something in the place of an id that is none is refused by the services as invalid. A person who
    follows a wrong link has entered nothing: for every page it is as missing as the address of a record that is gone.
    """

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        if status == UNPROCESSABLE and any(entry.get("in") == "path" for entry in document.get("errors") or ()):
            status, document = NOT_FOUND, {**document, "code": "not_found", "title": gettext("Not found"), "errors": ()}
        super().__init__(f"{status} {document.get('code')}: {document.get('detail') or document.get('title')}")
        self.status = status
        self.document = document
        self.code = str(document.get("code") or "")
        self.title = str(document.get("title") or "")
        self.detail = str(document.get("detail") or "")
        self.trace_id = str(document.get("traceId") or "")

    @property
    def message(self) -> str:
        return self.detail or self.title

    @property
    def heading(self) -> str:
        """The title of a page that says this."""
        if self.is_outage:
            return gettext("Temporarily unavailable")
        if self.status == NOT_FOUND:
            return gettext("Not found")
        if self.status == GONE and self.title:
            return self.title
        return gettext("Not allowed") if self.status == FORBIDDEN else gettext("That did not work")

    @property
    def field_errors(self) -> dict[str, str]:
        """Message per field name, taken from the JSON pointers; `/amount` and `/body/amount` both mean `amount`."""
        errors: dict[str, str] = {}
        for pointer, message in self.pointed_errors:
            errors.setdefault(pointer.rsplit("/", 1)[-1], message)
        return errors

    @property
    def pointed_errors(self) -> list[tuple[str, str]]:
        """JSON pointer and message of each error."""
        return [
            (str(entry.get("pointer", "")), str(entry.get("message") or entry.get("detail") or self.message))
            for entry in self.document.get("errors") or ()
        ]

    @property
    def is_outage(self) -> bool:
        return self.status >= 500

    @property
    def is_hidden(self) -> bool:
        """Whether the person may not see it, or it is not there (any more)."""
        return self.status in {FORBIDDEN, NOT_FOUND, GONE}


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: its JSON, status and the headers that a page may need (`ETag`, `Location`)."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Download:
    """A file; ``chunks`` can be taken once."""

    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


def on_behalf_of(address: str) -> dict[str, str]:
    """The header by which a call counts as one from the person's own address; the gateway believes its frontends."""
    return {"X-Forwarded-For": address} if address else {}


def segment(value: object) -> str:
    """A value made safe as one segment of a path. One of dots alone stays one segment: the gateway refuses it."""
    text = str(value)
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%2E")


class GatewayClient:
    """A pool of connections to the gateway; `as_user` gives the calls of one person and request."""

    def __init__(self, settings: FrontendSettings) -> None:
        self._base = settings.gateway_url.rstrip("/")
        self._read_timeout = aiohttp.ClientTimeout(total=settings.read_timeout_seconds)
        self._write_timeout = aiohttp.ClientTimeout(total=settings.write_timeout_seconds)
        self._session: aiohttp.ClientSession | None = None
        self._streams: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._session = pooled_client(connections=POOL_SIZE)
        self._streams = stream_client()

    async def close(self) -> None:
        for session in (self._session, self._streams):
            if session is not None:
                await session.close()

    @property
    def streams(self) -> aiohttp.ClientSession:
        """For answers that have no end of their own; without a limit, which whoever opens them has to keep."""
        if self._streams is None:
            raise RuntimeError("the gateway client is not open")
        return self._streams

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the gateway client is not open")
        return self._session

    def url(self, path: str, params: Mapping[str, str] | None = None) -> URL:
        """`path` is percent-encoded and is sent as it is; a client library would resolve dot segments in it."""
        query = f"{'&' if '?' in path else '?'}{urlencode(params)}" if params else ""
        return URL(f"{self._base}{API_PREFIX}{path}{query}", encoded=True)

    async def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        body: Json = None,
    ) -> Answer:
        """Send once. Writes are never repeated here: the person decides, with the same idempotency key."""
        answer, content = await self.exchange(method, path, headers=headers, params=params, body=body)
        return Answer(answer.status, _parsed(content), answer.headers)

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        body: Json = None,
        patient: bool = False,
    ) -> tuple[Answer, bytes]:
        """The answer without its body, and the body as it came. Raises GatewayProblem for anything but success.

        `patient`: a GET that has to make something first may take as long as a write.
        """
        timeout = self._read_timeout if method == "GET" and not patient else self._write_timeout
        try:
            async with self.session.request(
                method,
                self.url(path, params),
                headers=headers,
                json=body,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                content = await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _unreachable(method, path, error) from error
        if response.status >= BAD_REQUEST:
            raise _refused(response.status, content)
        return Answer(response.status, None, response.headers), content

    async def upload(self, path: str, form: AsyncIterator[bytes], *, headers: Mapping[str, str]) -> Answer:
        """POST of a body that is passed on as it comes. Raises GatewayProblem."""
        try:
            async with self.session.post(
                self.url(path), headers=headers, data=form, timeout=FILE_TIMEOUT, allow_redirects=False
            ) as response:
                content = await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _unreachable("POST", path, error) from error
        if response.status >= BAD_REQUEST:
            raise _refused(response.status, content)
        return Answer(response.status, _parsed(content), response.headers)

    async def open_file(self, path: str, *, headers: Mapping[str, str]) -> Download:
        """GET of a file, which is read piece by piece. Raises GatewayProblem."""
        try:
            response = await self.session.get(
                self.url(path), headers=headers, timeout=FILE_TIMEOUT, allow_redirects=False
            )
            if response.status >= BAD_REQUEST:
                async with response:
                    raise _refused(response.status, await response.read())
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _unreachable("GET", path, error) from error
        return Download(response.headers, _pieces(response))


def _unreachable(method: str, path: str, error: Exception) -> GatewayProblem:
    _log.warning("the gateway does not answer %s %s: %s", method, path, error or type(error).__name__)
    title = gettext("The server does not answer right now.")
    return GatewayProblem(UNAVAILABLE, {"code": "unreachable", "title": title})


def _refused(status: int, content: bytes) -> GatewayProblem:
    document = _parsed(content)
    return GatewayProblem(status, document if isinstance(document, dict) else {})


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async with response:
        async for chunk in response.content.iter_any():
            yield chunk


async def _form(boundary: str, name: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """RFC 7578, with the name escaped as browsers do it (HTML, "multipart form data")."""
    quoted = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
    yield (head + "Content-Type: application/octet-stream\r\n\r\n").encode()
    async for chunk in chunks:
        yield chunk
    yield f"\r\n--{boundary}--\r\n".encode()


def _parsed(content: bytes) -> Json:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class UserGateway:
    """The gateway as one person sees it during one request."""

    client: GatewayClient
    access_token: str
    locale: str
    request_id: str
    address: str = ""
    """The person's own: what is audited and limited is theirs, not the frontend's."""

    def headers(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        headers = {
            "Authorization": f"Bearer {self.access_token}",
            "Accept-Language": self.locale,
            "X-Request-ID": self.request_id,
            **(extra or {}),
        }
        if trace := traceparent():
            headers["traceparent"] = trace
        headers.update(on_behalf_of(self.address))
        return headers

    async def get(self, path: str, **params: str | int | None) -> Json:
        """GET; parameters that are None or empty are left out."""
        query = {name.rstrip("_"): str(value) for name, value in params.items() if value not in (None, "")}
        return (await self.client.call("GET", path, headers=self.headers(), params=query)).body

    async def read(self, path: str) -> Answer:
        """GET with the headers, for pages that send the `ETag` back."""
        return await self.client.call("GET", path, headers=self.headers())

    async def download(self, path: str, *, patient: bool = False) -> tuple[Answer, bytes]:
        """GET of something that is no JSON, such as an export; `patient` for one that takes its time."""
        return await self.client.exchange("GET", path, headers=self.headers(), patient=patient)

    async def upload(self, path: str, name: str, chunks: AsyncIterator[bytes], *, key: str | None = None) -> Answer:
        """POST of a form with one file, `file`, passed on as it comes."""
        boundary = secrets.token_hex(16)
        extra = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        if key:
            extra["Idempotency-Key"] = key
        return await self.client.upload(path, _form(boundary, name, chunks), headers=self.headers(extra))

    async def open(self, path: str) -> Download:
        """GET of a file, read piece by piece. Raises GatewayProblem."""
        return await self.client.open_file(path, headers=self.headers())

    async def send(
        self, method: str, path: str, body: Json = None, *, key: str | None = None, if_match: str | None = None
    ) -> Answer:
        """A write. `key` is the form's idempotency key; `if_match` the `ETag` the person has seen."""
        extra = {name: value for name, value in (("Idempotency-Key", key), ("If-Match", if_match)) if value}
        return await self.client.call(method, path, headers=self.headers(extra), body=body)
