"""A second web process beside the test's own, on the same databases: the one that dies."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import uvicorn

from api.settings import GatewaySettings
from services.kit.running.settings import ServiceSettings
from tests.faults.forks import PATIENCE, ForkedProcess
from tests.support.ports import free_port
from tests.support.system import Caller, System, composed, is_ready
from tests.support.waiting import eventually

PORT = "RINGI_PORT"
TOO_BUSY = 503


def run_web() -> None:
    """Gateway and services, as `tests.support.system` puts them together, from the environment."""
    composition = composed(ServiceSettings(), GatewaySettings())
    uvicorn.run(composition, host="127.0.0.1", port=int(os.environ[PORT]), log_config=None, lifespan="on")


class WebProcess:
    def __init__(self, system: System, folder: Path, crash_at: str) -> None:
        self._port = free_port()
        environment = system.environment | {PORT: str(self._port), "CRASH_AT": crash_at}
        self.process = ForkedProcess(run_web, environment=environment, log=folder / f"web-{self._port}.log")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def ready(self) -> None:
        await eventually(lambda: is_ready(self._port), within=PATIENCE, what="the web process")

    async def killed_by(self, caller: Caller, method: str, path: str, body: object, key: str) -> None:
        """The caller's request reaches this process, which dies before it has answered."""
        here = replace(caller, url=self.url)

        async def unanswered() -> bool:
            try:
                answer = await here.ask(method, path, body, Idempotency_Key=key)
            except aiohttp.ClientError:
                return True
            assert answer.status == TOO_BUSY, f"it answered {answer.status}: {answer.json}"
            return False

        await eventually(unanswered, within=PATIENCE, what="a request without an answer")
        await self.process.dies("the web process")


@contextmanager
def web_process(system: System, folder: Path, crash_at: str) -> Iterator[WebProcess]:
    web = WebProcess(system, folder, crash_at)
    try:
        yield web
    finally:
        web.process.kill()
