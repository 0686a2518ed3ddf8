"""What ties log lines, events, spans and problem documents of one piece of work together."""

import random
import re
from contextvars import ContextVar
from dataclasses import dataclass, replace

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16
# Trace ids need to be unique, not unguessable; the system's generator only seeds.
_random = random.SystemRandom()
_ids = random.Random(_random.getrandbits(128))  # noqa: S311


@dataclass(frozen=True, slots=True)
class Correlation:
    """The present request or activity. ``traceparent`` is a W3C Trace Context header value."""

    traceparent: str
    request_id: str | None = None
    process_id: str | None = None
    actor_id: str | None = None
    ip: str | None = None
    locale: str = "ja"

    @property
    def trace_id(self) -> str:
        return self.traceparent[3:35]


_current: ContextVar[Correlation | None] = ContextVar("correlation", default=None)


def current() -> Correlation | None:
    """The correlation of the running task, None outside of any."""
    return _current.get()


def use(correlation: Correlation) -> None:
    """Make it the running task's; a task started from here inherits it."""
    _current.set(correlation)


def amend(*, actor_id: str) -> None:
    """Add the caller, who is known once the token is verified."""
    present = _current.get()
    if present is not None:
        _current.set(replace(present, actor_id=actor_id))


def new_traceparent() -> str:
    """A sampled root of a new trace."""
    return f"00-{_ids.getrandbits(128) or 1:032x}-{_ids.getrandbits(64) or 1:016x}-01"


def child_traceparent(incoming: str | None) -> str:
    """The caller's trace with a new span id of ours; a new trace when the header is absent or malformed."""
    match = _TRACEPARENT.fullmatch(incoming) if incoming else None
    if match is None or match[1] == _NO_TRACE or match[2] == _NO_SPAN:
        return new_traceparent()
    return f"00-{match[1]}-{_ids.getrandbits(64) or 1:016x}-{match[3]}"


def current_trace_id() -> str:
    """The running task's trace id, or a new one, so that every problem document has one."""
    present = _current.get()
    return present.trace_id if present is not None else new_traceparent()[3:35]
