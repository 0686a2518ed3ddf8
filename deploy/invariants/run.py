"""Runs the checks. A system at work is never quite still, so a suspect counts only if it is still there later."""

import asyncio
from collections.abc import Callable

from deploy.invariants import backlog
from deploy.invariants.catalogue import INVARIANTS
from deploy.invariants.model import Finding, Invariant, Violation
from deploy.invariants.system import System

SECOND_LOOK_S = 1.0
DRAIN_SECONDS = 600.0


async def verify(
    system: System,
    *,
    settle_seconds: float,
    invariants: tuple[Invariant, ...] = INVARIANTS,
    on_checked: Callable[[Finding], None] = lambda _: None,
) -> list[Finding]:
    """Every invariant's finding, in the catalogue's order.

    What is being delivered is waited for first, as long as it moves: right after a first start or a seeding that takes
    longer than the `settle_seconds`, which all invariants share after it.
    """
    await backlog.drained(system, at_most_seconds=DRAIN_SECONDS)
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
