"""pytest, and the end of a process that has spoken to Temporal: `python -m tests [pytest's arguments]`.

Torn down the usual way, such a process aborts now and then after its last test (services.kit.running.leaving says
why), and a run in which everything passed would count as failed.
"""

import faulthandler
import sys

import pytest

from services.kit.running.leaving import leave

LEAVING_SECONDS = 60
"""For threads that tests left behind; whoever has not ended by then is named, and the run fails."""

if __name__ == "__main__":
    code = pytest.main(sys.argv[1:])
    faulthandler.dump_traceback_later(LEAVING_SECONDS, exit=True)
    leave(int(code))
