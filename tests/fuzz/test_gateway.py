"""Schemathesis on the gateway's own document, before the whole system: nothing breaks, nothing is undocumented.

What was really asked is read from the run's own record: an operation that was left out, or a caller who was shut out
half-way, would otherwise look like a system without faults.
"""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.contracts.permissions import Role
from tests.fuzz.targets import Targets, create_targets
from tests.support.broker import running_broker
from tests.support.postgres import PostgresServer
from tests.support.system import Caller, System, running_system
from tests.support.temporal import running_temporal

CALLERS = {"operator": (Role.ADMIN, Role.MANAGER, Role.OPS), "rep": (Role.REP,)}
UNFIT_CHECKS = (
    "positive_data_acceptance",  # ids and states are refused that no schema can know
    "object_level_authorization",  # needs two callers; tests/rights asks for every role and relation
)
CONFIGURATION = """
[phases.coverage]
# Any other may be served by a route of the same shape: PUT /tasks/overdue is PUT /tasks/{task_id}.
unexpected-methods = ["TRACE"]
"""
NOT_FUZZED = "(/notifications/stream|/approvals/stream|/auth/(login|logout|refresh|password|totp|sessions/))"
"""An endless answer, and what would end or change the session that the fuzzer itself uses."""
EXAMPLES = int(os.environ.get("RINGI_FUZZ_EXAMPLES", "10"))
"""Of each operation beyond those that its schema's limits ask for; more in the environment for a longer search."""
SEED = 20261008
WORKERS = 1
"""Threads of the fuzzer. With more, the `ast` module of CPython 3.11, which is not safe in threads, may end its run."""
UNLIMITED = 1_000_000
TAIL = 6000
"""Characters of the report that a failure shows."""
READ = frozenset({200, 303})
"""303: the link of a mail leads to a page."""
METHODS = frozenset({"get", "put", "post", "delete", "patch"})

Operation = tuple[str, str]


@pytest.fixture
async def system(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[System]:
    """A system of its own: whatever the fuzzer changes or deletes in it is nobody else's."""
    monkeypatch.setenv("RINGI_ATTACHMENTS_FOLDER", str(tmp_path / "attachments"))
    unlimited = dict.fromkeys(("rate_limit_user", "rate_limit_address", "rate_limit_login"), UNLIMITED)
    with running_temporal() as temporal, running_broker() as broker:
        async with running_system(postgres, temporal, broker, **unlimited) as running:
            yield running


async def fuzz(system: System, caller: Caller, targets: Targets, folder: Path) -> tuple[int, str]:
    """Status and report of a run; its record is `folder`/record.har."""
    (folder / "schemathesis.toml").write_text(targets.as_parameters() + CONFIGURATION)
    options = [
        *("--url", system.url, "--header", f"Authorization: Bearer {caller.token}"),
        *("--exclude-path-regex", NOT_FUZZED, "--checks", "all", "--exclude-checks", ",".join(UNFIT_CHECKS)),
        *("--phases", "coverage,fuzzing", "--max-examples", str(EXAMPLES), "--seed", str(SEED)),
        *("--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off"),
        *("--continue-on-failure", "--no-color", "--output-sanitize", "false"),
        *("--workers", str(WORKERS), "--report", "har", "--report-har-path", str(folder / "record.har")),
    ]
    program = str(Path(sys.executable).with_name("schemathesis"))
    report = folder / "report.txt"
    with report.open("wb") as output:
        run = await asyncio.create_subprocess_exec(
            program, "run", f"{system.url}/api/openapi.json", *options, stdout=output, stderr=output, cwd=folder
        )
        status = await run.wait()
    return status, report.read_text(errors="replace")


async def operations(system: System) -> list[Operation]:
    async with system.session.get(f"{system.url}/api/openapi.json") as response:
        document: dict[str, Any] = await response.json()
    return [(method.upper(), path) for path, item in document["paths"].items() for method in METHODS & item.keys()]


def answers(record: Path, known: list[Operation], token: str) -> Iterator[tuple[Operation, int]]:
    """Which operation was asked with the caller's token, and the status of the answer."""
    # Fixed paths come before those with ids, as in the routers.
    patterns = [
        (operation, re.compile(re.sub(r"\{[a-z_]+\}", "[^/]+", operation[1])))
        for operation in sorted(known, key=lambda operation: operation[1].count("{"))
    ]
    for entry in orjson.loads(record.read_bytes())["log"]["entries"]:
        request = entry["request"]
        path = "/" + request["url"].split("/", 3)[3].partition("?")[0]
        sent = {header["name"].lower(): header["value"] for header in request["headers"]}
        if sent.get("authorization") != f"Bearer {token}":
            continue
        for operation, pattern in patterns:
            if operation[0] == request["method"] and pattern.fullmatch(path):
                yield operation, entry["response"]["status"]
                break


@pytest.mark.parametrize("name", CALLERS)
async def test_schemathesis_finds_nothing(system: System, tmp_path: Path, name: str) -> None:
    targets = await create_targets(system)
    caller = await system.person("fuzzer", *CALLERS[name])
    status, report = await fuzz(system, caller, targets, tmp_path)
    known = await operations(system)
    statuses: dict[Operation, set[int]] = {
        operation: set() for operation in known if re.search(NOT_FUZZED, operation[1]) is None
    }
    assert len(statuses) > 60
    for operation, answered in answers(tmp_path / "record.har", known, caller.token):
        if operation in statuses:
            statuses[operation].add(answered)
    assert status == 0, report[-TAIL:]
    assert [operation for operation, seen in statuses.items() if not seen] == []
    assert [operation for operation, seen in statuses.items() if 401 in seen] == []
    if name == "operator":
        unread = [operation for operation, seen in statuses.items() if operation[0] == "GET" and not seen & READ]
        assert unread == [], "nothing was read by these"
