"""`system`: all of Ringi but its workers, which the tests start as processes of their own (`workers`)."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.faults.scenarios import hire
from tests.faults.worker import WorkerProcesses, worker_processes
from tests.support.broker import running_broker
from tests.support.postgres import PostgresServer
from tests.support.system import System, running_system
from tests.support.temporal import running_temporal


@pytest.fixture(scope="module")
async def system(postgres: PostgresServer) -> AsyncIterator[System]:
    with running_temporal() as server, running_broker() as broker:
        async with running_system(postgres, server, broker, with_workers=False) as running:
            await hire(running)
            yield running


@pytest.fixture
def workers(system: System, tmp_path: Path) -> Iterator[WorkerProcesses]:
    with worker_processes(system, tmp_path) as running:
        yield running
