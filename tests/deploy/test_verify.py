"""How suspects become violations; that each check finds its violation stands in tests/faults."""

from typing import Any, cast

from deploy.invariants.backlog import Backlog
from deploy.invariants.model import Invariant, Violation
from deploy.invariants.run import verify
from deploy.invariants.system import System


class _AtRest:
    """A system in which nothing waits; the checks below ask it for nothing else."""

    async def all(self, _service: str, _statement: str) -> list[dict[str, Any]]:
        return [Backlog(0, 0, None, None, None)._asdict()]


AT_REST = cast("System", _AtRest())


async def test_what_is_just_on_its_way_is_no_violation_though_the_time_to_settle_is_used_up() -> None:
    looks = iter([["passing", "lasting"], ["lasting", "new"]])

    async def check(_: System) -> list[Violation]:
        return [Violation(subject, "looks wrong") for subject in next(looks)]

    invariant = Invariant("lag", "Nothing is on its way", check)
    [finding] = await verify(AT_REST, settle_seconds=0, invariants=(invariant,))
    assert [violation.subject for violation in finding.violations] == ["lasting"]


async def test_what_holds_at_the_first_look_is_not_looked_at_again() -> None:
    looks = iter([[]])

    async def check(_: System) -> list[Violation]:
        return next(looks)

    [finding] = await verify(AT_REST, settle_seconds=60, invariants=(Invariant("calm", "All is well", check),))
    assert finding.holds
