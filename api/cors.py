"""Cross-origin requests (Fetch standard): only origins that are configured; without any, browsers keep others out."""

from typing import Final

from starlette.types import Send

from api.calls import Headers
from api.headers import find

_METHODS: Final = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_REQUEST_HEADERS: Final = (
    b"authorization, content-type, accept, accept-language, if-match, if-none-match, idempotency-key, prefer,"
    b" x-request-id, traceparent, last-event-id"
)
_EXPOSED: Final = (
    b"etag, location, retry-after, ratelimit, ratelimit-policy, x-request-id, traceparent, content-disposition"
)
_MAX_AGE: Final = b"600"


class Cors:
    def __init__(self, origins: frozenset[str]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def headers(self, request: Headers) -> list[tuple[bytes, bytes]]:
        """For every answer to a page of an allowed origin. No credentials: tokens are sent by the page's own code."""
        if not self._origins:
            return []
        origin = find(request, b"origin")
        if origin is None or origin not in self._origins:
            return [(b"vary", b"Origin")]
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", _EXPOSED),
            (b"vary", b"Origin"),
        ]

    @staticmethod
    def is_preflight(method: str, request: Headers) -> bool:
        return (
            method == "OPTIONS"
            and find(request, b"origin") is not None
            and find(request, b"access-control-request-method") is not None
        )

    async def answer_preflight(self, request: Headers, send: Send) -> None:
        """204; an origin that isn't allowed gets no permission with it. `send` adds headers()."""
        allowed = find(request, b"origin") in self._origins
        headers = [
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", _REQUEST_HEADERS),
            (b"access-control-max-age", _MAX_AGE),
        ]
        await send({"type": "http.response.start", "status": 204, "headers": headers if allowed else []})
        await send({"type": "http.response.body", "body": b""})
