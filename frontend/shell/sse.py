"""Server-sent events as text: reading a stream (WHATWG HTML, "Server-sent events") and writing messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

HEARTBEAT = ": still here\n\n"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    name: str
    data: str


async def events_in(lines: AsyncIterator[bytes]) -> AsyncIterator[ServerEvent]:
    """The events of a stream of lines; comments and unknown fields are skipped."""
    name, data = "message", list[str]()
    async for raw in lines:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if not line:
            if data:
                yield ServerEvent(name, "\n".join(data))
            name, data = "message", []
            continue
        label, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if label == "data":
            data.append(value)
        elif label == "event":
            name = value


def message(data: str, event: str | None = None) -> str:
    """One message; without an event name, htmx swaps its content into the page."""
    head = f"event: {event}\n" if event else ""
    return head + "".join(f"data: {line}\n" for line in data.splitlines() or [""]) + "\n"
