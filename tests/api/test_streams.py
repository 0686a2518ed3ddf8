"""Server-sent events through the gateway."""

import asyncio

from tests.api.conftest import Edge
from tests.api.raw_service import Request
from tests.support.waiting import eventually


class EventStream:
    """An endless stream that writes what the test puts into it."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[bytes] = asyncio.Queue()
        self.writer: asyncio.StreamWriter | None = None

    async def __call__(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            event = await self.events.get()
            writer.write(b"%x\r\n%s\r\n" % (len(event), event))
            await writer.drain()

    @property
    def closed(self) -> bool:
        return self.writer is not None and self.writer.transport.is_closing()


async def test_events_arrive_one_by_one_and_the_stream_ends_with_its_reader(edge: Edge) -> None:
    stream = EventStream()
    edge.services["analytics"].on("GET", "/notifications/stream", stream)
    headers = {"Authorization": f"Bearer {edge.token()}", "Last-Event-ID": "7"}
    async with edge.session.get(f"{edge.url}/api/v1/notifications/stream", headers=headers) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        for number in range(3):
            await stream.events.put(b"id: %d\n\n" % number)
            assert await asyncio.wait_for(response.content.readuntil(b"\n\n"), 30) == b"id: %d\n\n" % number
        assert edge.services["analytics"].requests[0].headers["last-event-id"] == "7"
        response.close()

    async def let_go() -> bool:
        await stream.events.put(b": heartbeat\n\n")
        return stream.closed or not edge.services["analytics"].connections

    await eventually(let_go, what="the gateway to close its connection to the service")
