"""The `worker` process: every service's workflows, activities, relays and consumers, behind the supervisor's gate."""

import sys

from deploy.embedded.children.gate import wait_for_start
from workers.all import main as run_workers


def main() -> None:
    wait_for_start(sys.argv)
    run_workers()


if __name__ == "__main__":
    main()
