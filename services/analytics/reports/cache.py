"""Answers of reports, kept for a while: in this process, or in Redis where several processes share them.

A key contains the revisions of the projections that the answer was made from, so an answer is never served after an
event changed them. It still ages: figures such as "overdue now" change with the clock alone.
"""

import logging
import time
from collections import OrderedDict
from typing import Final, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 30
"""How much older than the clock an answer may be while no event arrives."""
MEMORY_ANSWERS: Final = 256
REDIS_TIMEOUT_SECONDS: Final = 0.25
"""A slow cache must not be slower than the database."""
REDIS_CONNECT_SECONDS: Final = 1.0
"""Once a connection; TLS with certificates takes several turns."""


class ReportCache(Protocol):
    async def get(self, key: str) -> bytes | None: ...
    async def put(self, key: str, answer: bytes) -> None: ...
    async def close(self) -> None: ...


class MemoryCache:
    """The answers that were used last."""

    def __init__(self, size: int = MEMORY_ANSWERS) -> None:
        self._size = size
        self._answers: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    async def get(self, key: str) -> bytes | None:
        kept = self._answers.get(key)
        if kept is None or kept[0] < time.monotonic():
            return None
        self._answers.move_to_end(key)
        return kept[1]

    async def put(self, key: str, answer: bytes) -> None:
        self._answers[key] = (time.monotonic() + ANSWER_SECONDS, answer)
        self._answers.move_to_end(key)
        while len(self._answers) > self._size:
            self._answers.popitem(last=False)

    async def close(self) -> None:
        self._answers.clear()


class RedisCache:
    """Without Redis answering, every report is computed: slower, but right."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url, socket_timeout=REDIS_TIMEOUT_SECONDS, socket_connect_timeout=REDIS_CONNECT_SECONDS
        )

    async def get(self, key: str) -> bytes | None:
        try:
            answer = await self._redis.get(f"ringi:report:{key}")
        except (RedisError, OSError) as error:
            log.warning("report cache: %s", error)
            return None
        return answer if isinstance(answer, bytes) else None

    async def put(self, key: str, answer: bytes) -> None:
        try:
            await self._redis.set(f"ringi:report:{key}", answer, ex=ANSWER_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("report cache: %s", error)

    async def close(self) -> None:
        await self._redis.aclose()


def cache_for(redis_url: str | None) -> ReportCache:
    return MemoryCache() if redis_url is None else RedisCache(redis_url)
