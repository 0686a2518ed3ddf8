"""Server-sent events through the gateway."""

import asyncio

import aiohttp

from services.kit.running.ids import new_id
from tests.api.conftest import Edge, OpenEdge
from tests.api.stub_service import Request
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


STREAM = "/api/v1/notifications/stream"
OPENED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


async def quiet(_request: Request, writer: asyncio.StreamWriter) -> None:
    """A stream on which nothing happens."""
    writer.write(OPENED + b"a\r\nretry: 1\n\n\r\n")
    await asyncio.Event().wait()


async def test_two_hundred_open_streams_leave_everybody_else_their_answers(open_edge: OpenEdge) -> None:
    edge = await open_edge()
    edge.services["analytics"].on("GET", "/notifications/stream", quiet)
    async with aiohttp.ClientSession(edge.url, connector=aiohttp.TCPConnector(limit=0)) as listeners:
        users = [{"Authorization": f"Bearer {edge.token(user_id=new_id())}"} for _ in range(200)]
        opened = await asyncio.gather(*(listeners.get(STREAM, headers=headers) for headers in users))
        assert {answer.status for answer in opened} == {200}
        report = await asyncio.wait_for(edge.get("/api/v1/reports/sales-summary"), 20)
        assert report.status == 200
        signed_in = await asyncio.wait_for(edge.ask("POST", "/api/v1/auth/login", token=None, data=b"{}"), 20)
        assert signed_in.status == 200
        for answer in opened:
            answer.close()


async def test_one_user_has_a_bounded_number_of_streams_and_is_told_so(open_edge: OpenEdge) -> None:
    edge = await open_edge(streams_per_user=2)
    edge.services["analytics"].on("GET", "/notifications/stream", quiet)
    headers = {"Authorization": f"Bearer {edge.token()}"}
    opened = [await edge.session.get(edge.url + STREAM, headers=headers) for _ in range(2)]
    refused = await edge.get(STREAM)
    assert (refused.status, refused.json["code"]) == (429, "too_many_requests")
    assert int(refused.headers["Retry-After"]) > 0
    assert (await edge.get("/api/v1/customers")).status == 200
    for answer in opened:
        answer.close()

    async def there_is_room() -> bool:
        answer = await edge.session.get(edge.url + STREAM, headers=headers)
        answer.close()
        return answer.status == 200

    await eventually(there_is_room, what="room for a stream once the others are closed")
