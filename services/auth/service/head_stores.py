"""Stores of signed heads that are reached over a network: lines wait for them in the database, in order, and each store
gets every line at least once, however often it or this process is gone.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final, Protocol
from urllib.parse import urlsplit

import aiohttp
from prometheus_client import Gauge
from pydantic import SecretStr

from services.auth.repository import head_stores
from services.kit.db.database import Database
from services.kit.db.lease import hold_lease
from services.kit.db.unit_of_work import Row
from services.kit.files.journal import BucketJournal
from services.kit.running import clock
from services.kit.running.backoff import Backoff, pause
from services.kit.running.context import ActorContext
from services.kit.running.http_client import pooled_client
from services.kit.running.logging import get_logger

FILE: Final = "file"
BUCKET: Final = "bucket"
WEBHOOK: Final = "webhook"
LATE: Final = timedelta(minutes=5)
"""A head that has waited so long for a store is an alarm."""
LOOK_SECONDS: Final = 1.0
BUNDLE_SECONDS: Final = 60.0
"""One object a minute at most holds the heads of that minute: half a million a year, which can be read back."""
BATCH: Final = 500
ANSWER_SECONDS: Final = 10.0
LONGEST_PAUSE: Final = 60.0
WAITED = Gauge(
    "ringi_audit_head_waits_seconds",
    "How long the oldest signed head has waited for a store; 0 if none does",
    ["store"],
)
_log = get_logger("audit-heads")


class HeadStoreError(Exception):
    """The store did not take a line. The text names no address: some have a secret in it."""


class HeadStore(Protocol):
    name: str
    pause_seconds: float
    """Between two looks for what waits."""

    async def keep(self, lines: Sequence[Row]) -> int:
        """Keep lines durably, in their order, and tell how many of them from the first one on. A line that is there
        already is kept. Raises HeadStoreError, StorageAway, OSError, aiohttp.ClientError for the first one."""


class BucketStore:
    """One object for the lines of a minute, with the number of the first one as its key; objects are never replaced."""

    name = BUCKET
    pause_seconds = BUNDLE_SECONDS

    def __init__(self, journal: BucketJournal) -> None:
        self.journal = journal

    async def keep(self, lines: Sequence[Row]) -> int:
        content = as_content(lines)
        there = await self.journal.append(lines[0]["number"], content)
        if there is None:
            return len(lines)
        # A process that died before it noted this kept the lines that there were then.
        if not there or not there.endswith(b"\n") or not content.startswith(there):
            raise HeadStoreError(f"another object stands where line {lines[0]['number']} belongs")
        return there.count(b"\n")


def as_content(lines: Sequence[Row]) -> bytes:
    return "".join(f"{line['line']}\n" for line in lines).encode()


class WebhookStore:
    """POSTs each line by itself. Whoever gets one twice knows it by its number; the line is signed, and names the one
    before it by its digest."""

    name = WEBHOOK
    pause_seconds = LOOK_SECONDS

    def __init__(self, url: SecretStr) -> None:
        self._url = url

    async def keep(self, lines: Sequence[Row]) -> int:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with pooled_client(connections=1, timeout=timeout) as session:
            for done, line in enumerate(lines):
                try:
                    await self._post(session, line)
                except (HeadStoreError, aiohttp.ClientError, OSError):
                    if done:
                        return done
                    raise
        return len(lines)

    async def _post(self, session: aiohttp.ClientSession, line: Row) -> None:
        body = {"number": line["number"], "line": line["line"], "sentAt": clock.now().isoformat()}
        url = self._url.get_secret_value()
        async with session.post(url, json=body, allow_redirects=False) as answer:
            if not 200 <= answer.status < 300:
                raise HeadStoreError(f"answered {answer.status}")


def is_safe(url: str, *, plain: bool) -> bool:
    """Whether heads may be sent there: over TLS; ``plain``: or to this machine, for trying out."""
    parts = urlsplit(url)
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or (plain and parts.scheme == "http" and local))


async def activate(db: Database, names: Collection[str], stop: asyncio.Event) -> None:
    """These stores are kept from now on, and no others. Waits for a database that is away."""
    backoff = Backoff()
    while not stop.is_set():
        try:
            async with db.transaction(ActorContext.system()) as uow:
                return await head_stores.activate(uow, names)
        except Exception as error:  # nothing is lost meanwhile
            _log.warning("the stores of heads not noted", error=type(error).__name__)
            await backoff.pause(stop)
    return None


class Delivery:
    """Brings what waits to one store; of all processes one does it at a time."""

    def __init__(self, db: Database, store: HeadStore) -> None:
        self._db = db
        self._store = store
        self._late = False

    async def run(self, stop: asyncio.Event) -> None:
        backoff = Backoff(longest=LONGEST_PAUSE)
        while not stop.is_set():
            try:
                async with hold_lease(self._db, f"audit-heads-{self._store.name}", stop) as lease:
                    while lease is not None and not stop.is_set():
                        lease.check()
                        if not await self.deliver():
                            backoff.reset()
                            await pause(stop, self._store.pause_seconds)
            except Exception as error:  # whatever it is, the lines wait
                await self._failed(error)
                await backoff.pause(stop)

    async def deliver(self) -> bool:
        """One batch of what waits; whether more may wait."""
        async with self._db.reader() as reader:
            lines = await head_stores.waiting(reader, self._store.name, BATCH)
        self._tell(lines)
        if not lines:
            return False
        last = lines[await self._store.keep(lines) - 1]
        async with self._db.transaction(ActorContext.system()) as uow:
            await head_stores.advance(
                uow, self._store.name, number=last["number"], position=last["position"], at=clock.now()
            )
        return last is not lines[-1] or len(lines) == BATCH

    def _tell(self, lines: Sequence[Row]) -> None:
        waited = clock.now() - lines[0]["at"] if lines else timedelta(0)
        WAITED.labels(self._store.name).set(waited.total_seconds())
        late = waited > LATE
        if late and not self._late:
            _log.error("signed heads do not reach a store", store=self._store.name, waits_since=str(lines[0]["at"]))
        elif self._late and not late:
            _log.info("signed heads reach the store again", store=self._store.name)
        self._late = late

    async def _failed(self, error: Exception) -> None:
        reason = str(error) if isinstance(error, HeadStoreError) else type(error).__name__
        _log.warning("signed heads not kept", store=self._store.name, error=reason)
        try:
            async with self._db.transaction(ActorContext.system()) as uow:
                await head_stores.fail(uow, self._store.name, reason, clock.now())
        except Exception as also:  # the database may be what is away
            _log.warning("the failure of a store of heads not noted", store=self._store.name, error=type(also).__name__)
