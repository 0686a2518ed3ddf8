"""The house keeps its shape: what stands at the top, how long a file may be, what lock files may not tell."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 400
LONGER_FOR_A_REASON: dict[str, str] = {}
"""File → why it may be longer."""

PYTHON_LOCKS = ("requirements.lock", "requirements-server.lock", "requirements-dev.lock")
TOP_LEVEL = {
    *("workflows", "activities", "services", "workers", "api", "frontend", "deploy", "tests", "benchmarks", "docs"),
    *("pyproject.toml", *PYTHON_LOCKS, "package.json", "package-lock.json"),
    *("Makefile", "README.md", "docker-compose.yml", ".ci", ".github", ".env.example"),
    *("LICENSE", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *(".gitignore", ".dockerignore", ".importlinter", ".yamllint"),
}
URL = re.compile(r"(https?|git\+\w+|file)://[^\s\"']+")


def tracked_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def test_nothing_stands_at_the_top_that_the_map_does_not_show() -> None:
    assert {name.split("/")[0] for name in tracked_files()} <= TOP_LEVEL


def test_no_python_file_has_grown_past_reading_in_one_go() -> None:
    lengths = {name: len((ROOT / name).read_text().splitlines()) for name in tracked_files() if name.endswith(".py")}
    long = {name for name, lines in lengths.items() if lines > MAX_LINES}
    assert long == set(LONGER_FOR_A_REASON)


@pytest.mark.parametrize("name", PYTHON_LOCKS)
def test_python_lock_files_name_no_place_to_get_packages_from(name: str) -> None:
    text = (ROOT / name).read_text()
    assert URL.findall(text) == []
    assert "-url" not in text


def test_the_npm_lock_file_names_no_place_to_get_packages_from() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
    unhashed = {name for name, package in packages.items() if "integrity" not in package and "inBundle" not in package}
    assert unhashed == {""}  # the project itself; what is bundled comes inside of a hashed package


@pytest.mark.parametrize("name", PYTHON_LOCKS)
def test_every_locked_package_is_pinned_and_hashed(name: str) -> None:
    text = (ROOT / name).read_text()
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if not entry.startswith("#")]
    assert len(entries) > 50
    for entry in entries:
        assert re.match(r"[\w.\-\[\], ]+==[\w.+!]+", entry), entry
        assert "--hash=sha256:" in entry, entry
