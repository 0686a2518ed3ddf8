"""Several ASGI apps on one port: whose path it is, who may call, and that every app's lifespan runs."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from fastapi import FastAPI, Request

from deploy.embedded.web.composition import Composition, Mount
from deploy.embedded.web.lifespans import Lifespans

LOCAL = ("127.0.0.1", 40_000)


def app(name: str, events: list[str], *, broken: bool = False) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, str]]:
        if broken:
            raise RuntimeError("no database")
        events.append(f"{name} begins")
        yield {"owner": name}
        events.append(f"{name} ends")

    made = FastAPI(lifespan=lifespan)

    @made.get("/{path:path}")
    async def answer(request: Request, path: str) -> dict[str, Any]:
        return {"app": name, "path": path, "owner": request.state.owner, "base": request.scope["root_path"]}

    return made


def composition(events: list[str]) -> Composition:
    return Composition(
        [
            Mount("gateway", "/api", app("gateway", events), starts_last=True),
            Mount("customer", "/_svc/customer", app("customer", events), strips=True, loopback_only=True),
        ],
        otherwise=Mount("shell", "", app("shell", events)),
    )


@dataclass(frozen=True)
class Caller:
    """GETs on an app as a server passes them on, from a peer address of the test's choice."""

    app: Composition
    peer: tuple[str, int]

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, dict[bytes, bytes], Any]:
        sent: list[Any] = []
        scope = {"type": "http", "method": "GET", "scheme": "http", "http_version": "1.1", "query_string": b""}
        scope |= {"path": path, "raw_path": path.encode(), "root_path": "", "client": self.peer}
        scope |= {"server": ("127.0.0.1", 8000), "asgi": {"version": "3.0"}}
        scope["headers"] = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return sent[0]["status"], dict(sent[0]["headers"]), orjson.loads(body)


@asynccontextmanager
async def running(composed: Composition, peer: tuple[str, int] = LOCAL) -> AsyncIterator[Caller]:
    """A caller of the composed app, whose lifespan runs."""
    lifespan = Lifespans([{"all": composed}]).by_name["all"]
    await lifespan.start()
    yield Caller(composed, peer)
    await lifespan.stop()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/customers", {"app": "gateway", "path": "api/customers", "owner": "gateway", "base": ""}),
        ("/_svc/customer/items", {"app": "customer", "path": "items", "owner": "customer", "base": "/_svc/customer"}),
        ("/apis", {"app": "shell", "path": "apis", "owner": "shell", "base": ""}),
        ("/_svc/customers", {"app": "shell", "path": "_svc/customers", "owner": "shell", "base": ""}),
        ("/", {"app": "shell", "path": "", "owner": "shell", "base": ""}),
    ],
)
async def test_each_path_reaches_its_app(path: str, expected: dict[str, str]) -> None:
    async with running(composition([])) as http:
        _, _, answer = await http.get(path)
        assert answer == expected


async def test_every_lifespan_runs_and_who_calls_others_begins_last_and_ends_first() -> None:
    events: list[str] = []
    async with running(composition(events)):
        assert sorted(events[:2]) == ["customer begins", "shell begins"]
        assert events[2:] == ["gateway begins"]  # it calls the others
    assert events[3:] == ["gateway ends", "shell ends", "customer ends"]


async def test_one_app_that_cannot_start_stops_the_process_and_ends_the_others() -> None:
    events: list[str] = []
    broken = Mount("opportunity", "/_svc/opportunity", app("opportunity", events, broken=True))
    composed = Composition([Mount("gateway", "/api", app("gateway", events)), broken], otherwise=broken)
    with pytest.raises(RuntimeError, match="no database"):
        async with running(composed):
            pass
    assert events in (["gateway begins", "gateway ends"], [])


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        (("192.0.2.7", 40_000), {}),
        (LOCAL, {"X-Forwarded-For": "192.0.2.7"}),
        (LOCAL, {"Forwarded": "for=192.0.2.7"}),
    ],
)
async def test_services_are_not_there_for_callers_from_elsewhere(
    client: tuple[str, int], headers: dict[str, str]
) -> None:
    async with running(composition([]), client) as http:
        status, answered, _ = await http.get("/_svc/customer/items", headers)
        assert (status, answered[b"content-type"]) == (404, b"application/problem+json")
        status, _, _ = await http.get("/api/customers", headers)
        assert status == 200
