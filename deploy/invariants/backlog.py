"""What a database has still to hand on, and whether it moves: `ringi verify` waits for it, `ringi doctor` judges it.

A backlog that is being delivered is no fault, however long its oldest row waits; one that stands still is.
"""

import asyncio
from typing import Any, Final, NamedTuple, Self

from deploy.invariants.system import SERVICES, System

STATEMENT: Final = """
WITH waiting AS (
    SELECT created_at AS since FROM outbox WHERE cluster_id IS NULL
    UNION ALL
    SELECT greatest(created_at, next_attempt_at) FROM intents WHERE delivered_at IS NULL AND next_attempt_at <= now()
)
SELECT (SELECT count(*) FROM outbox WHERE cluster_id IS NULL) AS events,
       (SELECT count(*) FROM intents WHERE delivered_at IS NULL AND next_attempt_at <= now()) AS intents,
       (SELECT extract(epoch FROM now() - min(since))::float FROM waiting) AS oldest_seconds,
       (SELECT min(seq) FROM outbox WHERE cluster_id IS NULL) AS first_event,
       (SELECT min(seq) FROM intents WHERE delivered_at IS NULL AND next_attempt_at <= now()) AS first_intent
"""
STANDSTILL_SECONDS: Final = 5.0
"""A relay at work hands on something more often than that, on the slowest machine too."""
LOOK_INTERVAL_SECONDS: Final = 0.2


class Backlog(NamedTuple):
    """Events that the relay has not published yet and intents that are due, of one database."""

    events: int
    intents: int
    oldest_seconds: float | None
    first_event: int | None
    first_intent: int | None

    @classmethod
    def of_row(cls, row: Any) -> Self:
        return cls(*row)

    def moved_since(self, before: "Backlog") -> bool:
        """Whether a queue that had something in it handed on something: fewer wait, or another row is the oldest."""
        return (before.events > 0 and (self.events, self.first_event) != (before.events, before.first_event)) or (
            before.intents > 0 and (self.intents, self.first_intent) != (before.intents, before.first_intent)
        )


async def drained(system: System, *, at_most_seconds: float) -> None:
    """Return when nothing waits in any database, when what waits stands still, or when the time is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + at_most_seconds
    before, since = await _look(system), loop.time()
    while any(each.events or each.intents for each in before.values()):
        if loop.time() - since >= STANDSTILL_SECONDS or loop.time() >= deadline:
            return
        await asyncio.sleep(LOOK_INTERVAL_SECONDS)
        now = await _look(system)
        if any(now[service].moved_since(before[service]) for service in SERVICES):
            before, since = now, loop.time()


async def _look(system: System) -> dict[str, Backlog]:
    found = {}
    for service in SERVICES:
        [row] = await system.all(service, STATEMENT)
        found[service] = Backlog(**row)
    return found
