"""A release has one version, and the changelog knows it."""

import re
import subprocess
import tomllib
from pathlib import Path

import orjson
import pytest

ROOT = Path(__file__).parents[2]
COMMAND = ROOT / ".ci" / "release-version"


def version() -> str:
    named: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return named


def test_the_version_is_the_same_everywhere() -> None:
    assert orjson.loads((ROOT / "package.json").read_bytes())["version"] == version()
    image = re.search(r"image: ringi-crm:(\S+)", (ROOT / "docker-compose.yml").read_text())
    assert image is not None
    assert image[1] == version()


def test_the_version_can_be_released() -> None:
    assert subprocess.run([COMMAND, f"v{version()}"], check=False).returncode == 0


@pytest.mark.parametrize("tag", ["v99.0.0", "latest"])
def test_a_tag_that_is_not_the_version_is_refused(tag: str) -> None:
    refused = subprocess.run([COMMAND, tag], check=False, capture_output=True, text=True)
    assert refused.returncode == 1
    assert f"the tag is {tag}" in refused.stderr
