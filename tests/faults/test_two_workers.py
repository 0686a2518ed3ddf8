"""Two replicas of the whole worker side on the same databases: nothing happens twice, and either is enough."""

from collections import Counter

import pytest

from services.contracts.permissions import Role
from services.contracts.topics import ALL_TOPICS
from services.kit.running import clock
from tests.faults.scenarios import GONE, asked, customer_with_work, delete_customer, ended, invariants_hold, living
from tests.faults.worker import WorkerProcesses
from tests.support.events import published
from tests.support.system import System

REPLICAS = 2


async def _work(system: System, leaver_name: str) -> None:
    """A deletion, a handover and a decision, all of which end."""
    admin, rep, approver = (system.people[name] for name in ("admin", "rep", "approver"))
    leaver = await system.person(leaver_name, Role.REP, manager=system.people["manager"])
    kept, gone = await customer_with_work(rep, approver), await customer_with_work(leaver, approver)
    deletion = await delete_customer(system, gone)
    await asked(approver, "PATCH", f"/approvals/{kept['request']}/approve", {})
    assert await ended(admin, deletion) == "COMPLETED"
    assert await living(leaver, gone) == (GONE, "CANCELLED")
    handover = await asked(admin, "DELETE", f"/auth/users/{leaver.id}?successorId={rep.id}")
    assert await ended(admin, handover) == "COMPLETED"


async def test_two_replicas_do_everything_once(system: System, workers: WorkerProcesses) -> None:
    began = clock.now()
    replicas = [workers.start() for _ in range(REPLICAS)]
    await _work(system, "leaver-of-two")
    await invariants_hold(system)
    for topic in ALL_TOPICS:
        events = [event for event in await published(system.broker.bootstrap, topic) if event.timestamp >= began]
        repeated = [event for event, count in Counter(event.event_id for event in events).items() if count > 1]
        assert repeated == [], topic
    for replica in replicas:
        assert replica.returncode is None, "a replica died of the other"


@pytest.mark.parametrize("first", [True, False], ids=["the first dies", "the second dies"])
async def test_when_a_replica_is_killed_the_other_takes_over(
    system: System, workers: WorkerProcesses, *, first: bool
) -> None:
    replicas = [workers.start() for _ in range(REPLICAS)]
    await _work(system, f"leaver-before-{first}")
    replicas[0 if first else 1].kill()
    await _work(system, f"leaver-after-{first}")
    await invariants_hold(system)
