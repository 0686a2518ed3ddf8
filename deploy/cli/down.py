"""`ringi down`: stop the run of this state folder, wherever it was started."""

import os
import signal
import time

from deploy.cli.terminal import console, fail
from deploy.embedded.children.processes import reclaim
from deploy.embedded.state.home import Home, lock_holder

POLL_SECONDS = 0.05
PATIENCE_SECONDS = 120.0  # more than the parts may take together


def command() -> None:
    """Stop a run that was started with --detach (or in another terminal)."""
    stop(Home.from_environment())


def stop(home: Home) -> None:
    """Ask the supervisor to stop and wait until it is gone; without one, end what a killed supervisor left behind."""
    out = console()
    holder = lock_holder(home)
    if holder is None:
        left = reclaim(home) if home.children_file.exists() else []
        out.print(f"Ended what a killed run had left: {', '.join(left)}." if left else f"Nothing runs in {home.path}.")
        return
    try:
        os.kill(int(holder["pid"]), signal.SIGTERM)
    except PermissionError:
        fail(f"The run in {home.path} belongs to another user.", f"Stop it as that user (pid {holder['pid']}).")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while lock_holder(home) is not None:
        if time.monotonic() > deadline:
            fail(
                f"The supervisor (pid {holder['pid']}) has not stopped after {PATIENCE_SECONDS:.0f} s.",
                f"End it with: kill -9 {holder['pid']}; then run `ringi down` once more.",
            )
        time.sleep(POLL_SECONDS)  # a file lock cannot be waited for with a deadline, only asked again
    out.print("Stopped.")
