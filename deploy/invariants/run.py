"""Runs the checks. A system at work is never quite still, so a suspect counts only if it is still there later."""

import asyncio
from collections.abc import Callable

from deploy.invariants.catalogue import INVARIANTS
from deploy.invariants.model import Finding, Invariant, Violation
from deploy.invariants.system import System

SECOND_LOOK_S = 1.0


async def verify(
    system: System,
    *,
    settle_seconds: float,
    invariants: tuple[Invariant, ...] = INVARIANTS,
    on_checked: Callable[[Finding], None] = lambda _: None,
) -> list[Finding]:
    """Every invariant's finding, in the catalogue's order. `settle_seconds` is shared by all of them."""
    deadline = asyncio.get_running_loop().time() + settle_seconds
    findings = []
    for invariant in invariants:
        finding = Finding(invariant, tuple(await _settled(system, invariant, deadline)))
        on_checked(finding)
        findings.append(finding)
    return findings


async def _settled(system: System, invariant: Invariant, deadline: float) -> list[Violation]:
    """Violations whose subject every look found, from the first one until the deadline.

    There are two looks at least: when the invariants before have used up the time to settle, one look at a system at
    work would take what is just on its way for a violation.
    """
    violations = await invariant.check(system)
    while violations:
        await asyncio.sleep(SECOND_LOOK_S)
        suspects = {violation.subject for violation in violations}
        violations = [v for v in await invariant.check(system) if v.subject in suspects]
        if asyncio.get_running_loop().time() >= deadline:
            break
    return violations
