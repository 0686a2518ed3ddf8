"""What a page's request leaves behind, whether spans are exported or not: figures by route and one trace."""

from __future__ import annotations

from contextlib import suppress

from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message

from frontend.ui.telemetry import Observed, traceparent
from services.kit.running.logging import add_correlation

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def _page(request: Request) -> Response:
    if "broken" in request.query_params:
        raise RuntimeError("a defect")
    return PlainTextResponse(f"{traceparent()} {add_correlation(None, '', {}).get('traceId')}")


async def asked(path: str, query: str = "", **headers: str) -> list[str]:
    routes = [Route("/things/{id}", _page), Route("/healthz", _page)]
    app = Starlette(routes=routes, middleware=[Middleware(Observed, name="test")])
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": given}
    with suppress(RuntimeError):  # Starlette answers with 500 and raises it for the server to log
        await app({**scope, "http_version": "1.1", "server": ("test", 80), "scheme": "http"}, receive, send)
    return b"".join(message.get("body", b"") for message in sent).decode().split(" ")


def counted(route: str, status: str) -> float:
    labels = {"app": "test", "method": "GET", "route": route, "status": status}
    return REGISTRY.get_sample_value("ringi_pages_total", labels) or 0


async def test_a_trace_goes_on_in_calls_and_log_lines() -> None:
    passed_on, logged = await asked("/things/1", traceparent=GIVEN)
    assert (passed_on.split("-")[1], logged) == (GIVEN.split("-")[1],) * 2


async def test_a_request_without_a_trace_begins_one_of_its_own() -> None:
    (first, logged), (second, _) = await asked("/things/1"), await asked("/things/1")
    assert first.split("-")[1] == logged != second.split("-")[1]
    assert (await asked("/things/1", traceparent="00-junk"))[0].startswith("00-")


async def test_pages_are_counted_by_template_and_failures_as_such() -> None:
    before = counted("/things/{id}", "200"), counted("/things/{id}", "500")
    await asked("/things/1")
    await asked("/things/2", "broken=1")
    assert (counted("/things/{id}", "200"), counted("/things/{id}", "500")) == (before[0] + 1, before[1] + 1)


async def test_nothing_of_a_request_stays_behind() -> None:
    await asked("/things/1", traceparent=GIVEN)
    assert traceparent() == ""
