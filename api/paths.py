"""Which path a request asks for, and which service answers it."""

import re
from dataclasses import dataclass
from typing import Final

from services.kit.errors import BadRequest, NotFound, Text

PREFIX: Final = "/api"
VERSION_PREFIX: Final = "/api/v1"
PATH_MAX: Final = 2048
QUERY_MAX: Final = 32_768

SERVICES: Final = ("auth", "customer", "sales_activity", "opportunity", "analytics")

ROUTES: Final = {
    "auth": "auth",
    "customers": "customer",
    "meetings": "sales_activity",
    "tasks": "sales_activity",
    "approvals": "opportunity",
    "approval-routes": "opportunity",
    "proxies": "opportunity",
    "reports": "analytics",
    "notifications": "analytics",
}
"""First segment below /api/v1 → service. What is not here (`/internal` above all) is not to be reached from outside."""

PROCESSES: Final = "processes"
"""What services call the sagas of the API."""
SAGAS: Final = "sagas"
SEARCH: Final = "search"

PUBLIC: Final = frozenset(
    {
        ("POST", "/auth/login"),
        ("POST", "/auth/refresh"),
        ("POST", "/auth/password/reset"),
        ("GET", "/auth/.well-known/jwks.json"),
    }
)
"""What works without an access token."""
LOGIN: Final = frozenset({("POST", "/auth/login")})

_PLAIN_PATH = re.compile(rb"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_ENCODED_STRUCTURE = re.compile(rb"%(2e|2f|5c|00|25)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Location:
    """`path` is what stands below /api/v1; `segments` are its parts."""

    path: str
    segments: tuple[str, ...]


def check_raw(path: bytes, query: bytes) -> None:
    """Raises for a path that a service could read differently: dot segments, encoded slashes, odd characters."""
    if len(path) > PATH_MAX or len(query) > QUERY_MAX:
        raise UriTooLong
    if _PLAIN_PATH.fullmatch(path) is None or _ENCODED_STRUCTURE.search(path) is not None:
        raise BadRequest(Text("パスが不正です", "The path is malformed"))
    segments = path.split(b"/")
    if b"." in segments or b".." in segments or b"" in segments[1:-1]:
        raise BadRequest(Text("パスが不正です", "The path is malformed"))


def locate(path: str) -> Location:
    """Raises NotFound outside of /api/v1."""
    below = path.removeprefix(VERSION_PREFIX)
    if below == path or not below.startswith("/"):
        raise NotFound
    return Location(below, tuple(below.strip("/").split("/")))


def service_of(location: Location) -> str:
    """The service that owns the path; raises NotFound."""
    service = ROUTES.get(location.segments[0])
    if service is None:
        raise NotFound
    return service


class UriTooLong(BadRequest):
    status, code = 414, "uri_too_long"
    title = Text("URL が長すぎます", "The URL is too long")
