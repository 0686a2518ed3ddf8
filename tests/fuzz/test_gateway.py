"""Schemathesis on the gateway's own document, before the whole system: nothing breaks, nothing is undocumented."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.contracts.permissions import Role
from tests.support.broker import running_broker
from tests.support.postgres import PostgresServer
from tests.support.system import System, running_system
from tests.support.temporal import running_temporal

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
NOT_FUZZED = "(/notifications/stream|/auth/(login|logout|refresh|password|totp|sessions/))"
"""An endless answer, and what would end or change the session that the fuzzer itself uses."""
EXAMPLES = 10
SEED = 20261008
UNLIMITED = 1_000_000
TAIL = 6000
"""Characters of the report that a failure shows."""


@pytest.fixture
async def system(postgres: PostgresServer) -> AsyncIterator[System]:
    """A system of its own: whatever the fuzzer changes or deletes in it is nobody else's."""
    unlimited = dict.fromkeys(("rate_limit_user", "rate_limit_address", "rate_limit_login"), UNLIMITED)
    with running_temporal() as temporal, running_broker() as broker:
        async with running_system(postgres, temporal, broker, **unlimited) as running:
            yield running


async def test_schemathesis_finds_nothing(system: System, tmp_path: Path) -> None:
    fuzzer = await system.person("fuzzer", Role.ADMIN, Role.MANAGER, Role.OPS)
    report = tmp_path / "report.txt"
    options = [
        *("--url", system.url, "--header", f"Authorization: Bearer {fuzzer.token}"),
        *("--exclude-path-regex", NOT_FUZZED, "--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing"),
        *("--max-examples", str(EXAMPLES), "--seed", str(SEED), "--generation-database", "none"),
        *("--suppress-health-check", "all", "--warnings", "off", "--continue-on-failure", "--no-color"),
    ]
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{system.url}/api/openapi.json", *options]
    with report.open("wb") as output:
        run = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output, cwd=tmp_path)
        status = await run.wait()
    assert status == 0, report.read_text(errors="replace")[-TAIL:]
