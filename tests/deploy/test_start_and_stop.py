"""`ringi up`, `down`, `status`, `env`, `reset` on the real servers."""

import signal
import subprocess
import sys

import psutil
import psycopg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client

from deploy.embedded.children.processes import postgres_processes, recorded_children
from deploy.embedded.parts.postgres import programs
from deploy.embedded.parts.temporal import SEARCH_ATTRIBUTES
from deploy.embedded.state.environment import owner_environment, ringi_environment
from deploy.embedded.state.home import lock_holder
from deploy.embedded.state.ports import is_free
from deploy.embedded.state.secrets import Secrets
from tests.deploy.conftest import Run
from tests.support.waiting import eventually_sync


def database_url(run: Run) -> str:
    """As the owner, who may make tables."""
    return owner_environment(run.ports, Secrets.load(run.home))["RINGI_CUSTOMER_DATABASE_URL"]


def controls_of(run: Run) -> str:
    command = [programs() / "pg_controldata", run.home.postgres_data]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


async def cluster_id(run: Run) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{run.ports.kafka}")
    await admin.start()
    try:
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()


async def test_a_detached_run_answers_and_ends_without_leaving_anything(run: Run) -> None:
    run.up()
    status = run.status()
    assert status["healthy"], status
    assert {part["name"] for part in status["parts"]} == {"postgres", "temporal", "broker", "supervisor"}
    processes = [psutil.Process(child.pid) for child in recorded_children(run.home).values()]
    client = await Client.connect(f"127.0.0.1:{run.ports.temporal}")
    attributes = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    assert set(SEARCH_ATTRIBUTES) <= set(attributes.custom_attributes)
    down = run.ringi("down")
    assert down.returncode == 0, down.stderr
    assert not [process for process in processes if process.is_running()]
    assert postgres_processes(run.home.postgres_data) == []
    assert all(is_free(port) for port in run.ports.to_json().values())
    assert run.ringi("status").returncode == 3
    # Stopped in order means that PostgreSQL had the time to write its checkpoint.
    assert "shut down\n" in controls_of(run)


async def test_the_next_start_finds_its_data_on_the_same_ports_and_a_broker_that_says_it_is_new(run: Run) -> None:
    run.up()
    before = run.ports
    with psycopg.connect(database_url(run)) as connection:
        connection.execute("CREATE TABLE remembered AS SELECT 'kept' AS word")
    client = await Client.connect(f"127.0.0.1:{before.temporal}")
    await client.start_workflow("anything", id="remembered", task_queue="nobody")
    first_cluster = await cluster_id(run)
    run.ringi("down")
    run.up()
    assert run.ports == before
    with psycopg.connect(database_url(run)) as connection:
        assert connection.execute("SELECT word FROM remembered").fetchone() == ("kept",)
    client = await Client.connect(f"127.0.0.1:{run.ports.temporal}")
    assert (await client.get_workflow_handle("remembered").describe()).id == "remembered"
    assert await cluster_id(run) != first_cluster


def test_a_port_that_somebody_took_meanwhile_moves_and_the_others_stay(run: Run) -> None:
    run.up()
    before = run.ports
    run.ringi("down")
    thief = run.start_in_foreground("-c", _listen_on(before.kafka))
    eventually_sync(lambda: not is_free(before.kafka))
    try:
        run.up()
        assert run.ports.kafka != before.kafka
        assert run.ports.postgres == before.postgres
    finally:
        thief.kill()


def test_services_run_with_rights_to_their_own_rows_and_no_more(run: Run) -> None:
    run.up()
    urls = ringi_environment(run.home, run.ports, Secrets.load(run.home))
    with psycopg.connect(urls["RINGI_CUSTOMER_DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT current_user, rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        )
        assert row.fetchone() == ("ringi_customer", False, False)
        settings = dict(connection.execute("SELECT name, setting FROM pg_settings").fetchall())
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(urls["RINGI_CUSTOMER_DATABASE_URL"], dbname="ringi_auth")
    assert settings["fsync"] == "on"
    assert settings["synchronous_commit"] == "on"
    assert settings["full_page_writes"] == "on"


def test_nobody_gets_into_the_database_without_its_password(run: Run) -> None:
    run.up()
    for user in ("postgres", "ringi_migrator", "ringi_auth"):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(host="127.0.0.1", port=run.ports.postgres, user=user, dbname="postgres", password="guess")
    assert run.home.secrets_file.stat().st_mode & 0o077 == 0


def test_ringi_env_lets_a_shell_reach_the_run(run: Run) -> None:
    run.up()
    exports = run.ringi("env").stdout
    shown = subprocess.run(
        ["sh", "-c", f'{exports}\necho "$RINGI_CUSTOMER_DATABASE_URL $RINGI_ENV"'],
        capture_output=True,
        text=True,
        check=True,
    )
    url, environment = shown.stdout.split()
    assert environment == "embedded"
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("ringi_customer",)


def test_ctrl_c_stops_a_foreground_run_cleanly(run: Run) -> None:
    process = run.start_in_foreground("-m", "deploy.cli.main", "up", "--only", "infra")
    run.await_ready()
    children = [psutil.Process(child.pid) for child in recorded_children(run.home).values()]
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert not [child for child in children if child.is_running()]


def test_a_second_ctrl_c_does_not_wait_for_a_part_that_hangs(run: Run) -> None:
    process = run.start_in_foreground("-m", "deploy.cli.main", "up", "--only", "infra")
    run.await_ready()
    temporal = psutil.Process(run.pid("temporal"))
    temporal.suspend()
    broker = psutil.Process(run.pid("broker"))
    process.send_signal(signal.SIGINT)
    eventually_sync(lambda: not broker.is_running(), what="the broker, stopped before Temporal, is gone")
    process.send_signal(signal.SIGINT)
    process.wait(60)
    assert not temporal.is_running()
    assert lock_holder(run.home) is None


def test_ctrl_c_while_starting_leaves_nothing_behind(run: Run) -> None:
    process = run.start_in_foreground("-m", "deploy.cli.main", "up", "--only", "infra")
    eventually_sync(lambda: "temporal" in recorded_children(run.home), what="a first part is being started")
    process.send_signal(signal.SIGINT)
    process.wait(60)
    assert recorded_children(run.home) == {}
    assert postgres_processes(run.home.postgres_data) == []
    run.up()


def test_ctrl_c_while_a_detached_run_is_starting_stops_it(run: Run) -> None:
    process = run.start_in_foreground("-m", "deploy.cli.main", "up", "--only", "infra", "--detach")
    # Held before it is migrated, so that the run is not ready before the signal, however late this test gets its turn.
    eventually_sync(lambda: recorded_children(run.home).keys() >= {"postgres", "broker"}, what="the first parts")
    postgres, broker = (psutil.Process(run.pid(part)) for part in ("postgres", "broker"))
    postgres.suspend()
    process.send_signal(signal.SIGINT)
    eventually_sync(lambda: not broker.is_running(), what="the first of them is stopped")
    postgres.resume()
    assert process.wait(60) != 0
    assert lock_holder(run.home) is None
    assert recorded_children(run.home) == {}


def test_reset_deletes_the_state_and_stops_what_uses_it(run: Run) -> None:
    run.up()
    refused = subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", "reset"],
        env=run.environment,
        input="n\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode != 0
    assert run.home.path.exists()
    postgres = psutil.Process(run.pid("postgres"))
    assert run.ringi("reset", FORCE="1").returncode == 0
    assert not run.home.path.exists()
    assert not postgres.is_running()


def test_reset_never_deletes_a_folder_that_is_not_a_state_folder(run: Run) -> None:
    run.home.path.mkdir()
    precious = run.home.path / "thesis.txt"
    precious.write_text("years of work")
    done = run.ringi("reset", "--force")
    assert done.returncode != 0
    assert "not a state folder" in done.stderr
    assert precious.exists()


def _listen_on(port: int) -> str:
    return f"import socket, time; s = socket.create_server(('127.0.0.1', {port})); time.sleep(600)"
