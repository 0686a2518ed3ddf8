"""The worker dies where it hurts most: the decision has committed, and nobody has been told yet."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from activities.opportunity.handlers import DECIDED
from services.contracts.processes import approval_id
from tests.services.opportunity.world import Person, World
from tests.support.http import StartService, TestIssuer, new_key
from tests.support.processes import ServerProcess
from tests.support.temporal import TemporalServer
from tests.support.waiting import eventually

RECOVERY_SECONDS = 90


class Workers:
    """Starts worker processes; all of them end with the test."""

    def __init__(self, folder: Path, temporal: TemporalServer) -> None:
        self._folder = folder
        self._temporal = temporal
        self.started: list[ServerProcess] = []

    async def start(self, world: World, crash_at: str | None = None) -> ServerProcess:
        log = self._folder / f"worker-{len(self.started)}.log"
        worker = ServerProcess(
            [sys.executable, "-m", "tests.services.opportunity.worker_child", world.db.url, self._temporal.address],
            log=log,
            env={"PYTHONPATH": str(Path.cwd()), "RINGI_ENV": "test"} | ({"CRASH_AT": crash_at} if crash_at else {}),
        )
        self.started.append(worker)

        def ready() -> bool:
            worker.check()
            return "ready" in log.read_text()

        await eventually(ready, what="the worker", within=RECOVERY_SECONDS * 2)
        return worker


@pytest.fixture
def workers(tmp_path: Path, own_temporal: TemporalServer) -> Iterator[Workers]:
    started = Workers(tmp_path, own_temporal)
    yield started
    for worker in started.started:
        worker.kill()


@pytest.fixture
async def alone(service_client: StartService, issuer: TestIssuer, own_temporal: TemporalServer) -> World:
    return World(await service_client("opportunity", temporal_address=own_temporal.address), issuer)


async def _people(world: World) -> tuple[Person, Person]:
    return await world.person("rep"), await world.person("approver")


async def _decided_once(world: World, temporal: TemporalServer, request_id: str) -> None:
    client = await temporal.client()
    result = await asyncio.wait_for(
        client.get_workflow_handle(approval_id(request_id, 1)).result(),
        RECOVERY_SECONDS,  # type: ignore[arg-type]
    )
    assert result["state"] == "APPROVED"
    [row] = await world.rows("SELECT state, history_length FROM approvals")
    assert row == {"state": "APPROVED", "history_length": 2}
    events = await world.rows("SELECT event_type FROM outbox WHERE topic = 'approval.events' ORDER BY seq")
    assert [event["event_type"] for event in events] == ["approval.requested", "approval.approved"]


async def test_a_worker_killed_right_after_a_decision_committed_does_not_keep_it_from_the_one_who_made_it(
    alone: World, own_temporal: TemporalServer, workers: Workers
) -> None:
    rep, approver = await _people(alone)
    dying = await workers.start(alone, f"{DECIDED}:1")
    request = await alone.request(rep, approver)
    key = new_key()
    first = await alone.act(approver, request, "approve", key=key, comment="可")
    assert (first.status, first.json["state"]) == (200, "APPROVED"), first.json
    assert dying.wait() == -9
    await workers.start(alone)
    again = await alone.act(approver, request, "approve", key=key, comment="可")
    assert (again.status, again.json["state"]) == (200, "APPROVED"), again.json
    await _decided_once(alone, own_temporal, request["id"])


async def test_worker_and_temporal_killed_together_right_after_a_decision_committed_still_agree_with_the_row(
    alone: World, own_temporal: TemporalServer, workers: Workers
) -> None:
    rep, approver = await _people(alone)
    dying = await workers.start(alone, f"{DECIDED}:1")
    request = await alone.request(rep, approver)
    key = new_key()
    asked = asyncio.ensure_future(alone.act(approver, request, "approve", key=key))
    await eventually(lambda: dying.returncode is not None, what="the worker's death")
    own_temporal.kill()
    first = await asked
    assert (first.status, first.json["state"]) == (200, "APPROVED"), first.json
    own_temporal.start()
    await workers.start(alone)
    await _decided_once(alone, own_temporal, request["id"])
    again = await alone.act(approver, request, "approve", key=key)
    assert (again.status, again.json["state"]) == (200, "APPROVED"), again.json


async def test_while_temporal_is_down_a_decision_is_a_503_and_nothing_is_half_done(
    alone: World, own_temporal: TemporalServer, workers: Workers
) -> None:
    rep, approver = await _people(alone)
    await workers.start(alone)
    own_temporal.kill()
    request = await alone.request(rep, approver)
    key = new_key()
    refused = await alone.act(approver, request, "approve", key=key, comment="可")
    assert (refused.status, refused.json["code"]) == (503, "unavailable")
    assert (await alone.get(rep, request))["state"] == "PENDING"
    own_temporal.start()

    async def approved() -> bool:
        answer = await alone.act(approver, request, "approve", key=key, comment="可")
        assert answer.status in (200, 503), answer.json
        return answer.status == 200

    await eventually(approved, within=RECOVERY_SECONDS, what="the decision after Temporal's return")
    await _decided_once(alone, own_temporal, request["id"])
