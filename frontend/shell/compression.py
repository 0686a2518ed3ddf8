"""gzip for pages and for the scripts of remotes.

Each piece of a streamed page is flushed, so that the head is on its way while the rest is made.
"""

from __future__ import annotations

import zlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LEVEL = 5
_TYPES = ("text/html", "text/javascript")
_GZIP_WINDOW = zlib.MAX_WBITS | 16


class CompressPages:
    """ASGI middleware: HTML, and scripts that a remote sent; event streams stay as they are, and the shell's own assets
    are compressed when built."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            await self._app(scope, receive, send)
            return
        packer: zlib._Compress | None = None

        async def send_packed(message: Message) -> None:
            nonlocal packer
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message["headers"]))
                if headers.get("content-type", "").startswith(_TYPES) and "content-encoding" not in headers:
                    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
                    headers["Content-Encoding"] = "gzip"
                    headers.add_vary_header("Accept-Encoding")
                    del headers["Content-Length"]
                    message = {**message, "headers": headers.raw}
            elif message["type"] == "http.response.body" and packer is not None:
                more = message.get("more_body", False)
                packed = packer.compress(message.get("body", b""))
                packed += packer.flush(zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH)
                message = {**message, "body": packed}
            await send(message)

        await self._app(scope, receive, send_packed)
