"""Install what is missing: `.venv` with the locked packages, and this project in it. Run by `make` with the system's
Python, so it uses the standard library only; whatever is unchanged since last time is left alone.

usage: python3 deploy/embedded/bootstrap.py [--dev]
"""

import argparse
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "ringi-installed.json"
LOCKS = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
OLDEST_PYTHON = (3, 11)
TELL_SECONDS = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(description="Install what is missing into .venv.")
    parser.add_argument("--dev", action="store_true", help="with the tools for tests, lint and types")
    options = parser.parse_args()
    check_python()
    wanted = "dev" if options.dev else "runtime"
    installed = read_stamp()
    digests = {name: digest_of(lock) for name, lock in LOCKS.items()}
    # What development needs contains what running needs.
    if PYTHON.exists() and (installed.get(wanted) == digests[wanted] or installed.get("dev") == digests["dev"]):
        return
    say(f"Installing packages into {VENV} (the first time this takes a minute or two)")
    STAMP.unlink(missing_ok=True)
    make_environment()
    install(LOCKS[wanted])
    STAMP.write_text(json.dumps({wanted: digests[wanted]}), encoding="utf-8")


def check_python() -> None:
    version = sys.version_info[:3]
    if version < OLDEST_PYTHON:
        found = ".".join(map(str, version))
        fail(f"Python {found} is too old: Ringi needs 3.11 or newer.", "Name a newer one: make up PYTHON=python3.11")
    missing = [module for module in ("venv", "ensurepip") if importlib.util.find_spec(module) is None]
    if missing and shutil.which("uv") is None:
        package = f"python{version[0]}.{version[1]}-venv"
        fail(
            f"{sys.executable} comes without {' and '.join(missing)}.",
            f"On Debian or Ubuntu: apt-get install {package}",
        )


def digest_of(lock: Path) -> str:
    """Of everything that decides what gets installed and where the project's command points."""
    digest = hashlib.sha256(lock.read_bytes())
    digest.update((ROOT / "pyproject.toml").read_bytes())
    digest.update(f"{ROOT}|{platform.python_version()}|{platform.machine()}".encode())
    return digest.hexdigest()


def read_stamp() -> dict[str, str]:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def make_environment() -> None:
    if PYTHON.exists() and works(PYTHON):
        return
    uv = shutil.which("uv")
    # --clear: what another Python version, or an interrupted run, left there is of no use.
    run([uv, "venv", "--quiet", "--clear", "--seed", "--python", sys.executable, str(VENV)] if uv else [
        sys.executable, "-m", "venv", "--clear", str(VENV)
    ])  # fmt: skip


def install(lock: Path) -> None:
    uv = shutil.which("uv")
    # pip compiles what it installs; uv must be asked. Else every start would compile some 2,000 files again wherever
    # PYTHONDONTWRITEBYTECODE is set. uv shows a terminal by itself how far it is; pip is asked to name each package.
    pip = (
        [uv, "pip", "install", "--python", str(PYTHON), "--compile-bytecode"]
        if uv
        else [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    )
    packages = [*pip, "--require-hashes", "-r", str(lock)]
    if uv:
        run(packages)
    else:
        run_telling(packages, count_of(lock))
    run([*pip, "--quiet", "--no-deps", "-e", str(ROOT)])


def count_of(lock: Path) -> int:
    """How many packages a lock file names, for whatever platform."""
    return sum("==" in line and not line.startswith((" ", "#")) for line in lock.read_text().splitlines())


def run_telling(command: list[str], packages: int) -> None:
    """Run pip and say from time to time how far it is, so that nobody takes a slow network for a standstill."""
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout is not None
    met, told = 0, time.monotonic()
    for line in process.stdout:
        if line.startswith("Collecting "):
            met += 1
        elif line.startswith("Installing collected packages"):
            say(f"  {met} packages fetched, unpacking and compiling them")
        if time.monotonic() - told >= TELL_SECONDS:
            told = time.monotonic()
            say(f"  {met} of at most {packages} packages fetched")
    ended(command, process.wait())


def works(python: Path) -> bool:
    """The interpreter runs, is new enough, and can install: an interrupted set-up has no pip yet."""
    done = subprocess.run(  # noqa: S603 - the environment's own interpreter
        [str(python), "-c", "import pip, sys; print(*sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0 and tuple(map(int, done.stdout.split())) >= OLDEST_PYTHON


def run(command: list[str]) -> None:
    # Fixed commands of this file.
    ended(command, subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode)  # noqa: S603


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}


def ended(command: list[str], code: int) -> None:
    if code != 0:
        fail(
            f"`{' '.join(command[:4])} …` ended with {code}; its message stands above.",
            "Check the network (or pip's configured mirror) and the free disk space, then run it again.",
        )


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command speaks


def fail(what: str, remedy: str) -> NoReturn:
    print(f"Error: {what}\nTo do: {remedy}", file=sys.stderr)  # noqa: T201
    sys.exit(1)


if __name__ == "__main__":
    main()
