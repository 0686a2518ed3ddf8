"""kill -9 of any part, of the supervisor, and what the next start makes of what is left."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
from temporalio.client import Client

from deploy.embedded.children.processes import ProcessIdentity, postgres_processes, recorded_children
from deploy.embedded.state.home import lock_holder, write_json
from deploy.embedded.state.ports import is_free
from tests.deploy.conftest import Run
from tests.deploy.test_start_and_stop import cluster_id, database_url
from tests.support.waiting import eventually, eventually_sync

PARTS = ("postgres", "temporal", "broker")


async def put_data(run: Run) -> None:
    """A committed row and a running workflow: what must be there after every crash."""
    with psycopg.connect(database_url(run)) as connection:
        connection.execute("CREATE TABLE acknowledged AS SELECT 'written' AS word")
    client = await Client.connect(f"127.0.0.1:{run.ports.temporal}")
    await client.start_workflow("anything", id="acknowledged", task_queue="nobody")


async def require_data(run: Run) -> None:
    with psycopg.connect(database_url(run)) as connection:
        assert connection.execute("SELECT word FROM acknowledged").fetchone() == ("written",)
    client = await Client.connect(f"127.0.0.1:{run.ports.temporal}")
    assert (await client.get_workflow_handle("acknowledged").describe()).id == "acknowledged"


def states(run: Run) -> dict[str, tuple[str, int]]:
    parts = json.loads(run.home.status_file.read_text())["parts"]
    return {name: (part["state"], part["restarts"]) for name, part in parts.items()}


@pytest.mark.parametrize("part", PARTS)
async def test_a_killed_part_comes_back_with_its_data_while_the_others_stay_up(run: Run, part: str) -> None:
    run.up()
    await put_data(run)
    before = {name: child.pid for name, child in recorded_children(run.home).items()}
    ports, cluster = run.ports, await cluster_id(run)
    os.kill(before[part], signal.SIGKILL)
    await eventually(lambda: states(run)[part] == ("ready", 1), what=f"{part} is ready again")
    after = {name: child.pid for name, child in recorded_children(run.home).items()}
    assert {name for name in after if after[name] != before[name]} == {part}
    assert run.ports == ports
    await require_data(run)
    assert (await cluster_id(run) != cluster) == (part == "broker")


async def test_a_killed_supervisor_takes_its_parts_along_and_the_next_start_has_lost_nothing(run: Run) -> None:
    run.up()
    await put_data(run)
    children = [psutil.Process(child.pid) for child in recorded_children(run.home).values()]
    os.kill(run.supervisor().pid, signal.SIGKILL)
    if sys.platform == "linux":  # elsewhere the kernel does not tell children; the next start ends them
        eventually_sync(lambda: not any(child.is_running() for child in children), what="the parts are gone too")
        eventually_sync(lambda: all(map(is_free, run.ports.to_json().values())), what="no port is held")
    ports = run.ports
    run.up()
    assert run.ports == ports
    await require_data(run)


async def test_everything_killed_at_the_same_instant_loses_nothing(run: Run) -> None:
    run.up()
    await put_data(run)
    victims = [run.supervisor().pid, *(process.pid for process in postgres_processes(run.home.postgres_data))]
    victims += [child.pid for child in recorded_children(run.home).values()]
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # the kernel was faster: its parent is dead already
    run.up()
    await require_data(run)


async def test_a_database_server_that_outlived_its_supervisor_does_not_keep_the_next_one_out(run: Run) -> None:
    """Without the kernel's help (not Linux), or when the last shutdown takes its time, the old server still runs."""
    run.up()
    await put_data(run)
    supervisor, server = run.supervisor(), psutil.Process(run.pid("postgres"))
    server.suspend()  # it cannot follow its parent
    supervisor.kill()
    eventually_sync(lambda: lock_holder(run.home) is None)
    assert server.is_running()
    run.up()
    assert not server.is_running()
    await require_data(run)


def test_down_after_a_killed_supervisor_ends_what_is_left(run: Run) -> None:
    run.up()
    supervisor, server = run.supervisor(), psutil.Process(run.pid("postgres"))
    server.suspend()
    supervisor.kill()
    eventually_sync(lambda: lock_holder(run.home) is None)
    done = run.ringi("down")
    assert "postgres" in done.stdout
    assert not server.is_running()
    assert postgres_processes(run.home.postgres_data) == []


def test_a_stranger_that_got_the_pid_of_a_dead_part_is_left_alone(run: Run) -> None:
    """Pids are used again, in containers soon: only pid, start time and program together prove whose a process is."""
    run.up()
    run.ringi("down")
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        identity = ProcessIdentity.of(stranger.pid, sys.executable)
        assert identity is not None
        earlier = {"pid": stranger.pid, "started": "another-boot:1", "program": sys.executable}
        other = {"pid": stranger.pid, "started": identity.started, "program": "/usr/bin/temporal"}
        write_json(run.home.children_file, {"temporal": earlier, "broker": other})
        run.up()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_pid_file_that_names_a_living_stranger_does_not_stop_postgresql(run: Run) -> None:
    run.up()
    run.ringi("down")
    data = run.home.postgres_data
    stranger = subprocess.Popen(["sleep", "600"], user=data.stat().st_uid)
    try:
        lines = [stranger.pid, data, 1_700_000_000, run.ports.postgres, "", "127.0.0.1", "  1234567  1234567", "ready"]
        pid_file = data / "postmaster.pid"
        pid_file.write_text("".join(f"{line}\n" for line in lines))
        os.chown(pid_file, data.stat().st_uid, data.stat().st_gid)
        run.up()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_interrupted_first_start_is_begun_again(run: Run) -> None:
    """kill -9 while the database cluster is being made leaves half of one, which must not be taken for a whole."""
    process = run.start_in_foreground("-m", "deploy.cli.main", "up", "--only", "infra")
    unfinished = run.home.path / "postgres.unfinished"
    eventually_sync(lambda: (unfinished / "PG_VERSION").exists(), what="initdb is at work")
    process.kill()
    process.wait()
    assert not (run.home.postgres_data / "PG_VERSION").exists()
    run.up()
    assert not unfinished.exists()


def test_a_state_file_cut_short_by_a_crash_costs_nothing_but_the_ports(run: Run, tmp_path: Path) -> None:
    run.up()
    run.ringi("down")
    run.home.state_file.write_text('{"ports": {"web": 80')
    run.up()
    assert run.status()["healthy"]
