"""Log files stay bounded while the process that writes them goes on."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from deploy.embedded.children import logs
from deploy.embedded.children.logs import rotate_when_large, tail, tells_of_full_disk


@pytest.fixture
def small_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_LOG_BYTES", 100)


def test_a_writer_that_keeps_its_file_open_goes_on_in_the_emptied_file(tmp_path: Path, small_logs: None) -> None:
    log = tmp_path / "web.log"
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for generation in range(4):
        os.write(descriptor, (f"{generation}" * 150).encode())
        rotate_when_large(log)
    os.write(descriptor, b"after")
    os.close(descriptor)
    assert log.read_text() == "after"
    kept = {path.name: path.read_text()[0] for path in tmp_path.glob("web.log.*")}
    assert kept == {"web.log.1": "3", "web.log.2": "2"}


def test_a_small_or_missing_log_is_left_alone(tmp_path: Path, small_logs: None) -> None:
    log = tmp_path / "web.log"
    rotate_when_large(log)
    log.write_text("short")
    rotate_when_large(log)
    assert [path.name for path in tmp_path.iterdir()] == ["web.log"]


def test_on_a_full_disk_the_old_log_is_given_up(
    tmp_path: Path, small_logs: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfile", full)
    log = tmp_path / "web.log"
    log.write_text("x" * 150)
    rotate_when_large(log)
    assert log.stat().st_size == 0


@pytest.mark.parametrize(
    "line",
    [
        'could not write to file "base/5": No space left on device',
        "OSError: [Errno 28] ENOSPC",
        "sqlite: database or disk is full",
        "write error: Disk quota exceeded",
    ],
)
def test_a_full_disk_is_recognised_in_what_a_dying_server_says(line: str) -> None:
    assert tells_of_full_disk(line)
    assert not tells_of_full_disk("connection refused")


def test_the_tail_is_what_this_start_of_the_part_wrote(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("earlier: No space left on device\n")
    since = log.stat().st_size
    with log.open("a") as file:
        file.write("now: something else\n")
    assert tail(log, since=since) == "now: something else\n"
    assert tail(tmp_path / "none.log") == ""
