"""A proxy between a client and a server of a test: a network that is slow, cut, silent, or open at one end only."""

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

CHUNK: Final = 65_536
LINGER_NONE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER that makes a close a reset: the other end sees ECONNRESET instead of an orderly end."""


BeforeTls = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class _Connection:
    """One client's. Bytes are held while ``passes`` is not set, in the order in which they came: TCP loses none."""

    def __init__(self) -> None:
        self.passes = asyncio.Event()
        self.passes.set()
        self.lost = False
        """Silent for good, and neither end is told when the other closes."""
        self.writers: list[asyncio.StreamWriter] = []


class TcpProxy:
    """Forwards from ``port`` to ``target`` until told otherwise. Runs in a thread of its own, so that a test that
    blocks does not hold it up; every method may be called from any thread and returns when it is done."""

    def __init__(self, target: int, tls: ssl.SSLContext | None = None, before_tls: BeforeTls | None = None) -> None:
        self.target = target
        self._tls = tls
        self._before_tls = before_tls
        self.port = 0
        self._latency = 0.0
        self._silent = False
        self._connections: set[_Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)

    def start(self) -> None:
        self._thread.start()
        at_once = self._tls if self._before_tls is None else None
        listening = asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=at_once)
        server = asyncio.run_coroutine_threadsafe(listening, self._loop)
        self.port = server.result().sockets[0].getsockname()[1]

    def stop(self) -> None:
        self.reset()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @property
    def connections(self) -> int:
        """How many are open, lost ones included."""
        return len(self._connections)

    def delay(self, seconds: float) -> None:
        """Each chunk, in both directions, takes this much longer."""
        self._latency = seconds

    def black_hole(self) -> None:
        """Nothing arrives any more, on old connections and new ones, until ``forward``; nobody is told."""

        def close() -> None:
            self._silent = True
            for connection in self._connections:
                connection.passes.clear()

        self._call(close)

    def half_open(self) -> None:
        """The connections of now are dead for ever without either end knowing it; new ones work."""

        def lose() -> None:
            for connection in self._connections:
                connection.lost = True
                connection.passes.clear()

        self._call(lose)

    def forward(self) -> None:
        """As at the start; what a black hole held arrives."""

        def open_() -> None:
            self._silent = False
            self._latency = 0.0
            for connection in self._connections:
                if not connection.lost:
                    connection.passes.set()

        self._call(open_)

    def reset(self) -> None:
        """Every connection is reset, at both ends."""

        def reset() -> None:
            for connection in list(self._connections):
                for writer in connection.writers:
                    _reset(writer)

        self._call(reset)

    def _call(self, change: Callable[[], None]) -> None:
        done = threading.Event()

        def run() -> None:
            change()
            done.set()

        self._loop.call_soon_threadsafe(run)
        done.wait()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection()
        connection.writers.append(writer)
        self._connections.add(connection)
        if self._silent:
            connection.passes.clear()
        try:
            if self._tls is not None and self._before_tls is not None:
                await self._before_tls(reader, writer)
                await writer.start_tls(self._tls)
            await connection.passes.wait()
            upstream, to_upstream = await asyncio.open_connection("127.0.0.1", self.target)
            connection.writers.append(to_upstream)
            await asyncio.gather(self._pump(connection, reader, to_upstream), self._pump(connection, upstream, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass  # one end is gone, refused, or nobody listens: the other end is told below
        finally:
            self._connections.discard(connection)
            for each in connection.writers:
                _reset(each)

    async def _pump(self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            data = await reader.read(CHUNK)
            if self._latency:
                await asyncio.sleep(self._latency)
            await connection.passes.wait()
            if not data:
                writer.close()
                return
            writer.write(data)
            await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    found: socket.socket | None = writer.get_extra_info("socket")
    if found is not None:
        with contextlib.suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
    writer.transport.abort()


@contextmanager
def tcp_proxy(
    target: int, tls: ssl.SSLContext | None = None, before_tls: BeforeTls | None = None
) -> Iterator[TcpProxy]:
    """In front of a server on this machine; ``target`` is its port. ``tls``: clients speak TLS with the proxy, for a
    server that knows none; ``before_tls`` is what protocols that agree on TLS first say until then."""
    proxy = TcpProxy(target, tls, before_tls)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
