"""What an invariant is, and what a run over all of them finds."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from deploy.invariants.system import System


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that should not be. `subject` names it so that a second look can recognise it."""

    subject: str
    detail: str


Check = Callable[[System], Awaitable[list[Violation]]]


@dataclass(frozen=True, slots=True)
class Invariant:
    """A statement about the whole system that holds at rest. `key` is stable and used by clients of `--json`."""

    key: str
    statement: str
    check: Check


@dataclass(frozen=True, slots=True)
class Finding:
    invariant: Invariant
    violations: tuple[Violation, ...]

    @property
    def holds(self) -> bool:
        return not self.violations
