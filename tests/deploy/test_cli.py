"""The command line itself."""

import subprocess
import sys

import pytest

from deploy.cli.commands import COMMANDS
from deploy.cli.main import load


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_exists_and_explains_itself(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", name, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert load(name).help


def test_help_lists_all_commands_without_loading_any() -> None:
    program = (
        "import sys; from deploy.cli.main import app\n"
        "try: app(['--help'])\n"
        "finally: print([m for m in sys.modules if m.startswith(('deploy.embedded.', 'aiokafka', 'psycopg'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert all(name in done.stdout for name in COMMANDS)
    loaded = done.stdout.strip().splitlines()[-1]
    assert loaded == "[]"


def test_an_unknown_command_is_a_usage_error() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", "strat"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
