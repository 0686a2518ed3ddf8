"""Alembic for a service's database: ``services/<name>/migrations`` with an ``env.py`` that calls ``run``."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from services.kit.db import grants
from services.kit.db.database import CONNECT_TIMEOUT, libpq_url
from services.kit.db.partitions import ENSURE_PARTITIONS, MONTHS_AHEAD
from services.kit.running import clock

MIGRATION_LOCK: Final = 7_121_001
"""Advisory lock: two processes that start at once migrate one after the other."""
VERSION_TABLE: Final = "alembic_version"


def scripts_of(service: str) -> Path:
    """The folder of a service's migrations. Raises LookupError for an unknown service."""
    package = importlib.util.find_spec(f"services.{service}")
    if package is None or package.origin is None:
        raise LookupError(f"there is no service {service}")
    return Path(package.origin).with_name("migrations")


def upgrade(service: str, url: str, revision: str = "head") -> None:
    """Brings a service's database up to a revision, creates the outbox's coming months, and gives the service's role
    its rights. ``url``: of the role that owns the tables, or acts as the one that does."""
    upgrade_scripts(scripts_of(service), url, revision)
    with _connection(url) as connection:
        for statement, parameters in grants.statements(service):
            connection.exec_driver_sql(statement, parameters)


def downgrade(service: str, url: str, revision: str = "base") -> None:
    downgrade_scripts(scripts_of(service), url, revision)


def upgrade_scripts(scripts: Path, url: str, revision: str = "head") -> None:
    """The same for a folder of migrations that is no service's."""
    with _connection(url) as connection:
        command.upgrade(_config(scripts, connection), revision)
        if connection.exec_driver_sql("SELECT to_regclass('outbox') IS NOT NULL").scalar_one():
            connection.exec_driver_sql(ENSURE_PARTITIONS, (clock.now().date(), MONTHS_AHEAD))


def downgrade_scripts(scripts: Path, url: str, revision: str = "base") -> None:
    with _connection(url) as connection:
        command.downgrade(_config(scripts, connection), revision)


def run() -> None:
    """What a service's ``env.py`` calls: runs the migrations on the connection that ``upgrade`` opened."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, version_table=VERSION_TABLE, transaction_per_migration=False)
    with context.begin_transaction():
        context.run_migrations()


def _config(scripts: Path, connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    def connect() -> psycopg.Connection:
        return psycopg.connect(libpq_url(url), connect_timeout=CONNECT_TIMEOUT, application_name="ringi-migrations")

    engine = create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({MIGRATION_LOCK})")
        connection.commit()
        yield connection
        connection.commit()
