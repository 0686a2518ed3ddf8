"""The gate between loading a program and starting it.

Importing the application takes seconds; meanwhile the servers below it start. The supervisor therefore starts `web` and
`worker` with everything else, and opens their gate (a line on standard input) when databases are migrated.
"""

import sys

WAIT_FLAG = "--wait-for-start"


def wait_for_start(arguments: list[str]) -> None:
    """Return at once without the flag; with it, when the supervisor says so. Ends the process if there is none."""
    if WAIT_FLAG in arguments and not sys.stdin.buffer.readline():
        sys.exit(1)
