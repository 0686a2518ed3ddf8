"""What the supervisor must know of a part to run it."""

import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from deploy.embedded.children.account import Account


class PartName(StrEnum):
    """The five processes, in the order in which they are stopped: what uses before what is used."""

    WEB = "web"
    WORKER = "worker"
    BROKER = "broker"
    TEMPORAL = "temporal"
    POSTGRES = "postgres"


INFRASTRUCTURE = (PartName.POSTGRES, PartName.TEMPORAL, PartName.BROKER)


async def nothing() -> None:
    """Most parts need no preparation."""


@dataclass(frozen=True, slots=True)
class Part:
    name: PartName
    address: str
    command: Callable[[], Sequence[str]]
    """The command line, asked for at every start (the broker's cluster id is new each time)."""
    environment: Mapping[str, str]
    is_ready: Callable[[int], Awaitable[bool]]
    """Given the pid: does it do its work now?"""
    before_start: Callable[[], Awaitable[None]] = nothing
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    """How long it may take to stop before it is killed."""
    death_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends it when the supervisor dies."""
    account: Account | None = None
    waits_at_gate: bool = False
    """It loads its program at once, but starts only when told to: see gate.py."""
    needs_assets: bool = False
    """It reads the browser's files when it loads, so these are built first."""
    drops_on_restart: frozenset[str] = field(default=frozenset())
    """Environment variables meant for the first start only (a crash point would otherwise strike for ever)."""
