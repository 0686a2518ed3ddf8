"""The worker is killed (-9) around a purge: no row promises what is gone, no file stays for ever, all is told once."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from services.contracts.processes import PURGE_ATTACHMENTS, TaskQueue
from services.opportunity.service.purging import CRASH_BEGUN, CRASH_DELETED
from tests.faults.scenarios import asked, change, hire, invariants_hold, request_to
from tests.faults.worker import WorkerProcesses
from tests.services.opportunity.purges import names_in
from tests.support.broker import running_broker
from tests.support.files import PDF, multipart
from tests.support.postgres import PostgresServer
from tests.support.system import System, running_system
from tests.support.temporal import running_temporal

STEPS = ("opportunity.purge_files",)
POINTS = (f"{STEPS[0]}.begins", CRASH_BEGUN, CRASH_DELETED, f"{STEPS[0]}.committed")
"""In this order: each worker goes on where the one before died."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A place for attachments, which services, workers and checks read from the environment."""
    with tempfile.TemporaryDirectory(prefix="ringi-files-") as path, pytest.MonkeyPatch.context() as environment:
        environment.setenv("RINGI_ATTACHMENTS_FOLDER", path)
        yield Path(path)


@pytest.fixture(scope="module")
async def system(postgres: PostgresServer, folder: Path) -> AsyncIterator[System]:
    with running_temporal() as server, running_broker() as broker:
        async with running_system(postgres, server, broker, with_workers=False) as running:
            await hire(running)
            yield running


async def test_a_purge_ends_well_wherever_its_worker_dies(
    system: System, workers: WorkerProcesses, folder: Path
) -> None:
    rep, approver = system.people["rep"], system.people["approver"]
    draft = await asked(rep, "POST", "/approvals", request_to(approver) | {"draft": True})
    path = f"/approvals/{draft['id']}/attachments"
    body, media_type = multipart("見積書.pdf", PDF)
    headers = {"Content-Type": media_type, "Authorization": f"Bearer {rep.token}"}
    async with rep.session.post(f"{rep.url}/api/v1{path}", data=body, headers=headers) as response:
        assert response.status == 201, await response.text()
        file = await response.json()
    left_long_ago = "UPDATE approvals SET updated_at = now() - interval '181 days' WHERE id = %s"
    await change(system, "opportunity", left_long_ago, [draft["id"]])
    temporal = await system.temporal.client()
    purge = await temporal.start_workflow(
        PURGE_ATTACHMENTS, id=f"{PURGE_ATTACHMENTS}:{uuid4()}", task_queue=TaskQueue.OPPORTUNITY
    )
    for point in POINTS:
        await workers.start_and_die(f"{point}:1")
        answer = await rep.ask("GET", f"{path}/{file['id']}")
        assert (answer.status == 200) == (point == POINTS[0]), point
        assert names_in(folder) == ({file["id"]} if point in POINTS[:2] else set()), point
    workers.start()
    assert (await purge.result())["remaining"] == 0
    [row] = await system.rows("opportunity", "SELECT purged_at, purge_rule FROM approval_attachments")
    assert (row["purged_at"] is not None, row["purge_rule"]) == (True, "ABANDONED_DRAFT")
    told = "SELECT action FROM approval_history WHERE approval_id = %s AND action = 'PURGE_FILES'"
    assert len(await system.rows("opportunity", told, [draft["id"]])) == 1
    [run] = await system.rows("opportunity", "SELECT files, finished_at FROM purge_runs")
    assert (run["files"], run["finished_at"] is not None) == (1, True)
    await invariants_hold(system)
