"""What the supervisor does to `web` and `worker`, shown on stand-ins over the real infrastructure."""

import json
import os
import signal
import urllib.request

from deploy.embedded.children.processes import recorded_children
from tests.deploy.conftest import COMMAND_SECONDS, Run
from tests.deploy.test_crashes import states
from tests.support.waiting import eventually_sync


def said(run: Run, part: str) -> list[str]:
    return run.home.log(part).read_text().splitlines()


def test_applications_load_at_once_and_start_when_databases_are_migrated(run: Run) -> None:
    run.start_standin()
    run.await_ready()
    steps = json.loads(run.home.status_file.read_text())["timings"]
    assert steps["web"]["began"] < steps["migrate"]["ended"] <= steps["web"]["ended"]
    assert said(run, "web") == ["web loaded, crash point None", "web started"]
    with urllib.request.urlopen(f"http://127.0.0.1:{run.port}/") as answer:
        assert answer.status == 200


def test_parts_stop_before_what_they_use(run: Run) -> None:
    process = run.start_standin()
    run.await_ready()
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=COMMAND_SECONDS)
    reports = [json.loads(line) for line in output.splitlines()]
    ended = [report["key"] for report in reports if report["kind"] == "end" and report["key"].startswith("stop-")]
    assert ended == ["stop-web", "stop-worker", "stop-broker", "stop-temporal", "stop-postgres"]
    assert said(run, "worker")[-1] == "worker stopped"


def test_a_killed_web_process_is_back_on_its_port_without_its_crash_point(run: Run) -> None:
    run.start_standin(CRASH_AT="after-commit:1")
    run.await_ready()
    os.kill(run.pid("web"), signal.SIGKILL)
    eventually_sync(lambda: states(run)["web"] == ("ready", 1), what="web is ready again")
    assert said(run, "web") == [
        "web loaded, crash point after-commit:1",
        "web started",
        "web loaded, crash point None",
        "web started",
    ]
    assert states(run)["worker"] == ("ready", 0)


def test_an_application_that_cannot_start_ends_the_start_with_its_last_words(run: Run) -> None:
    process = run.start_standin(STANDIN_FAILS="worker", STANDIN_SAYS="RINGI_KAFKA_BOOTSTRAP is not set")
    output, _ = process.communicate(timeout=COMMAND_SECONDS)
    last = json.loads(output.splitlines()[-1])
    assert process.returncode == 1
    assert last["kind"] == "failed"
    assert "worker does not start (exit code 7): RINGI_KAFKA_BOOTSTRAP is not set" in last["what"]
    assert str(run.home.log("worker")) in last["remedy"]
    assert recorded_children(run.home) == {}


def test_an_application_that_meets_a_full_disk_is_not_tried_again(run: Run) -> None:
    process = run.start_standin(STANDIN_FAILS="web", STANDIN_SAYS="OSError: [Errno 28] No space left on device")
    output, _ = process.communicate(timeout=COMMAND_SECONDS)
    last = json.loads(output.splitlines()[-1])
    assert "is full" in last["what"]
    assert said(run, "web").count("web loaded, crash point None") == 1
