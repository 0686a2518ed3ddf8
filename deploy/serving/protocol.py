"""uvicorn's HTTP protocol with an end to what is never finished.

uvicorn waits for the rest of a head or a body for as long as the connection stands, and reads a head of any length:
whoever opens connections and says nothing more holds them, and memory, for nothing. Here

- a head is complete some seconds after the connection was opened, or after its first byte on one that was kept,
- a body is complete some time after its head, and its parts keep coming,
- a head is of bounded length, and so is the number of requests that are sent ahead of their answers,
- what follows an answer that came before the end of its request is not read any more.
"""

import asyncio
from functools import cache
from typing import Final

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LINGER_SECONDS: Final = 2.0
"""After an answer that came early: until then what is still on its way is thrown away, so that the answer arrives."""
HEAD_BYTES_MAX: Final = 72 * 1024
"""More than any app takes (32 KiB of headers, 34 of address), so that the app can say so itself."""
HEADERS_MAX: Final = 150
"""Likewise: apps take 100."""
PIPELINED_MAX: Final = 16
_TIMEOUT: Final = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Patience(BaseSettings):
    """Seconds that a server waits for what a client has begun to send."""

    model_config = SettingsConfigDict(env_prefix="RINGI_", env_ignore_empty=True, extra="ignore", frozen=True)

    head_seconds: float = Field(default=15.0, gt=0)
    """For the head of a request."""
    body_seconds: float = Field(default=120.0, gt=0)
    """For a whole body: 25 MiB over a line of 2 Mbit/s."""
    body_pause_seconds: float = Field(default=20.0, gt=0)
    """Between two parts of a body; longer than the gateway's own patience, which can say what it waited for."""


@cache
def patience() -> Patience:
    return Patience()


class BoundedProtocol(HttpToolsProtocol):
    """To be named as uvicorn's `http` setting; tests/deploy/test_serving.py shows what it relies on."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._timer: asyncio.TimerHandle | None = None
        self._reading_head = True
        self._begun = False
        self._head_bytes = 0
        self._body_ends_at = 0.0
        self._deaf = False
        super().connection_made(transport)
        self._arm(patience().head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        was_reading_head = self._reading_head
        super().data_received(data)
        if was_reading_head and self._reading_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._refuse(_TOO_LARGE)

    # What the parser tells -------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self._reading_head:
            self._reading_head = True
            self._arm(patience().head_seconds)
        self._begun = True

    def on_url(self, url: bytes) -> None:
        if len(self.url) + len(url) <= HEAD_BYTES_MAX:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) < HEADERS_MAX:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._reading_head = False
        self._head_bytes = 0
        self._body_ends_at = self.loop.time() + patience().body_seconds
        self._arm(patience().body_pause_seconds)
        super().on_headers_complete()
        if len(self.pipeline) > PIPELINED_MAX:
            self._close()

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if not self._deaf:
            self._arm(min(patience().body_pause_seconds, self._body_ends_at - self.loop.time()))

    def on_message_complete(self) -> None:
        self._disarm()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body and not self.transport.is_closing():
            # The rest of this request is nobody's: it is neither parsed nor answered.
            self._deaf = True
            self._unset_keepalive_if_required()
            self._disarm()
            self._timer = self.loop.call_later(LINGER_SECONDS, self._close)

    # Ends ------------------------------------------------------------------------------------------

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(max(seconds, 0), self._expire)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        if self._reading_head:
            # A browser may have opened the connection ahead of a request that it did not need to make.
            self._refuse(_TIMEOUT if self._begun else b"")
        elif self.flow.read_paused:
            # Not the client's pause: the app has not asked for more yet.
            self._arm(patience().body_pause_seconds)
        else:
            # The app is told that its client is gone.
            self._close()

    def _refuse(self, answer: bytes) -> None:
        """Unless an earlier request on this connection is still being answered: nothing may come in between."""
        if answer and not self.transport.is_closing() and (self.cycle is None or self.cycle.response_complete):
            self.transport.write(answer)
        self._close()

    def _close(self) -> None:
        self._deaf = True
        if not self.transport.is_closing():
            self.transport.close()
