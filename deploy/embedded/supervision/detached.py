"""The supervisor in the background: `ringi up --detach` starts it, hears from it by JSON lines, and leaves it.

A module of its own, without the command line's libraries: it stays in memory all day.
"""

import asyncio
import sys

from deploy.embedded.errors import StartError
from deploy.embedded.state.home import Home
from deploy.embedded.supervision.progress import LineProgress
from deploy.embedded.supervision.supervisor import EVERYTHING, INFRASTRUCTURE_ONLY, Supervisor


def main() -> None:
    plan = INFRASTRUCTURE_ONLY if "infra" in sys.argv[1:] else EVERYTHING
    progress = LineProgress()
    try:
        asyncio.run(Supervisor(plan, Home.from_environment(), progress).run())
    except StartError as error:
        progress.failed(error.what, error.remedy)
        sys.exit(1)


if __name__ == "__main__":
    main()
