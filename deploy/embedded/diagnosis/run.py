"""What `ringi doctor` finds out about a run: does each part answer, is the schema the code's, does anything lag?"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import psycopg
from aiokafka.errors import KafkaError
from alembic.config import Config
from alembic.script import ScriptDirectory

from deploy.databases.names import SERVICES
from deploy.embedded.diagnosis.health import look_at
from deploy.embedded.diagnosis.machine import Finding
from deploy.embedded.parts.model import PartName
from deploy.embedded.setup.migrate import current_revision
from deploy.embedded.state.environment import ringi_environment
from deploy.embedded.state.home import Home, lock_holder, read_json
from deploy.embedded.state.ports import Ports
from deploy.embedded.state.secrets import Secrets
from deploy.events import gaps
from deploy.invariants import backlog as backlogs
from deploy.invariants.backlog import Backlog
from services.kit.db.database import Database
from services.kit.db.migrations import scripts_of
from services.kit.events.broker import administration
from services.kit.events.stream import WHAT_TO_DO
from services.kit.running import zone
from services.opportunity import business_calendar

ANSWER_SECONDS = 10.0
CONSUMERS_SECONDS = 60.0
LAG_SECONDS = 60.0
"""At rest nothing waits as long as that; whether it is a backlog or a stuck relay, a second look tells."""


async def examine_run(home: Home) -> AsyncIterator[Finding]:
    """Nothing about a folder in which nothing runs but that one finding."""
    health = await look_at(home)
    if lock_holder(home) is None:
        yield Finding.warning("run", f"nothing runs in {home.path}", "Start it with: make up")
        return
    for part in health.parts:
        log = home.log(part.name)
        if part.healthy:
            yield Finding.good(part.name, f"answers at {part.address}")
        else:
            yield Finding.bad(part.name, f"{part.state}, does not answer at {part.address}", f"See {log}")
    ports = Ports(**read_json(home.state_file)["ports"])
    variables = ringi_environment(home, ports, Secrets.load(home))
    # Seeded rows carry dates of the past: nothing can be late for longer than there has been a worker to deliver it.
    worker = next((part for part in health.parts if part.name == PartName.WORKER), None)
    at_most = float("inf") if worker is None else worker.uptime_seconds or 0.0
    for service in SERVICES:
        url = variables[f"RINGI_{service.upper()}_DATABASE_URL"]
        yield await asyncio.to_thread(_database, service, url, at_most)
    yield await asyncio.to_thread(_calendar, variables["RINGI_OPPORTUNITY_DATABASE_URL"])
    yield await _broker(variables["RINGI_KAFKA_BOOTSTRAP"], home)
    yield await _consumers(variables)


def _database(service: str, url: str, longest_wait: float) -> Finding:
    """Reachable, migrated to this code's newest revision, nothing stuck on its way out. `longest_wait`: seconds for
    which anything can have waited at most."""
    subject = f"database {service}"
    try:
        revision = current_revision(url)
        head = newest_revision(service)
        if revision != head:
            return Finding.bad(
                subject, f"at revision {revision}, the code wants {head}", "Restart: `make up` migrates."
            )
        with psycopg.connect(url, connect_timeout=int(ANSWER_SECONDS)) as connection:
            server = connection.info.server_version
            connection.autocommit = True  # each look has a now() of its own
            backlog = _look(connection)
            waited = min(backlog.oldest_seconds or 0.0, longest_wait)
            stuck = waited > LAG_SECONDS and _is_stuck(connection, backlog)
    except psycopg.Error as error:
        return Finding.bad(subject, str(error).strip().splitlines()[0], "See the PostgreSQL log in the state folder.")
    waiting = f"{backlog.events} events, {backlog.intents} intents wait"
    detail = f"PostgreSQL {server // 10000}.{server % 10000}, revision {revision}, {waiting}"
    if stuck:
        return Finding.bad(
            subject, f"{detail}, the oldest for {waited:.0f} s", "The relay is stuck: see the worker's log."
        )
    if waited > LAG_SECONDS:
        return Finding.good(subject, f"{detail}, a backlog that is being delivered")
    return Finding.good(subject, detail)


def _calendar(url: str) -> Finding:
    """Whether deadlines in business days rest on holidays that somebody has confirmed."""
    subject = "business calendar"
    try:
        with psycopg.connect(url, connect_timeout=int(ANSWER_SECONDS)) as connection:
            confirmed = {year for (year,) in connection.execute("SELECT year FROM firm_years")}
    except psycopg.Error as error:
        return Finding.bad(subject, str(error).strip().splitlines()[0], "Mend the opportunity database first.")
    today = zone.today()
    until = business_calendar.confirmed_until(confirmed, today)
    told = "nobody has confirmed this year's holidays" if until is None else f"holidays are confirmed until {until}"
    if business_calendar.runs_out(until, today):
        return Finding.warning(subject, told, "An administrator confirms years at /firm/calendar.")
    return Finding.good(subject, told)


def _look(connection: psycopg.Connection[tuple[Any, ...]]) -> Backlog:
    row = connection.execute(backlogs.STATEMENT).fetchone()
    if row is None:
        raise RuntimeError("a SELECT without FROM answered no row")
    return Backlog.of_row(row)


def _is_stuck(connection: psycopg.Connection[tuple[Any, ...]], before: Backlog) -> bool:
    deadline = time.monotonic() + backlogs.STANDSTILL_SECONDS
    while time.monotonic() < deadline:
        # In a thread of its own; rows that leave a table announce it to nobody.
        time.sleep(backlogs.LOOK_INTERVAL_SECONDS)
        if _look(connection).moved_since(before):
            return False
    return True


def newest_revision(service: str) -> str | None:
    """The head of the service's migrations in this code."""
    config = Config()
    config.set_main_option("script_location", str(scripts_of(service)).replace("%", "%%"))
    return ScriptDirectory.from_config(config).get_current_head()


async def _broker(bootstrap: str, home: Home) -> Finding:
    try:
        async with asyncio.timeout(ANSWER_SECONDS), administration(bootstrap) as admin:
            cluster = await admin.describe_cluster()
            topics = await admin.list_topics()
    except (KafkaError, OSError, TimeoutError) as error:
        return Finding.bad("broker protocol", f"{error!r}", f"See {home.log(PartName.BROKER)}")
    return Finding.good("broker protocol", f"cluster {cluster['cluster_id']}, {len(topics)} topics")


async def _consumers(variables: dict[str, str]) -> Finding:
    """Whether the broker has what each consumer must read next."""
    subject = "consumers"
    try:
        async with AsyncExitStack() as stack, asyncio.timeout(CONSUMERS_SECONDS):
            databases = {
                service: await stack.enter_async_context(
                    Database(variables[f"RINGI_{service.upper()}_DATABASE_URL"], name=service, read_size=1)
                )
                for service in SERVICES
            }
            found = await gaps.lasting(variables["RINGI_KAFKA_BOOTSTRAP"], databases)
    except (psycopg.Error, KafkaError, OSError) as error:
        return Finding.bad(subject, f"{error!r}", "Mend what else is found here first.")
    if found:
        return Finding.bad(subject, "; ".join(map(str, found)), f"{WHAT_TO_DO[0].upper()}{WHAT_TO_DO[1:]}.")
    return Finding.good(subject, "find what they must read next")
