"""The command line that starts a child through launch.py."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.embedded.children.account import Account

LAUNCHER = Path(__file__).with_name("launch.py")


def launch_command(command: Sequence[str], account: Account | None, death_signal: signal.Signals) -> list[str]:
    options = ["--parent", str(os.getpid()), "--death-signal", str(int(death_signal))]
    if account is not None:
        options += account.launch_options
    # -I -S: no site-packages, no environment: the launcher must cost nothing and behave the same everywhere.
    return [sys.executable, "-I", "-S", str(LAUNCHER), *options, "--", *command]
