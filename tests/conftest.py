"""Real servers for all tests, each started once a session, on demand, on free ports, in temporary folders.

``postgres``          the PostgreSQL server (tests.support.postgres.PostgresServer)
``fresh_database``    call it with a service's name: URL of a new migrated database (some 50 ms); dropped after the test
``kit_database_url``  URL of a new database with the kit's tables and those of tests.support.kit_tables
``database``          an open services.kit.db.database.Database on such a URL
``durable_postgres``  a server of this test's own, with fsync, that the test may kill and start again
``broker``            a broker that the whole session shares: do not stop it (tests.support.broker.Broker)
``own_broker``        one of this test's own, which it may kill and restart
``temporal_server``   the Temporal server that the session shares (tests.support.temporal.TemporalServer)
``own_temporal``      one of this test's own
``temporal``          a connected client of ``temporal_server``

``service_client``    ``await service_client("customer")``: the running service on a new database (tests.support.http)
``issuer``            signs access tokens that those services trust: ``issuer.token(user_id, ["rep"])``

A test on a service's own database::

    async def test_x(fresh_database):
        async with Database(fresh_database("customer"), name="customer") as db:
            ...

Wait for a condition with ``tests.support.waiting.eventually``, never with a sleep.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("RINGI_ENV", "test")

from temporalio.client import Client

from services.kit.db.database import Database
from services.kit.running.context import ActorContext
from tests.support.broker import Broker, running_broker
from tests.support.http import issuer, service_client
from tests.support.kit_tables import create_kit_tables
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.temporal import TemporalServer, running_temporal

# How long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

__all__ = ["issuer", "service_client"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def durable_postgres() -> Iterator[PostgresServer]:
    with running_postgres(durable=True) as server:
        yield server


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    with running_broker() as running:
        yield running


@pytest.fixture
def own_broker() -> Iterator[Broker]:
    with running_broker() as running:
        yield running


@pytest.fixture(scope="session")
def temporal_server() -> Iterator[TemporalServer]:
    with running_temporal() as server:
        yield server


@pytest.fixture
def own_temporal() -> Iterator[TemporalServer]:
    with running_temporal() as server:
        yield server


@pytest.fixture(scope="session")
async def temporal(temporal_server: TemporalServer) -> Client:
    return await temporal_server.client()


@pytest.fixture
def fresh_database(postgres: PostgresServer) -> Iterator[Callable[[str], str]]:
    urls: list[str] = []

    def make(service: str) -> str:
        urls.append(postgres.fresh_database(service))
        return urls[-1]

    yield make
    for url in urls:
        postgres.drop(url)


@pytest.fixture
def kit_database_url(postgres: PostgresServer) -> Iterator[str]:
    url = postgres.database_from("kit", create_kit_tables)
    yield url
    postgres.drop(url)


@pytest.fixture
async def database(kit_database_url: str) -> AsyncIterator[Database]:
    async with Database(kit_database_url, name="kit") as db:
        yield db


@pytest.fixture
def system() -> ActorContext:
    return ActorContext.system()
