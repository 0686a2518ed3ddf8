"""`ringi doctor` names what is wrong and what to do, and is content when nothing is."""

import json
import os
import signal
import threading
from typing import Any

import psycopg

from tests.deploy.conftest import Run
from tests.deploy.test_start_and_stop import database_url

BAD = 1


def findings(run: Run) -> tuple[int, dict[str, dict[str, Any]]]:
    done = run.ringi("doctor", "--json")
    return done.returncode, {finding["subject"]: finding for finding in json.loads(done.stdout)}


def test_a_healthy_run_gives_nothing_to_mend(run: Run) -> None:
    run.up()
    code, found = findings(run)
    assert {subject: finding for subject, finding in found.items() if finding["verdict"] == "bad"} == {}
    assert code == 0
    assert "0 events, 0 intents wait" in found["database customer"]["detail"]
    assert "cluster ringi-" in found["broker protocol"]["detail"]
    assert found["business calendar"]["verdict"] == "warning", "nobody has confirmed the holidays of a new firm"


def test_without_a_run_only_the_machine_is_examined(run: Run) -> None:
    code, found = findings(run)
    assert code == 0
    assert found["run"]["verdict"] == "warning"
    assert found["port"]["detail"] == f"{run.port} is free"


def test_a_schema_behind_the_code_and_a_stuck_relay_are_found(run: Run) -> None:
    run.up()
    with psycopg.connect(database_url(run)) as connection:
        connection.execute(
            "INSERT INTO outbox (created_at, event_id, event_type, schema_version, topic, aggregate_id, data)"
            " VALUES (now() - interval '10 minutes', gen_random_uuid(), 'x', 1, 'x', gen_random_uuid(), '{}')"
        )
    code, found = findings(run)
    assert code == BAD
    assert "1 events, 0 intents wait, the oldest for 6" in found["database customer"]["detail"]
    with psycopg.connect(database_url(run)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'older'")
    _, found = findings(run)
    assert "at revision older, the code wants" in found["database customer"]["detail"]
    assert found["database customer"]["remedy"]


def test_a_backlog_that_is_being_delivered_is_no_stuck_relay(run: Run) -> None:
    run.up()
    done = threading.Event()

    def deliver() -> None:
        with psycopg.connect(database_url(run), autocommit=True) as connection:
            while not done.wait(0.02):
                connection.execute("DELETE FROM outbox WHERE seq = (SELECT min(seq) FROM outbox)")

    with psycopg.connect(database_url(run)) as connection:
        connection.execute(
            "INSERT INTO outbox (created_at, event_id, event_type, schema_version, topic, aggregate_id, data)"
            " SELECT now() - interval '10 minutes', gen_random_uuid(), 'x', 1, 'x', gen_random_uuid(), '{}'"
            " FROM generate_series(1, 20000)"
        )
    relay = threading.Thread(target=deliver)
    relay.start()
    try:
        _, found = findings(run)
    finally:
        done.set()
        relay.join()
    assert found["database customer"]["verdict"] == "good"
    assert "being delivered" in found["database customer"]["detail"]


def test_a_part_that_hangs_is_found(run: Run) -> None:
    run.up()
    os.kill(run.pid("broker"), signal.SIGSTOP)
    try:
        code, found = findings(run)
    finally:
        os.kill(run.pid("broker"), signal.SIGCONT)
    assert code == BAD
    assert found["broker protocol"]["verdict"] == "bad"
    assert str(run.home.log("broker")) in found["broker protocol"]["remedy"]
