"""The `first-data` job with a seeding of two rows, killed between them when SEEDING_DIES is set."""

import os
import signal
import sys
from collections.abc import Callable
from types import ModuleType

import psycopg

from deploy.embedded.setup import first_data


def seed_demo(report: Callable[[str], None]) -> None:
    with psycopg.connect(os.environ["RINGI_CUSTOMER_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE TABLE seeded (name text)")
        connection.execute("INSERT INTO seeded VALUES ('first')")
        report("half of it")
        if os.environ.get("SEEDING_DIES"):
            os.kill(os.getpid(), signal.SIGKILL)
        connection.execute("INSERT INTO seeded VALUES ('second')")


if __name__ == "__main__":
    stand_in = ModuleType("deploy.cli.seed")
    stand_in.seed_demo = seed_demo  # type: ignore[attr-defined]
    sys.modules["deploy.cli.seed"] = stand_in
    first_data.main()
