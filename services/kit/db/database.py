"""A service's database: a pool of autocommit connections for reads and one of transactional connections for writes.

Small pools have the best tail latency (measured), so waiting for a connection is normal under load and bounded.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Self, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from services.kit.db.pool_figures import POOLS
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.running.context import ActorContext

__all__ = ["Database", "Reader", "Row", "UnitOfWork", "is_transient", "libpq_url"]

log = logging.getLogger(__name__)

CONNECT_TIMEOUT: Final = 5
"""Seconds until an unreachable server is an error."""
POOL_TIMEOUT: Final = 10.0
"""Seconds that a request waits for a free connection."""
STATEMENT_TIMEOUT: Final = "15s"
LOCK_TIMEOUT: Final = "10s"
ANSWER_SECONDS: Final = 30.0
"""Longer than the server lets any statement take: whoever has no answer by then speaks to nobody. The kernel notices a
peer that is gone (see KEEPALIVE), but not a proxy or balancer that takes what is sent and forwards nothing."""
IDLE_IN_TRANSACTION_TIMEOUT: Final = "60s"
"""A stopped process must not hold its row locks for ever."""
IDLE_SECONDS: Final = 20.0
"""How often a pool gives up one connection that it did not need: back to one a pool some two minutes after a burst."""
FRESH_SECONDS: Final = 2.0
"""A connection that answered this recently is handed out without asking it first."""
KEEPALIVE: Final[dict[str, Any]] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}

OUTBOX_CHANNEL: Final = "outbox"
INTENTS_CHANNEL: Final = "intents"

CONNECTION_ERRORS: Final = (psycopg.OperationalError, psycopg.InterfaceError)
"""Of the server or the way to it, not of what was asked: worth another try."""

TRANSIENT_CLASSES: Final = frozenset({"08", "40", "53", "55", "57", "58"})
"""SQLSTATE classes that say nothing about the data: connection, rollback, resources, locks, shutdown, system."""

Answer = TypeVar("Answer")
Connection = psycopg.AsyncConnection[Row]


def is_transient(error: BaseException) -> bool:
    """Whether trying the same again may work: the infrastructure failed, not what was asked of it."""
    if isinstance(error, psycopg.Error):
        if error.sqlstate is None:
            return isinstance(error, CONNECTION_ERRORS)
        return error.sqlstate[:2] in TRANSIENT_CLASSES
    return isinstance(error, OSError)


class _BoundedConnection(psycopg.AsyncConnection[Row]):
    """Remembers when it last proved to be alive, and does not wait for an answer for ever."""

    proved_at: float = 0.0
    patient: bool = False
    """Waits as long as it takes: for work that has lifted the server's limit on a statement's time."""

    async def wait(self, gen: PQGen[Answer], *args: Any, **options: Any) -> Answer:
        """Raises psycopg.OperationalError if the server has not answered after ANSWER_SECONDS."""
        try:
            async with asyncio.timeout(None if self.patient else ANSWER_SECONDS):
                return await super().wait(gen, *args, **options)
        except TimeoutError as error:
            self.pgconn.finish()  # a late answer must not be taken for that of the next statement
            raise psycopg.OperationalError(f"no answer from the server for {ANSWER_SECONDS:.0f} s") from error


def _set_patient(connection: Connection, *, patient: bool) -> None:
    if isinstance(connection, _BoundedConnection):
        connection.patient = patient


def libpq_url(url: str) -> str:
    """Accepts SQLAlchemy's spelling (``postgresql+psycopg://``) where libpq's is needed."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def session_options(**settings: str) -> str:
    """The ``options`` of a connection: settings that hold from its first statement."""
    values = {"jit": "off", "timezone": "UTC", "lock_timeout": LOCK_TIMEOUT, "statement_timeout": STATEMENT_TIMEOUT}
    return " ".join(f"-c {name}={value}" for name, value in (values | settings).items())


class Database:
    """``name`` is the service's name: it is part of audit entries and of ``pg_stat_activity``."""

    def __init__(self, url: str, *, name: str, read_size: int = 8, write_size: int = 8) -> None:
        self.url = libpq_url(url)
        self.name = name
        self._doubted_at = 0.0
        # Reads are read-only for a reason: an INSERT on the autocommit pool would escape its unit of work.
        self._reads = self._pool("read", read_size, autocommit=True, default_transaction_read_only="on")
        self._writes = self._pool(
            "write", write_size, autocommit=False, idle_in_transaction_session_timeout=IDLE_IN_TRANSACTION_TIMEOUT
        )
        self._wakes: set[str] = set()
        self._waker: asyncio.Task[None] | None = None

    def _pool(self, kind: str, size: int, *, autocommit: bool, **settings: str) -> AsyncConnectionPool[Connection]:
        return AsyncConnectionPool(
            self.url,
            connection_class=_BoundedConnection,
            kwargs={
                "autocommit": autocommit,
                "row_factory": dict_row,
                "connect_timeout": CONNECT_TIMEOUT,
                "application_name": f"ringi-{self.name}-{kind}",
                "options": session_options(**settings),
                **KEEPALIVE,
            },
            min_size=1,
            max_size=size,
            timeout=POOL_TIMEOUT,
            max_waiting=size * 64,
            max_idle=IDLE_SECONDS,
            reconnect_timeout=30.0,
            check=self._check,
            name=f"{self.name}-{kind}",
            open=False,
        )

    async def open(self) -> None:
        """Starts the pools; the server may still be unreachable, then the first statement waits for it."""
        await self._reads.open()
        await self._writes.open()
        POOLS.add(self)

    async def close(self) -> None:
        POOLS.remove(self)
        if self._waker is not None:
            await asyncio.wait({self._waker}, timeout=CONNECT_TIMEOUT)
        await self._reads.close()
        await self._writes.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        """An autocommit, read-only connection: each statement sees what is committed when it starts."""
        async with self._reads.connection() as connection:
            try:
                yield Reader(connection)
            except CONNECTION_ERRORS:
                self._doubt()
                raise
            self._prove(connection)

    @asynccontextmanager
    async def transaction(self, context: ActorContext, *, patient: bool = False) -> AsyncIterator[UnitOfWork]:
        """One transaction: commits on a clean exit, else rolls back. Wakes the relays after the commit.

        ``patient``: a statement may take as long as it takes; for work that grows with the history.
        """
        async with self._writes.connection() as connection:
            assert not connection.autocommit
            uow = UnitOfWork(connection, context, service=self.name)
            try:
                if patient:
                    _set_patient(connection, patient=True)
                    await uow.execute("SET LOCAL statement_timeout = 0")
                    await uow.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                yield uow
                await connection.commit()
            except CONNECTION_ERRORS:
                self._doubt()
                raise
            finally:
                _set_patient(connection, patient=False)
            self._prove(connection)
        if uow.wakes:
            self._wake(uow.wakes)

    @asynccontextmanager
    async def dedicated(self, purpose: str, **settings: str) -> AsyncIterator[Connection]:
        """A connection outside of the pools, in autocommit, for locks and notifications that end with it.

        A server that stopped answering is noticed when something is asked: whoever listens asks something in between,
        and waits less than ANSWER_SECONDS for a notification.
        """
        connection = await _BoundedConnection.connect(
            self.url,
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=CONNECT_TIMEOUT,
            application_name=f"ringi-{self.name}-{purpose}",
            options=session_options(**settings),
            **KEEPALIVE,
        )
        async with connection:
            yield connection

    def statistics(self) -> dict[str, dict[str, int]]:
        """psycopg_pool's counters by pool, for metrics."""
        return {"read": self._reads.get_stats(), "write": self._writes.get_stats()}

    # A dead server is noticed by whoever uses a connection next. From then on every connection that has not answered
    # since is asked before it is handed out, so that one failure does not become one for each connection of the pool.

    def _doubt(self) -> None:
        self._doubted_at = asyncio.get_running_loop().time()

    def _prove(self, connection: Connection) -> None:
        if isinstance(connection, _BoundedConnection):
            connection.proved_at = asyncio.get_running_loop().time()

    async def _check(self, connection: Connection) -> None:
        proved_at = connection.proved_at if isinstance(connection, _BoundedConnection) else 0.0
        if proved_at > self._doubted_at and asyncio.get_running_loop().time() - proved_at < FRESH_SECONDS:
            return
        # The pool's own check asks in autocommit and switches back after it. Should it ever not come to that, every
        # statement of later transactions would be one of its own.
        await connection.execute("")
        await connection.rollback()
        self._prove(connection)

    # PostgreSQL serialises the commits of all transactions that NOTIFY, over all databases of a cluster, their fsync
    # included. So the notification is a statement of its own, after the commit, and one is under way at a time.

    def _wake(self, channels: set[str]) -> None:
        self._wakes |= channels
        if self._waker is None or self._waker.done():
            self._waker = asyncio.create_task(self._notify(), name=f"notify-{self.name}")

    async def _notify(self) -> None:
        while self._wakes:
            channels, self._wakes = list(self._wakes), set()
            try:
                async with self.reader() as reader:
                    await reader.all("SELECT pg_notify(c, '') FROM unnest(%s::text[]) AS c", [channels])
            except psycopg.OperationalError as error:
                # The relays also look by themselves, so a lost notification costs a second, not an event.
                log.warning("relay could not be woken: %s", error, extra={"database": self.name})
