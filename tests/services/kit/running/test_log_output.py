"""A full disk below the log costs lines of the log, and nothing else."""

import subprocess
import sys

SCRIPT = """
import logging, sys
from services.kit.running.logging import LINES_LOST, configure, get_logger
configure(process="test")
get_logger("ours").info("request")
logging.getLogger("theirs").warning("something")
print(int(LINES_LOST._value.get()), file=sys.stderr)
"""


def run(output: str) -> tuple[int, str]:
    with open(output, "w") as log:
        # Unbuffered, as processes of the embedded run and of the image are.
        done = subprocess.run(
            [sys.executable, "-u", "-c", SCRIPT], stdout=log, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    return done.returncode, done.stderr.strip()


def test_a_full_disk_costs_lines_and_they_are_counted() -> None:
    assert run("/dev/full") == (0, "2")


def test_nothing_is_lost_where_there_is_room() -> None:
    assert run("/dev/null") == (0, "0")
