"""Cross-site request forgery: the browser's own word on where a request comes from, and the session's token."""

from __future__ import annotations

import hmac
from collections.abc import AsyncGenerator, AsyncIterator
from urllib.parse import parse_qs, urlsplit

from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from frontend.ui.multipart import field_in

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_HEADER = "X-CSRF-Token"  # noqa: S105 - the name of a header
START_BYTES = 4096
TOKEN_FIELD = "csrf"  # noqa: S105 - the name of a field


def is_same_origin(request: Request) -> bool:
    """`Sec-Fetch-Site` where the browser sends it, else `Origin` against the host that was asked."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


async def token_in(request: Request, body: bytes) -> str:
    """The token from the header or from the form in the body; empty when there is none."""
    header = request.headers.get(TOKEN_HEADER)
    if header:
        return header
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        values = parse_qs(body.decode("utf-8", "replace")).get(TOKEN_FIELD, [""])
        return values[0]
    if kind.startswith("multipart/form-data"):
        return await _token_in_multipart(request, body)
    return ""


async def token_before_file(request: Request) -> tuple[AsyncIterator[bytes], str]:
    """The whole body still to be read, and the token that stands in its first bytes: our forms put it first, and a
    file is not read before it is known who sends it."""
    stream = request.stream()
    start = bytearray()
    async for chunk in stream:
        start += chunk
        if len(start) >= START_BYTES:
            break
    header = request.headers.get(TOKEN_HEADER)
    kind = request.headers.get("content-type", "")
    return _again(bytes(start), stream), header or field_in(bytes(start[:START_BYTES]), kind, TOKEN_FIELD)


async def _again(start: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield start
    async for chunk in rest:
        yield chunk


async def _token_in_multipart(request: Request, body: bytes) -> str:
    async def chunks() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await MultiPartParser(request.headers, chunks()).parse()
    except MultiPartException:
        return ""
    value = form.get(TOKEN_FIELD)
    await form.close()
    return value if isinstance(value, str) else ""


def matches(expected: str, given: str) -> bool:
    return bool(given) and hmac.compare_digest(expected.encode(), given.encode())
