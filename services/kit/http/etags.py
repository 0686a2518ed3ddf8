"""Optimistic concurrency over HTTP: ETag is the content version of a record (RFC 9110, sections 8.8.3 and 13.1.1)."""

import re

from starlette.requests import Request

from services.kit.errors import PreconditionRequired, Text, Unprocessable

_STRONG_TAG = re.compile(r'"([0-9]{1,18})"')


def etag(version: int) -> str:
    """Version 7 → ``"7"`` (with the quotes that the header needs)."""
    return f'"{version}"'


def optional_if_match(request: Request) -> int | None:
    """The version that the caller read, or None when the header is absent or ``*``; a malformed one is 422."""
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        return None
    match = _STRONG_TAG.fullmatch(header.strip())
    if match is None:
        message = Text('"7" のように、読み取った ETag を送ってください', 'Send the ETag that you read, such as "7"')
        raise Unprocessable.field("/If-Match", "etag_malformed", message, "header")
    return int(match.group(1))


def require_if_match(request: Request) -> int:
    """The version that the caller read; 428 without one, as ``*`` would overwrite what the caller never saw."""
    version = optional_if_match(request)
    if version is None:
        raise PreconditionRequired()
    return version
