"""What keeps a run from starting is said in one line, with one line about what to do, and a failing exit code."""

import importlib.util
import os
import resource
import socket
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.cli.seed import seed_demo
from deploy.embedded import bootstrap
from deploy.embedded.children.account import unprivileged_account
from deploy.embedded.errors import DiskFullError, StartError
from deploy.embedded.setup import preflight
from deploy.embedded.setup.preflight import check_disk, check_platform, check_python
from deploy.embedded.state.home import FIRST_DATA_DONE, Home, write_json
from deploy.embedded.state.ports import require_free, web_port
from deploy.embedded.state.secrets import DEFAULT_DEMO_PASSWORD, Secrets
from tests.deploy.conftest import COMMAND_SECONDS, Run

MAKE_DIRECTORY = preflight.checkout()


def two_lines(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stdout + done.stderr
    what, remedy = done.stderr.strip().splitlines()
    assert what.startswith("Error: ")
    assert remedy.startswith("To do: ")
    return what


@pytest.mark.parametrize("how", [(), ("--detach",)])
def test_a_second_start_in_the_same_folder_says_who_is_there(run: Run, how: tuple[str, ...]) -> None:
    run.up()
    what = two_lines(run.ringi("up", "--only", "infra", *how))
    assert f"pid {run.supervisor().pid}" in what
    assert f"http://localhost:{run.port}" in what
    assert run.status()["healthy"]


@pytest.mark.parametrize("how", [(), ("--detach",)])
def test_a_taken_port_is_named_with_who_holds_it(run: Run, how: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", run.port)):
        what = two_lines(run.ringi("up", "--only", "infra", *how))
    assert f"Port {run.port} is taken by pid {os.getpid()}" in what


def test_a_port_that_a_listener_on_all_addresses_holds_is_taken() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server, pytest.raises(StartError, match="is taken by pid"):  # noqa: S104
        require_free(server.getsockname()[1])


@pytest.mark.parametrize("text", ["80 80", "http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(StartError, match="is not a port"):
        web_port({"RINGI_PORT": text})


def test_a_state_folder_that_cannot_be_written_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    what = two_lines(run.ringi("up", "--detach", RINGI_HOME=str(tmp_path / "file" / "home")))
    assert "cannot be written" in what


def test_a_nearly_full_disk_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = os.statvfs(tmp_path)
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 100 * 2**20}))
    with pytest.raises(DiskFullError, match="100 MiB free, 512 MiB needed"):
        check_disk(Home(tmp_path / "home"))
    assert usage.f_bfree
    assert not (tmp_path / "home").exists()


def test_a_disk_that_fills_up_while_starting_is_called_by_its_name(run: Run) -> None:
    """A limit on file size meets the servers as a full disk does, at the first write too many, without needing root."""
    limit = 4 * 2**20  # less than PostgreSQL's first log segment
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", "up", "--only", "infra"],
        env=run.environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    what = two_lines(done)
    assert "is full" in what
    run.up()  # with room again the same folder starts


def test_an_old_python_is_refused_by_make_and_by_ringi(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"Python 3\.10\.14 is too old"):
        check_python((3, 10, 14))
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")  # what `sys.exit(version < (3, 11))` comes to there
    old.chmod(0o755)
    done = subprocess.run(
        ["make", "up", f"PYTHON={old}"], cwd=MAKE_DIRECTORY, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert f"{old} is not Python 3.11 or newer" in done.stderr
    assert "To do: " in done.stderr


def test_make_without_any_python_says_so(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("make", "sh", "awk"):
        (tools / tool).symlink_to(next(p for p in map(Path, (f"/usr/bin/{tool}", f"/bin/{tool}")) if p.exists()))
    done = subprocess.run(
        ["make", "up"], cwd=MAKE_DIRECTORY, env={"PATH": str(tools)}, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "no Python 3.11 or newer was found" in done.stderr


@pytest.mark.parametrize(("system", "machine"), [("win32", "AMD64"), ("linux", "riscv64"), ("freebsd14", "amd64")])
def test_a_platform_without_wheels_is_refused(system: str, machine: str) -> None:
    with pytest.raises(StartError, match="no servers from wheels"):
        check_platform(system, machine)


@pytest.mark.parametrize("password", ["short", "x" * 129])
def test_a_demo_password_that_the_login_would_refuse_is_refused_at_the_start(tmp_path: Path, password: str) -> None:
    home = Home(tmp_path / "home")
    home.create()
    with pytest.raises(StartError, match="8 to 128 characters"):
        Secrets.settle(home, {"RINGI_DEMO_PASSWORD": password})
    assert not home.secrets_file.exists()


def test_a_demo_password_that_the_sign_in_refuses_is_named_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RINGI_DEMO_PASSWORD", "password1")
    with pytest.raises(SystemExit, match="RINGI_DEMO_PASSWORD is refused: This password is among the most common"):
        seed_demo(lambda _: pytest.fail("something was written"))


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    made = Secrets.settle(home, {"RINGI_DEMO_PASSWORD": "correct horse"})
    assert made == Secrets.load(home)
    assert made.demo_password == "correct horse"
    assert stat.S_IMODE(home.secrets_file.stat().st_mode) == 0o600


def test_a_demo_password_counts_only_once_accounts_were_made_with_it(tmp_path: Path) -> None:
    """Else a password that the login refuses would be kept, and every later start would fail by it."""
    home = Home(tmp_path / "home")
    home.create()
    refused = Secrets.settle(home, {"RINGI_DEMO_PASSWORD": "password"})
    better = Secrets.settle(home, {"RINGI_DEMO_PASSWORD": "correct horse"})
    assert better == replace(refused, demo_password="correct horse")
    assert Secrets.settle(home, {}).demo_password == DEFAULT_DEMO_PASSWORD

    Secrets.settle(home, {"RINGI_DEMO_PASSWORD": "correct horse"})
    write_json(home.first_data_file, FIRST_DATA_DONE)
    for environment in ({}, {"RINGI_DEMO_PASSWORD": "another one"}):
        assert Secrets.settle(home, environment).demo_password == "correct horse"
    assert better.ignores({"RINGI_DEMO_PASSWORD": "another one"})
    assert not better.ignores({"RINGI_DEMO_PASSWORD": "correct horse"})
    assert not better.ignores({})


def test_an_ordinary_user_keeps_their_own_account_and_another_users_data_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "postgres"
    data.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: data.stat().st_uid)
    if data.stat().st_uid != 0:
        assert unprivileged_account(data, tmp_path) is None
    monkeypatch.setattr(os, "geteuid", lambda: data.stat().st_uid + 1)
    with pytest.raises(StartError, match="belong to another account"):
        unprivileged_account(data, tmp_path)


def test_a_python_without_venv_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Debian's python3 comes without ensurepip until python3-venv is installed."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find_spec(name))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _: None)
    with pytest.raises(SystemExit) as refused:
        bootstrap.check_python()
    assert refused.value.code == 1
    said = capsys.readouterr().err
    assert "comes without ensurepip" in said
    assert f"apt-get install python{sys.version_info[0]}.{sys.version_info[1]}-venv" in said
