"""What a newcomer sees while the first start installs, and how long they are told that it took."""

import sys
from pathlib import Path

import pytest
from rich.console import Console

from deploy.cli import up
from deploy.cli.terminal import print_summary
from deploy.embedded import bootstrap

SUMMARY = {
    "seconds": 13.0,
    "timings": {},
    "home": "/somewhere",
    "infrastructureOnly": False,
    "web": "http://localhost:8000",
    "temporalUi": "http://localhost:8233",
    "demoPassword": "secret",
}
PIP = "for name in ('a', 'b', 'c'): print('Collecting', name)\nprint('Installing collected packages: a, b, c')"


def test_the_packages_are_counted_while_they_are_fetched(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "TELL_SECONDS", 0.0)
    bootstrap.run_telling([sys.executable, "-c", PIP], 3)
    told = capsys.readouterr().out.splitlines()
    assert told[0].strip() == "1 of at most 3 packages fetched"
    assert "  3 packages fetched, unpacking and compiling them" in told


def test_an_installation_that_fails_ends_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bootstrap.run_telling([sys.executable, "-c", "raise SystemExit(3)"], 1)
    assert "ended with 3" in capsys.readouterr().err


def test_every_locked_package_is_counted(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "# how it was made\na==1 \\\n    --hash=sha256:00\n    # via b==2\nb==2 ; sys_platform == 'linux' \\\n"
    )
    assert bootstrap.count_of(lock) == 2


def test_the_time_that_is_told_begins_when_somebody_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(up.ASKED_AT, "1000")
    monkeypatch.setattr(up.time, "time", lambda: 1045.0)
    screen = Console(record=True, width=200)
    print_summary(screen, SUMMARY, up._waited_already())
    assert "ready after 58.0 s, 45 s of it installing" in screen.export_text()
    monkeypatch.delenv(up.ASKED_AT)
    print_summary(screen, SUMMARY, up._waited_already())
    assert "ready after 13.0 s:" in screen.export_text()
