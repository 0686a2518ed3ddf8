"""Named places at which a test lets this process die, as if the power had gone (``CRASH_AT=name:n``)."""

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


def _armed() -> tuple[str, int] | None:
    setting = os.environ.get(VARIABLE)
    if not setting or os.environ.get("RINGI_ENV") not in ALLOWED_ENVIRONMENTS:
        return None
    name, _, count = setting.rpartition(":")
    return (name, int(count)) if name else (setting, 1)


_ARMED: Final = _armed()


def reach(name: str) -> None:
    """Kills this process with SIGKILL at the n-th pass of the armed point; does nothing otherwise."""
    if _ARMED is None or _ARMED[0] != name:
        return
    _passes[name] += 1
    if _passes[name] == _ARMED[1]:
        os.kill(os.getpid(), signal.SIGKILL)
