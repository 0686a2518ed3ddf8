"""A server that is told to stop (SIGTERM) answers what it has begun, takes nothing new, and does not wait for ever.

Workers: tests/workers/test_runtime.py. All processes as the compose file starts them: test_compose_processes.py.
"""

import asyncio
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from deploy.serving.run import GRACE_SECONDS
from tests.deploy.conftest import ROOT
from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.waiting import eventually

SLACK_SECONDS = 20
"""For a machine that does much else."""


@dataclass
class Slow:
    process: ServerProcess
    port: int
    gate: Path

    async def ask(self, session: aiohttp.ClientSession) -> str:
        async with session.get(f"http://127.0.0.1:{self.port}/") as answer:
            return await answer.text()

    async def accepts(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    async def refuses(self) -> bool:
        return not await self.accepts()

    async def has_begun(self) -> bool:
        return self.gate.with_suffix(".begun").exists()


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Slow]:
    port, gate = free_port(), tmp_path / "gate"
    command = [sys.executable, "-m", "deploy.serving", "tests.deploy.slow_app:create_app", "--port", str(port)]
    env = {"PYTHONPATH": str(ROOT), "SLOW_APP_FILE": str(gate), "RINGI_ENV": "test"}
    process = ServerProcess(command, log=tmp_path / "slow.log", env=env)
    yield Slow(process, port, gate)
    process.stop()


async def test_a_request_under_way_is_answered_and_nothing_new_is_taken(slow: Slow) -> None:
    await eventually(slow.accepts)
    async with aiohttp.ClientSession() as session:
        asked = asyncio.create_task(slow.ask(session))
        await eventually(slow.has_begun)
        slow.process.signal(signal.SIGTERM)
        await eventually(slow.refuses)
        slow.gate.touch()
        assert await asked == "done"
    assert await asyncio.to_thread(slow.process.wait) in (0, -signal.SIGTERM)


async def test_a_request_without_an_end_holds_it_no_longer_than_the_grace(slow: Slow) -> None:
    await eventually(slow.accepts)
    async with aiohttp.ClientSession() as session:
        asked = asyncio.create_task(slow.ask(session))
        await eventually(slow.has_begun)
        slow.process.signal(signal.SIGTERM)
        ended = await asyncio.to_thread(slow.process.wait, GRACE_SECONDS + SLACK_SECONDS)
        assert ended in (0, -signal.SIGTERM)
        [answer] = await asyncio.gather(asked, return_exceptions=True)
        assert answer != "done"
