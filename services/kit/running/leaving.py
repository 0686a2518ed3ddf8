"""The end of a process that has spoken to Temporal."""

import atexit
import os
import sys
import threading
from typing import NoReturn

BROKEN_PIPE_EXIT = 1
"""What click ends with when nobody reads its output any more."""


def leave(code: int) -> NoReturn:
    """End the process with `code`: threads joined, exit functions run, output written, interpreter not torn down.

    Temporal's client keeps native threads that cannot be stopped. One that calls into the interpreter while it is torn
    down aborts the process (SIGABRT) after all its work was done: known upstream (temporalio/sdk-python, issue 300),
    and seen in 2 of 40 runs of `ringi migrate`, where it would keep every container that waits for it from starting.
    """
    # What the interpreter does before it tears itself down, in its order; children of multiprocessing end likewise.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = code or BROKEN_PIPE_EXIT
    sys.stderr.flush()
    os._exit(code)


def code_of(end: SystemExit) -> int:
    """The exit code that Python would give the process; a text is written to standard error, as Python does."""
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    print(end.code, file=sys.stderr)  # noqa: T201 - what a SystemExit with a text is for
    return 1
