"""Several ASGI apps behind one port, chosen by the beginning of the path."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.embedded.web.lifespans import ASGIApp, Lifespans, Receive, Scope, Send

LOOPBACK_PREFIXES = ("127.", "::1", "::ffff:127.")
FORWARDING_HEADERS = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip"})


@dataclass(frozen=True, slots=True)
class Mount:
    """An app below a path. `strips`: it does not know of the prefix. `loopback_only`: for callers on this machine."""

    name: str
    prefix: str
    app: ASGIApp
    strips: bool = False
    loopback_only: bool = False
    starts_last: bool = False
    """It calls the others in this process, which must have begun by then."""

    def holds(self, path: str) -> bool:
        return path == self.prefix or path.startswith(f"{self.prefix}/")


class Composition:
    def __init__(self, mounts: Sequence[Mount], *, otherwise: Mount) -> None:
        self._mounts = mounts
        self._otherwise = otherwise
        everything = [*mounts, otherwise]
        groups = [
            {mount.name: mount.app for mount in everything if mount.starts_last is last} for last in (False, True)
        ]
        self._lifespans = Lifespans(groups)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespans.serve(receive, send)
            return
        mount = next((mount for mount in self._mounts if mount.holds(scope["path"])), self._otherwise)
        if mount.loopback_only and not comes_from_this_machine(scope):
            await _not_found(scope, send)
            return
        inner = {**scope, "state": self._lifespans.by_name[mount.name].state.copy()}
        if mount.strips:
            inner["root_path"] = scope.get("root_path", "") + mount.prefix
        await mount.app(inner, receive, send)


def comes_from_this_machine(scope: Scope) -> bool:
    """The peer is on loopback and no proxy stands between: a proxy on this machine would lend its address to others."""
    client = scope.get("client")
    if client is None or not str(client[0]).startswith(LOOPBACK_PREFIXES):
        return False
    return not any(name in FORWARDING_HEADERS for name, _ in scope["headers"])


async def _not_found(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = b'{"type":"about:blank","title":"Not Found","status":404,"code":"not_found"}'
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": body})
