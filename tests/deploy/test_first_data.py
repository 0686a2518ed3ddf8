"""Demo data are there once, whole, whatever happened to the first start."""

import json
import subprocess

import psycopg

from tests.deploy.conftest import COMMAND_SECONDS, Run
from tests.deploy.test_start_and_stop import database_url

JOB = "tests.deploy.standin_first_data"


def seeded(run: Run) -> list[str]:
    with psycopg.connect(database_url(run)) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM seeded ORDER BY name")]


def stop(run: Run, process: "subprocess.Popen[str]") -> None:
    process.terminate()
    process.wait(60)
    run.foreground.remove(process)


def test_first_data_are_put_in_once_and_before_anybody_may_write(run: Run) -> None:
    first = run.start_standin(STANDIN_FIRST_DATA=JOB)
    run.await_ready()
    steps = json.loads(run.home.status_file.read_text())["timings"]
    assert steps["migrate"]["ended"] <= steps["first-data"]["ended"] <= steps["web"]["ended"]
    stop(run, first)
    second = run.start_standin(STANDIN_FIRST_DATA=JOB, RINGI_DEMO_PASSWORD="another one")
    run.await_ready()
    assert seeded(run) == ["first", "second"]
    stop(run, second)
    assert second.stdout is not None
    notes = [report["text"] for report in map(json.loads, second.stdout) if report["kind"] == "note"]
    assert any("RINGI_DEMO_PASSWORD is ignored" in note for note in notes), notes


def test_an_interrupted_seeding_is_redone_from_empty_databases(run: Run) -> None:
    process = run.start_standin(STANDIN_FIRST_DATA=JOB, SEEDING_DIES="1")
    output, _ = process.communicate(timeout=COMMAND_SECONDS)
    last = json.loads(output.splitlines()[-1])
    assert (process.returncode, last["kind"]) == (1, "failed")
    assert "first-data failed" in last["what"]
    run.foreground.remove(process)
    run.start_standin(STANDIN_FIRST_DATA=JOB)
    run.await_ready()
    assert seeded(run) == ["first", "second"]
