"""A cache must never be the reason for a wrong or a missing report."""

import time
from collections.abc import Iterator

import pytest

from services.analytics.reports.cache import ANSWER_SECONDS, MemoryCache, RedisCache, cache_for
from tests.services.analytics.conftest import Consume, consuming
from tests.services.analytics.test_report_endpoints import ADMIN, MID_JULY, PEOPLE, UNDER, active, created
from tests.support.http import StartService, TestIssuer
from tests.support.ports import free_port
from tests.support.redis import RedisServer, running_redis


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


async def test_the_memory_cache_keeps_what_was_used_last() -> None:
    cache = MemoryCache(size=2)
    await cache.put("a", b"1")
    await cache.put("b", b"2")
    assert await cache.get("a") == b"1"
    await cache.put("c", b"3")
    assert [await cache.get(key) for key in "abc"] == [b"1", None, b"3"]


async def test_an_old_answer_is_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = MemoryCache()
    await cache.put("a", b"1")
    later = time.monotonic() + ANSWER_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert await cache.get("a") is None


async def test_redis_shares_answers_between_processes_and_lets_them_go(redis: RedisServer) -> None:
    one, other = cache_for(redis.url), cache_for(redis.url)
    assert isinstance(one, RedisCache)
    await one.put("key", b"answer")
    assert await other.get("key") == b"answer"
    assert 0 < await one._redis.ttl("ringi:report:key") <= ANSWER_SECONDS
    await one.close()
    await other.close()


async def test_reports_go_on_without_redis(service_client: StartService, issuer: TestIssuer) -> None:
    client = await service_client("analytics", redis_url=f"redis://127.0.0.1:{free_port()}/0")
    assert await active(client, issuer.token(ADMIN, ["admin"])) == 0


async def test_an_answer_in_redis_is_not_used_after_an_event(
    service_client: StartService, issuer: TestIssuer, redis: RedisServer
) -> None:
    client = await service_client("analytics", redis_url=redis.url)
    consume: Consume = consuming(client)
    token = issuer.token(ADMIN, ["admin"])
    await consume([*PEOPLE, created(UNDER, MID_JULY)])
    assert [await active(client, token), await active(client, token)] == [1, 1]
    await consume([created(UNDER, MID_JULY)])
    assert await active(client, token) == 2
