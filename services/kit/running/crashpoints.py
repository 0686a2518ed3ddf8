"""Named places at which a test lets this process die, as if the power had gone (``CRASH_AT=name:n``)."""

import functools
import os
import signal
from collections import Counter
from typing import Final

VARIABLE: Final = "CRASH_AT"
ALLOWED_ENVIRONMENTS: Final = frozenset({"test", "embedded"})

RELAY_PUBLISHED: Final = "relay.published"
INTENT_STARTED: Final = "intent.started"
CONSUMER_APPLIED: Final = "consumer.applied"
CONSUMER_COMMITTED: Final = "consumer.committed"

_passes: Counter[str] = Counter()


@functools.cache
def _armed() -> tuple[str, int] | None:
    """Read at the first pass: a process that a test forked is armed after it was loaded."""
    setting = os.environ.get(VARIABLE)
    if not setting or os.environ.get("RINGI_ENV") not in ALLOWED_ENVIRONMENTS:
        return None
    name, _, count = setting.rpartition(":")
    return (name, int(count)) if name else (setting, 1)


def reach(name: str) -> None:
    """Kills this process with SIGKILL at the n-th pass of the armed point; does nothing otherwise."""
    armed = _armed()
    if armed is None or armed[0] != name:
        return
    _passes[name] += 1
    if _passes[name] == armed[1]:
        os.kill(os.getpid(), signal.SIGKILL)
