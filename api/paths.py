"""Which path a request asks for, and which service answers it."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from services.kit.errors import BadRequest, NotFound, Text

PREFIX: Final = "/api"
VERSION_PREFIX: Final = "/api/v1"

SERVICES: Final = ("auth", "customer", "sales_activity", "opportunity", "analytics")

ROUTES: Final = {
    "auth": "auth",
    "departments": "auth",
    "customers": "customer",
    "meetings": "sales_activity",
    "tasks": "sales_activity",
    "approvals": "opportunity",
    "approval-routes": "opportunity",
    "approval-settings": "opportunity",
    "business-calendar": "opportunity",
    "currency-rates": "opportunity",
    "audit-samples": "opportunity",
    "legal-holds": "opportunity",
    "approval-templates": "opportunity",
    "proxies": "opportunity",
    "reports": "analytics",
    "notifications": "analytics",
    "webhooks": "analytics",
}
"""First segment below /api/v1 → service. What is not here (`/internal` above all) is not to be reached from outside."""

PROCESSES: Final = "processes"
"""What services call the sagas of the API."""
SAGAS: Final = "sagas"
SEARCH: Final = "search"

PUBLIC: Final = frozenset(
    {
        ("POST", "/auth/login"),
        ("POST", "/auth/login/code"),
        ("POST", "/auth/refresh"),
        ("POST", "/auth/password/reset"),
        ("GET", "/auth/.well-known/jwks.json"),
        ("GET", "/notifications/unsubscribe"),
        ("POST", "/notifications/unsubscribe"),
    }
)
"""What works without an access token."""
LOGIN: Final = frozenset({("POST", "/auth/login"), ("POST", "/auth/login/code")})

UPLOADS: Final = (
    re.compile(r"/customers/import"),
    re.compile(r"/(customers|meetings|tasks|approvals)/[0-9a-fA-F-]{36}/attachments"),
)
"""Paths that take files: their bodies may be larger."""
PASSED_ON: Final = re.compile(r"/approvals/[0-9a-fA-F-]{36}/attachments")
"""Below /api/v1: POST bodies that are passed on as they come, never whole in memory (ADR 0037)."""
DECODE: Final = ("POST", "/auth/temporal/decode")
"""What Temporal's UI sends for each event of a history that it shows."""
DECODE_BODY_MAX: Final = 8 * 1024 * 1024
"""Bytes: several payloads of 2 MiB, which is what Temporal takes, in Base64."""
SIGN_IN_BODY_MAX: Final = 8 * 1024
"""Bytes: what a stranger may send for nothing, whether or not a token that is none comes with it."""

STREAMS: Final = frozenset({("GET", "/notifications/stream"), ("GET", "/approvals/stream")})
"""Answers that last as long as somebody listens."""

_PLAIN_PATH = re.compile(rb"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_ODD_ENCODING = re.compile(rb"%(?![0-9a-f]{2})|%([01][0-9a-f]|2e|2f|5c|7f|25)", re.IGNORECASE)
"""Dots, slashes, per cents and control characters, and what is no encoding."""


@dataclass(frozen=True, slots=True)
class Location:
    """`path` is what stands below /api/v1; `segments` are its parts."""

    path: str
    segments: tuple[str, ...]


def check_raw(path: bytes) -> None:
    """Raises for a path that a service could read differently: dot segments, encoded slashes, odd characters.

    The shell keeps the same rule for its own (`frontend.ui.paths`).
    """
    if _PLAIN_PATH.fullmatch(path) is None or _ODD_ENCODING.search(path) is not None or not _is_utf8(path):
        raise BadRequest(Text("パスが不正です", "The path is malformed"))
    # Some readers take what follows a semicolon for a parameter of the segment.
    segments = [segment.partition(b";")[0] for segment in path.split(b"/")]
    if b"." in segments or b".." in segments or b"" in segments[1:-1]:
        raise BadRequest(Text("パスが不正です", "The path is malformed"))


def _is_utf8(path: bytes) -> bool:
    try:
        unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def locate(path: str) -> Location:
    """Raises NotFound outside of /api/v1."""
    below = path.removeprefix(VERSION_PREFIX)
    if below == path or not below.startswith("/"):
        raise NotFound
    return Location(below, tuple(below.strip("/").split("/")))


def body_cap(method: str, path: str, upload_cap: int) -> int | None:
    """Bytes that the body of a request to this path may have; None: as many as most."""
    below = path.removeprefix(VERSION_PREFIX)
    if (method, below) in PUBLIC:
        return SIGN_IN_BODY_MAX
    if (method, below) == DECODE:
        return DECODE_BODY_MAX
    if method in ("POST", "PUT") and any(route.fullmatch(below) for route in UPLOADS):
        return upload_cap
    return None


def service_of(location: Location) -> str:
    """The service that owns the path; raises NotFound."""
    service = ROUTES.get(location.segments[0])
    if service is None:
        raise NotFound
    return service
