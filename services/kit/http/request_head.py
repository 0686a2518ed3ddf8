"""What the head of a request may be. Checked before anything else reads it, so that a stranger's request costs little.

Servers bound heads as well (`deploy.serving`); this holds whichever server runs the app.
"""

from typing import Final

from starlette.types import Scope

from services.kit.errors import BadRequest, Text

PATH_MAX: Final = 2_048
"""Bytes, percent-encoded."""
QUERY_MAX: Final = 32_768
PARAMETERS_MAX: Final = 200
"""A parameter costs some microseconds to read, and up to a line of the answer when it is wrong."""
HEADERS_MAX: Final = 100
HEADER_BYTES_MAX: Final = 32_768
"""Names and values of all headers together; browsers and proxies stay far below."""


class UriTooLong(BadRequest):
    status, code = 414, "uri_too_long"
    title = Text("URL が長すぎます", "The URL is too long")


class HeadersTooLarge(BadRequest):
    """RFC 6585, section 5."""

    status, code = 431, "headers_too_large"
    title = Text("ヘッダーが大きすぎます", "The request's headers are too large")


def refusal_of(scope: Scope) -> BadRequest | None:
    """Why the request is not served, if it is not."""
    query = scope["query_string"]
    if len(scope.get("raw_path") or scope["path"]) > PATH_MAX or len(query) > QUERY_MAX:
        return UriTooLong()
    if query.count(b"&") >= PARAMETERS_MAX:
        return BadRequest(Text("パラメーターが多すぎます", f"At most {PARAMETERS_MAX} parameters"))
    headers = scope["headers"]
    if len(headers) > HEADERS_MAX or sum(len(name) + len(value) for name, value in headers) > HEADER_BYTES_MAX:
        return HeadersTooLarge()
    hosts = sum(name == b"host" for name, _ in headers)
    if hosts > 1 or (hosts == 0 and scope["http_version"] == "1.1"):
        # RFC 9112, section 3.2.
        return BadRequest(Text("Host ヘッダーが正しくありません", "Send exactly one Host header"))
    return None
