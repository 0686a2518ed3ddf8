"""What somebody without a session may send to an ASGI app, as long as it gets, and what it costs the app to refuse it.

Costs are CPU time of this process, not wall time, and what is too dear is measured beside them: they hold on a loaded
machine, on a slow one, and under the tracing of branch coverage.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

ATTEMPTS = 12
"""The cheapest counts: a collection of garbage, or another thread of the test run, is no cost of the request."""
BELOW_LIMIT, ABOVE_LIMIT = 30_000, 60_000
"""Characters: what is just about read, and what is refused."""

FILLERS = (
    "a", "/", " ", "9", "a,", "a;", "a=1;", "a&", "a=1&", "%", "%41", "%2e", "a://", "eyJ", "eyJ.", "eyJa.-", "en-US,",
    "ja;q=0.5,", "1.1.1.1,", "127.0.0.1,", "::1,", "0-0,", "Bearer ", "password=", '"\\073', "\\u0000", "W/\"1\",",
    "<>", "[", "{\"a\":", "-", ".", "..", "a.", "\t", "é", "@", ":", "a@", "0123456789abcdef-",
)  # fmt: skip
HEADERS = (
    "accept", "accept-encoding", "accept-language", "authorization", "connection", "content-type", "cookie",
    "forwarded", "host", "hx-current-url", "hx-request", "hx-target", "idempotency-key", "if-match", "if-none-match",
    "if-range", "last-event-id", "origin", "prefer", "range", "referer", "sec-fetch-site", "traceparent", "tracestate",
    "user-agent", "x-csrf-token", "x-forwarded-for", "x-forwarded-proto", "x-request-id", "x-ringi-identity",
    "x-unknown",
)  # fmt: skip
BEGINNINGS = {
    "authorization": "Bearer ",
    "cookie": '__Host-ringi="',
    "content-type": "multipart/form-data; boundary=",
    "range": "bytes=",
    "if-match": '"',
    "traceparent": "00-",
    "prefer": "wait=",
    "origin": "http://",
}


@dataclass(frozen=True)
class Sent:
    """One request; `path` is percent-encoded."""

    what: str
    method: str = "GET"
    path: str = "/"
    query: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    peer: str = "127.0.0.1"


def filled(filler: str, length: int) -> str:
    return (filler * (length // len(filler) + 1))[:length]


def long_heads(path: str) -> Iterator[Sent]:
    """Everything in a head at its longest. `path` is one that the app answers."""
    for filler in FILLERS:
        for length in (BELOW_LIMIT, ABOVE_LIMIT):
            text, what = filled(filler, length), f"{length} of {filler!r}"
            yield Sent(f"path, {what}", path=f"{path}/{text}")
            yield Sent(f"query, {what}", path=path, query=text)
            yield Sent(f"value in query, {what}", path=path, query=f"q={text}")
        plain = filled(filler, BELOW_LIMIT).encode().decode("latin-1")
        for name in HEADERS:
            value = BEGINNINGS.get(name, "") + plain
            yield Sent(f"{name}, {what}", path=path, headers=[(name, value)])
    many = [(f"x-{number}", "1") for number in range(20_000)]
    yield Sent("20,000 headers", path=path, headers=many)
    yield Sent("20,000 lines of X-Forwarded-For", path=path, headers=[("x-forwarded-for", "127.0.0.1")] * 20_000)


def long_bodies(path: str, *, limit: int) -> Iterator[Sent]:
    """Bodies of JSON and forms, just below the limit and far above it."""
    for length in (limit, 1024 * 1024):
        for filler in ("[", '{"a":', "[],", '"\\u0000",', "\\", '"', "1,", '"\\ud800",', " ", "a=1&", "&", "%41"):
            for kind in ("application/json", "application/x-www-form-urlencoded"):
                yield _posted(path, f"{length} of {filler!r} as {kind}", filled(filler, length), kind)
        members = ",".join(f'"{number}":1' for number in range(length // 9))
        yield _posted(path, f"an object of {length}", f"{{{members}}}"[:length], "application/json")
        listed = "[" + ",".join(['"\\u0000"'] * (length // 9)) + "]"
        yield _posted(path, f"a list of {length} with NUL", listed, "application/json")
        depth = min(900, length // 16)
        nested = "[" * depth + ",".join(['"\\u0000"'] * ((length - 2 * depth) // 9)) + "]" * depth
        yield _posted(path, f"NUL at depth {depth}, {length}", nested, "application/json")
        part = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        yield _posted(path, f"{length} of parts", filled(part, length - 5) + "--b--", "multipart/form-data; boundary=b")


def _posted(path: str, what: str, body: str, kind: str) -> Sent:
    content = body.encode("utf-8", "surrogatepass")
    headers = [("content-type", kind), ("content-length", str(len(content)))]
    return Sent(f"body: {what}", "POST", path, headers=headers, body=content)


async def status_of(app: ASGIApp, sent: Sent) -> int:
    """The answer's status; the app is called as a server would call it."""
    return await _status(app, _scope(sent), sent.body)


def _scope(sent: Sent) -> dict[str, Any]:
    """What a server has made of the request before it calls the app."""
    headers = [(name.encode(), value.encode("latin-1")) for name, value in sent.headers]
    if not any(name == b"host" for name, _ in headers):
        headers.insert(0, (b"host", b"ringi.example"))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": sent.method,
        "scheme": "http",
        "path": unquote(sent.path),
        "raw_path": sent.path.encode(),
        "root_path": "",
        "query_string": sent.query.encode(),
        "headers": headers,
        "client": (sent.peer, 50_000),
        "server": ("ringi.example", 80),
        "state": {},
    }


async def _status(app: ASGIApp, scope: dict[str, Any], body: bytes) -> int:
    statuses: list[int] = []
    asked = False

    async def receive() -> Message:
        nonlocal asked
        if asked:
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


def _yardstick() -> float:
    """The CPU seconds that a server may spend on a head before any app sees it: reading the dearest path in full."""
    dearest = filled("%", ABOVE_LIMIT)
    costs = []
    for _ in range(ATTEMPTS):
        began = time.process_time()
        unquote(dearest)
        costs.append(time.process_time() - began)
    return min(costs)


async def too_dear(app: ASGIApp, requests: Iterator[Sent]) -> list[str]:
    """Which of the requests cost more CPU time than a stranger may cause, or ended as a fault of the app."""
    allowed = _yardstick()
    found = []
    for sent in requests:
        cheapest = float("inf")
        for _ in range(ATTEMPTS):
            scope = _scope(sent)
            began = time.process_time()
            status = await _status(app, scope, sent.body)
            cheapest = min(cheapest, time.process_time() - began)
            if cheapest <= allowed / 2:
                break
        if cheapest > allowed or status >= 500:
            cost = f"{cheapest / allowed:.1f} of what is allowed"
            found.append(f"{sent.method} {sent.path[:40]} {sent.what}: {status}, {cost}")
    return found
