"""Which headers cross the gateway. Nobody outside tells a service who they are but with their token."""

from collections.abc import Iterable

from api.calls import Headers
from services.kit.errors import BadRequest, Text

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""RFC 9110, section 7.6.1: they concern one connection only."""
_OURS = frozenset({b"host", b"content-length", b"expect", b"x-request-id", b"traceparent", b"tracestate"})
"""Set anew by the gateway."""
_UNTRUSTED = frozenset({b"forwarded", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"via", b"cookie"})
"""Claims about the caller, and the browser's session with the shell, which is no business of services."""
_UNTRUSTED_PREFIXES = (b"x-user-", b"x-forwarded-", b"x-ringi-", b"x-original-", b"x-rewrite-")
_ANSWERED_BY_GATEWAY = frozenset({b"x-request-id", b"traceparent", b"server", b"date"})
_ONCE = frozenset({b"content-length", b"host", b"authorization", b"content-type", b"if-match", b"idempotency-key"})


def check(headers: Headers) -> None:
    """Raises BadRequest for a request that two readers could understand differently."""
    seen: set[bytes] = set()
    for name, value in headers:
        if name in _ONCE:
            if name in seen:
                raise _ambiguous(name)
            seen.add(name)
        if b"\r" in value or b"\n" in value or b"\0" in value:
            raise _ambiguous(name)
        if name == b"transfer-encoding":
            if value.strip().lower() != b"chunked" or b"content-length" in seen:
                raise _ambiguous(name)
            seen.add(name)
        if name == b"content-length" and b"transfer-encoding" in seen:
            raise _ambiguous(name)


def _ambiguous(name: bytes) -> BadRequest:
    header = name.decode("latin-1")
    return BadRequest(Text(f"ヘッダー {header} が不正です", f"Malformed or repeated header: {header}"))


def to_upstream(headers: Headers, added: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What a service gets of a request's headers, with the gateway's own."""
    dropped = HOP_BY_HOP | _named_by_connection(headers)
    kept = [
        (name, value)
        for name, value in headers
        if name not in dropped
        and name not in _OURS
        and name not in _UNTRUSTED
        # Some readers take an underscore for a hyphen: X_User_Id must not become X-User-Id.
        and b"_" not in name
        and not name.startswith(_UNTRUSTED_PREFIXES)
    ]
    kept.extend(added)
    return kept


def to_client(headers: Headers) -> list[tuple[bytes, bytes]]:
    """What a client gets of an answer's headers; Location and ETag pass unchanged."""
    dropped = HOP_BY_HOP | _named_by_connection(headers) | _ANSWERED_BY_GATEWAY
    return [(name, value) for name, value in headers if name not in dropped]


def find(headers: Headers, name: bytes) -> bytes | None:
    return next((value for key, value in headers if key == name), None)


def _named_by_connection(headers: Headers) -> frozenset[bytes]:
    named = [value for name, value in headers if name == b"connection"]
    if not named:
        return frozenset()
    return frozenset(part.strip().lower() for value in named for part in value.split(b","))
