"""A stored answer is shown only to who may see its resource now.

An idempotency key is good for a day; rights end sooner. Before a stored answer is given again, the caller's roles must
still open the route, and the resource that the answer tells of must still open to a plain GET of theirs.
"""

from collections.abc import Iterator
from typing import Any, Final

from fastapi.dependencies.models import Dependant
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from services.kit.errors import Forbidden
from services.kit.http.dependencies import RequiredPermission
from services.kit.http.problems import AllowedMethods
from services.kit.trust.principal import Principal

_HIDING: Final = frozenset({401, 403, 404})
_KEPT_HEADERS: Final = frozenset({b"host", b"authorization", b"accept-language", b"x-request-id", b"traceparent"})
_KEPT_SCOPE: Final = ("type", "asgi", "http_version", "scheme", "client", "server", "root_path")


def required_by(dependant: Dependant) -> frozenset[RequiredPermission]:
    """What a route's signature asks of the caller."""
    own = {dependant.call} if isinstance(dependant.call, RequiredPermission) else set()
    return frozenset(own.union(*map(required_by, dependant.dependencies)))


async def refusal(
    request: Request, principal: Principal | None, required: frozenset[RequiredPermission], replay: Response
) -> Response | None:
    """The answer that takes the place of the stored one; None while the caller may still see it.

    What a DELETE or a 202 answered tells of the process that it began, of nothing else. Raises Forbidden.
    """
    if principal is not None and not all(permission.held_by(principal) for permission in required):
        raise Forbidden()
    path = next(_paths(request, replay), None)
    if request.method == "DELETE" or replay.status_code not in (200, 201) or path is None:
        return None
    seen = await _get(request, path)
    return seen if seen.status_code in _HIDING or seen.status_code >= 500 else None


def _paths(request: Request, replay: Response) -> Iterator[str]:
    """Addresses below which the app has a GET: of what was made, else of what was changed, the nearest first."""
    known: AllowedMethods = getattr(request.app.state, "allowed_methods", ())

    def is_readable(path: str) -> bool:
        return any("GET" in methods and pattern.fullmatch(path) for pattern, methods in known)

    # A Location is the gateway's address of the resource: what stands before the service's own is not known here.
    location = replay.headers.get("location", "")
    made = (location[start:] for start, sign in enumerate(location) if sign == "/")
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    parts = path.split("/")
    changed = ("/".join(parts[:length]) for length in range(len(parts), 1, -1))
    for candidates in (made, changed):
        yield from filter(is_readable, candidates)


async def _get(request: Request, path: str) -> Response:
    """What the app answers the same caller who asks for the resource."""
    root = request.scope.get("root_path", "")
    scope: dict[str, Any] = {name: request.scope[name] for name in _KEPT_SCOPE if name in request.scope}
    scope |= {
        "method": "GET",
        "path": root + path,
        "raw_path": (root + path).encode(),
        "query_string": b"",
        "headers": [(name, value) for name, value in request.scope["headers"] if name in _KEPT_HEADERS],
    }
    start: dict[str, Any] = {}
    body = bytearray()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            body.extend(message.get("body", b""))

    await request.app(scope, receive, send)
    response = Response(bytes(body), start["status"])
    response.raw_headers = list(start["headers"])
    return response
