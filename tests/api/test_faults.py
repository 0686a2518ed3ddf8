"""Services that are slow, broken or gone."""

import asyncio

import aiohttp
import pytest

from api import body, breaker
from tests.api.conftest import Edge, OpenEdge
from tests.api.stub_service import echo, hang, reply, reset, written
from tests.support.waiting import eventually


async def test_a_read_survives_one_broken_connection(edge: Edge) -> None:
    edge.services["customer"].on("GET", "/customers", reset, once=True)
    assert (await edge.get("/api/v1/customers")).status == 200
    assert edge.services["customer"].asked("/customers") == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_write_is_never_repeated(edge: Edge, method: str) -> None:
    edge.services["customer"].on(method, "/customers", reset)
    answer = await edge.ask(method, "/api/v1/customers", data=b"{}")
    assert (answer.status, answer.json["code"]) == (502, "upstream_broke")
    assert answer.headers["Retry-After"]
    assert answer.json["traceId"]
    assert edge.services["customer"].asked("/customers") == 1


async def test_a_write_over_a_connection_that_the_service_closed_meanwhile_is_not_repeated(edge: Edge) -> None:
    service = edge.services["customer"]
    assert (await edge.get("/api/v1/customers")).status == 200
    service.on("DELETE", "/customers/1", reset)
    assert (await edge.ask("DELETE", "/api/v1/customers/1")).status == 502
    assert service.asked("/customers/1") == 1


async def test_a_service_that_is_down_is_503_and_the_others_go_on(edge: Edge) -> None:
    await edge.services["customer"].kill()
    answer = await edge.ask("POST", "/api/v1/customers", data=b"{}")
    assert (answer.status, answer.json["code"], answer.json["service"]) == (503, "upstream_unreachable", "customer")
    assert answer.headers["Retry-After"]
    assert (await edge.get("/api/v1/tasks")).status == 200


async def test_a_slow_service_is_504_after_the_deadline(open_edge: OpenEdge) -> None:
    edge = await open_edge(upstream_timeout_seconds=0.3)
    edge.services["customer"].on("POST", "/customers", hang)
    answer = await edge.ask("POST", "/api/v1/customers", data=b"{}")
    assert (answer.status, answer.json["code"]) == (504, "upstream_timeout")
    assert answer.headers["Retry-After"]


async def test_prefer_wait_extends_the_deadline(open_edge: OpenEdge) -> None:
    edge = await open_edge(upstream_timeout_seconds=0.3)
    begun = asyncio.Event()

    async def late(request: object, writer: asyncio.StreamWriter) -> None:
        begun.set()
        await asyncio.wait_for(released.wait(), 30)
        await reply(200, {"done": True})(request, writer)  # type: ignore[arg-type]

    released = asyncio.Event()
    edge.services["customer"].on("DELETE", "/customers/1", late)
    call = asyncio.create_task(edge.ask("DELETE", "/api/v1/customers/1", headers={"Prefer": "respond-async, wait=20"}))
    await begun.wait()
    impatient = await edge.ask("DELETE", "/api/v1/customers/1")
    assert impatient.status == 504
    released.set()
    assert (await call).json == {"done": True}


async def test_the_breaker_opens_after_failures_and_recovers(
    open_edge: OpenEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "OPEN_SECONDS", 0.5)
    edge = await open_edge()
    service = edge.services["customer"]
    service.on("POST", "/customers", reset)
    for _ in range(breaker.FAILURES_TO_OPEN):
        assert (await edge.ask("POST", "/api/v1/customers", data=b"{}")).status == 502
    asked = len(service.requests)
    refused = await edge.ask("POST", "/api/v1/customers", data=b"{}")
    assert (refused.status, refused.json["code"]) == (503, "upstream_unreachable")
    assert len(service.requests) == asked, "an open breaker asks nobody"
    metrics = (await edge.get("/metrics")).body.decode()
    assert 'ringi_gateway_breaker_open{service="customer"} 1.0' in metrics
    assert (await edge.get("/api/v1/tasks")).status == 200

    service.on("POST", "/customers", echo)

    async def recovered() -> bool:
        return (await edge.ask("POST", "/api/v1/customers", data=b"{}")).status == 200

    await eventually(recovered, what="the breaker to close")


async def test_an_error_of_a_service_is_passed_on_and_opens_no_breaker(edge: Edge) -> None:
    problem = {"code": "internal_error", "status": 500, "traceId": "t"}
    edge.services["customer"].on("GET", "/customers/1", reply(500, problem))
    for _ in range(2 * breaker.FAILURES_TO_OPEN):
        answer = await edge.get("/api/v1/customers/1")
        assert (answer.status, answer.json) == (500, problem)


async def test_an_answer_that_breaks_off_is_seen_as_broken(edge: Edge) -> None:
    service = edge.services["customer"]
    small = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
    service.on("POST", "/customers", written(small, then_abort=True))
    assert (await edge.ask("POST", "/api/v1/customers", data=b"{}")).status == 502
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 70_000
    service.on("GET", "/customers/export", written(large, then_abort=True))
    with pytest.raises(aiohttp.ClientError):
        await edge.get("/api/v1/customers/export")
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    service.on("GET", "/customers/stream", written(chunked, then_abort=True))
    with pytest.raises(aiohttp.ClientError):
        await edge.get("/api/v1/customers/stream")


async def test_nonsense_from_a_service_is_502(edge: Edge) -> None:
    edge.services["customer"].on("POST", "/customers", written(b"SSH-2.0-OpenSSH\r\n\r\n"))
    assert (await edge.ask("POST", "/api/v1/customers", data=b"{}")).status == 502


async def test_large_and_compressed_answers_pass_unchanged(edge: Edge) -> None:
    blob = bytes(range(256)) * 4096
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(blob)
    edge.services["customer"].on("GET", "/customers/export", written(head, blob))
    answer = await edge.get("/api/v1/customers/export")
    assert answer.body == blob
    assert answer.headers["Content-Encoding"] == "gzip"


async def test_a_body_above_the_cap_is_413_whether_its_length_is_told_or_not(edge: Edge) -> None:
    big = b"x" * (1024 * 1024 + 1)
    assert (await edge.ask("POST", "/api/v1/customers", data=big)).status == 413

    async def chunks() -> object:
        for _ in range(17):
            yield b"x" * 65536

    told = await edge.ask("POST", "/api/v1/customers", data=chunks())
    assert (told.status, told.json["code"]) == (413, "payload_too_large")
    assert edge.services["customer"].requests == []
    assert (await edge.ask("POST", "/api/v1/customers/import", data=big)).status == 200


async def test_a_sender_that_stops_half_way_is_408_and_no_service_hears_of_it(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "CHUNK_TIMEOUT_SECONDS", 0.3)
    head = f"POST /api/v1/customers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {edge.token()}\r\n"
    answer = await edge.raw(head.encode() + b"Content-Length: 10\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert edge.services["customer"].requests == []


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Content-Length: +2\r\n\r\n{}",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length : 2\r\n\r\n{}",
        b"X-Odd: a\rb\r\n\r\n",
        b"Authorization: Bearer other\r\n\r\n",
    ],
)
async def test_a_request_that_could_be_read_in_two_ways_is_refused(edge: Edge, headers: bytes) -> None:
    head = f"POST /api/v1/customers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {edge.token()}\r\n"
    answer = await edge.raw(head.encode() + b"Connection: close\r\n" + headers)
    assert answer[9:12] in (b"400", b"413"), answer[:300]
    assert edge.services["customer"].requests == []
