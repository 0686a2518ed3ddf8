"""The `first-data` job: demo users and demo data, once per state folder.

It runs before `web` and `worker` start, so nobody else has written anything yet. A seeding that was interrupted is
therefore redone from empty databases, which is simpler and safer than finding out how far it came.
"""

import importlib
import os
import sys

import psycopg
from psycopg import sql

from deploy.databases.names import ADMIN_URL, SERVICES, database_name
from deploy.embedded.children.gate import wait_for_start
from deploy.embedded.setup import migrate
from deploy.embedded.state.home import FIRST_DATA_DONE, Home, read_json, write_json

BEGUN = {"state": "begun"}


def main() -> None:
    home = Home.from_environment()
    found = read_json(home.first_data_file)
    wait_for_start(sys.argv)
    if found == FIRST_DATA_DONE:
        return
    if found == BEGUN:
        empty_databases(home)
    write_json(home.first_data_file, BEGUN)
    importlib.import_module("deploy.cli.seed").seed_demo(report)
    write_json(home.first_data_file, FIRST_DATA_DONE)


def report(text: str) -> None:
    """One line about how far the seeding is; the supervisor shows it."""
    print(f"progress: {text}", flush=True)  # noqa: T201 - the protocol between a job and the supervisor


def empty_databases(home: Home) -> None:
    admin = os.environ[ADMIN_URL]
    with psycopg.connect(admin, autocommit=True, connect_timeout=migrate.CONNECT_SECONDS) as connection:
        for service in SERVICES:
            name = sql.Identifier(database_name(service))
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
    migrate.forget(home)
    migrate.bring_up_to_date(home)


if __name__ == "__main__":
    main()
