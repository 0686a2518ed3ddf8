"""Rate limits: a bucket per user, per address and per address for sign-ins (GCRA: one number per bucket)."""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from prometheus_client import Counter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.kit.errors import TooManyRequests
from services.kit.running.logging import get_logger

WINDOW_SECONDS: Final = 60.0
ROUNDING_SECONDS: Final = 1e-4
"""A quota of 7 is seven times 60/7 seconds, which is a little more than 60 in floating point."""
MAX_BUCKETS: Final = 100_000
REDIS_TIMEOUT_SECONDS: Final = 0.25
REDIS_CONNECT_SECONDS: Final = 1.0
"""Once a connection; TLS with certificates takes several turns."""
REDIS_PAUSE_SECONDS: Final = 5.0
"""After a failure Redis is left alone for a while: limiting must not slow down what it protects."""

LIMITED = Counter("ringi_gateway_limited_total", "Requests refused by a rate limit", ["policy"])
_log = get_logger("limits")


@dataclass(frozen=True, slots=True)
class Policy:
    """`quota` requests a minute; all of them may come at once."""

    name: str
    quota: int

    @property
    def interval(self) -> float:
        return WINDOW_SECONDS / self.quota


@dataclass(frozen=True, slots=True)
class Verdict:
    """`backlog`: seconds until the bucket is full again, had this request been let through."""

    policy: Policy
    backlog: float

    @property
    def allowed(self) -> bool:
        return self.backlog <= WINDOW_SECONDS + ROUNDING_SECONDS

    @property
    def retry_after(self) -> int:
        """Whole seconds until one more request would be let through."""
        next_backlog = self.backlog if not self.allowed else self.backlog + self.policy.interval
        return max(1, math.ceil(next_backlog - WINDOW_SECONDS - ROUNDING_SECONDS))

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """draft-ietf-httpapi-ratelimit-headers-10."""
        name, quota = self.policy.name, self.policy.quota
        remaining = max(0, math.floor((WINDOW_SECONDS + ROUNDING_SECONDS - self.backlog) / self.policy.interval))
        # With none left, what matters is when there is one again; else when all are.
        reset = math.ceil(min(self.backlog, WINDOW_SECONDS)) if remaining else self.retry_after
        return [
            (b"ratelimit-policy", f'"{name}";q={quota};w={WINDOW_SECONDS:.0f}'.encode()),
            (b"ratelimit", f'"{name}";r={remaining};t={reset}'.encode()),
        ]

    def enforce(self) -> None:
        """Raises TooManyRequests."""
        if not self.allowed:
            LIMITED.labels(self.policy.name).inc()
            raise TooManyRequests(self.retry_after)


def address_key(address: str | None) -> str:
    """Whose bucket a request from this address uses: IPv6 customers own a /64, and could ask from each part of it."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


class Buckets(Protocol):
    async def take(self, policy: Policy, key: str) -> Verdict: ...

    async def close(self) -> None: ...


class MemoryBuckets:
    """Of this process alone. Those that were not asked for longest are forgotten first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    async def take(self, policy: Policy, key: str) -> Verdict:
        now = self._clock()
        bucket = f"{policy.name}:{key}"
        full_at = max(now, self._full_at.get(bucket, now)) + policy.interval
        verdict = Verdict(policy, full_at - now)
        if verdict.allowed:
            self._full_at[bucket] = full_at
        if bucket in self._full_at:
            self._full_at.move_to_end(bucket)
        if len(self._full_at) > MAX_BUCKETS:
            self._full_at.popitem(last=False)
        return verdict

    async def close(self) -> None:
        """Nothing is held open."""


_TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local full_at = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now)) + tonumber(ARGV[1])
local backlog = full_at - now
if backlog <= tonumber(ARGV[2]) then
    redis.call('SET', KEYS[1], string.format('%.6f', full_at), 'PX', math.ceil(backlog * 1000))
end
return tostring(backlog)
"""


class RedisBuckets:
    """Shared by all gateways. While Redis is away each gateway counts for itself."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url, socket_timeout=REDIS_TIMEOUT_SECONDS, socket_connect_timeout=REDIS_CONNECT_SECONDS
        )
        self._script = self._redis.register_script(_TAKE)
        self._own = MemoryBuckets()
        self._away_until = 0.0

    async def take(self, policy: Policy, key: str) -> Verdict:
        if time.monotonic() >= self._away_until:
            try:
                backlog = await self._script(
                    keys=[f"ringi:limit:{policy.name}:{key}"], args=[policy.interval, WINDOW_SECONDS + ROUNDING_SECONDS]
                )
                return Verdict(policy, float(backlog))
            except (RedisError, OSError, TimeoutError) as error:
                _log.warning("Redis does not answer; limits are counted in this process", error=repr(error))
                self._away_until = time.monotonic() + REDIS_PAUSE_SECONDS
        return await self._own.take(policy, key)

    async def close(self) -> None:
        await self._redis.aclose()


def buckets_for(redis_url: str | None) -> Buckets:
    return MemoryBuckets() if redis_url is None else RedisBuckets(redis_url)
