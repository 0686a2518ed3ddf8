"""Server-side sessions. The browser holds a random id and nothing else; records are sealed where they are stored.

The store keeps SHA-256 of the id and an AES-GCM box bound to it, so that a copied store signs nobody in and records
cannot be swapped. SQLite in the state folder serves one shell, Redis several replicas; both outlive a restart.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar
from weakref import WeakValueDictionary

from redis.asyncio import Redis

from frontend.ui.keys import Keyring, seal, unseal
from frontend.ui.settings import FrontendSettings

ID_BYTES = 32
IDLE_SECONDS = 12 * 3600
ABSOLUTE_SECONDS = 7 * 24 * 3600
LOCK_SECONDS = 20
PRUNE_SECONDS = 600.0
PRUNED_AT_ONCE = 500
_KEY_PREFIX = "ringi:session:"
_log = logging.getLogger("ringi.frontend.shell.sessions")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser. Times are Unix seconds."""

    user_id: str
    name: str
    email: str
    roles: tuple[str, ...]
    access_token: str
    refresh_token: str
    access_expires_at: float
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    created_at: float = field(default_factory=time.time)

    def renewed(self, access_token: str, refresh_token: str, expires_at: float) -> Session:
        return replace(self, access_token=access_token, refresh_token=refresh_token, access_expires_at=expires_at)


class SessionStore(Protocol):
    """Where sealed records live. `lock` makes the rotation of a session's refresh token happen once at a time."""

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def load(self, digest: str) -> bytes | None: ...
    async def save(self, digest: str, record: bytes, seconds: int) -> None: ...
    async def remove(self, digest: str) -> None: ...
    def lock(self, digest: str) -> contextlib.AbstractAsyncContextManager[None]: ...


class SqliteSessions:
    """For one shell process (the embedded run). One thread owns the file: a slow disk holds up no event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sessions")
        self._connection: sqlite3.Connection | None = None
        self._pruning: asyncio.Task[None] | None = None
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def open(self) -> None:
        await self._in_thread(self._open)
        self._pruning = asyncio.create_task(self._prune_for_ever(), name="session-pruning")

    async def close(self) -> None:
        if self._pruning is not None:
            self._pruning.cancel()
            await asyncio.gather(self._pruning, return_exceptions=True)
        await self._in_thread(self._db.close)
        self._thread.shutdown()

    async def load(self, digest: str) -> bytes | None:
        rows = await self._execute("SELECT record, expires FROM sessions WHERE digest = ?", digest)
        return rows[0][0] if rows and rows[0][1] > time.time() else None

    async def save(self, digest: str, record: bytes, seconds: int) -> None:
        await self._execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)", digest, record, time.time() + seconds)

    async def remove(self, digest: str) -> None:
        await self._execute("DELETE FROM sessions WHERE digest = ?", digest)

    async def prune(self) -> int:
        """Forget expired sessions, some at a time, so that others have their turn in between; returns how many."""
        pruned = 0
        while True:
            gone = await self._execute(
                "DELETE FROM sessions WHERE digest IN"
                " (SELECT digest FROM sessions WHERE expires < ? LIMIT ?) RETURNING digest",
                time.time(),
                PRUNED_AT_ONCE,
            )
            pruned += len(gone)
            if len(gone) < PRUNED_AT_ONCE:
                return pruned

    @contextlib.asynccontextmanager
    async def lock(self, digest: str) -> AsyncIterator[None]:
        lock = self._locks.setdefault(digest, asyncio.Lock())
        async with lock:
            yield

    async def _prune_for_ever(self) -> None:
        while True:
            try:
                await self.prune()
            except sqlite3.Error as error:
                _log.warning("expired sessions not pruned: %s", error)
            await asyncio.sleep(PRUNE_SECONDS)

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        self._path.chmod(0o600)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS sessions (digest TEXT PRIMARY KEY, record BLOB, expires REAL)")
        self._db.execute("CREATE INDEX IF NOT EXISTS sessions_by_end ON sessions (expires)")

    async def _execute(self, statement: str, *values: object) -> list[Any]:
        return await self._in_thread(lambda: self._db.execute(statement, values).fetchall())

    async def _in_thread(self, action: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, action)

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError("the session store is not open")
        return self._connection


class RedisSessions:
    """For several shell replicas."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url)

    async def open(self) -> None:
        await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose()

    async def load(self, digest: str) -> bytes | None:
        record = await self._redis.get(_KEY_PREFIX + digest)
        return record if isinstance(record, bytes) else None

    async def save(self, digest: str, record: bytes, seconds: int) -> None:
        await self._redis.set(_KEY_PREFIX + digest, record, ex=seconds)

    async def remove(self, digest: str) -> None:
        await self._redis.delete(_KEY_PREFIX + digest)

    @contextlib.asynccontextmanager
    async def lock(self, digest: str) -> AsyncIterator[None]:
        async with self._redis.lock(f"{_KEY_PREFIX}{digest}:rotation", timeout=LOCK_SECONDS):
            yield


def store_for(settings: FrontendSettings) -> SessionStore:
    if settings.redis_address:
        return RedisSessions(settings.redis_address)
    return SqliteSessions(settings.home / "frontend" / "sessions.sqlite3")


class Sessions:
    """Sessions by browser id: created, read, replaced, ended."""

    def __init__(self, store: SessionStore, keys: Keyring) -> None:
        self.store = store
        self._keys = keys.derived("session-record")

    @staticmethod
    def digest(session_id: str) -> str:
        return hashlib.sha256(session_id.encode()).hexdigest()

    async def create(self, session: Session) -> str:
        session_id = secrets.token_urlsafe(ID_BYTES)
        await self.replace(session_id, session)
        return session_id

    async def read(self, session_id: str | None) -> Session | None:
        if not session_id:
            return None
        digest = self.digest(session_id)
        sealed = await self.store.load(digest)
        plain = unseal(self._keys, sealed, bound_to=digest.encode()) if sealed else None
        if plain is None:
            return None
        fields = json.loads(plain)
        session = Session(**{**fields, "roles": tuple(fields["roles"])})
        return session if session.created_at + ABSOLUTE_SECONDS > time.time() else None

    async def replace(self, session_id: str, session: Session) -> None:
        digest = self.digest(session_id)
        record = seal(self._keys, json.dumps(asdict(session)).encode(), bound_to=digest.encode())
        await self.store.save(digest, record, IDLE_SECONDS)

    async def end(self, session_id: str) -> None:
        await self.store.remove(self.digest(session_id))
