"""Rate limits that several gateways share by Redis."""

from collections.abc import Iterator

import pytest

from api import limits
from services.kit.running.ids import new_id
from tests.api.conftest import OpenEdge
from tests.support.redis import RedisServer, running_redis


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


async def test_two_gateways_share_one_quota(open_edge: OpenEdge, redis: RedisServer) -> None:
    gateways = [await open_edge(rate_limit_user=6, redis_url=redis.url) for _ in range(2)]
    user = new_id()
    statuses = []
    for turn in range(8):
        edge = gateways[turn % 2]
        statuses.append((await edge.get("/api/v1/customers", token=edge.token(user_id=user))).status)
    assert statuses == [200] * 6 + [429] * 2


async def test_without_redis_each_gateway_counts_for_itself_and_finds_back(
    open_edge: OpenEdge, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REDIS_PAUSE_SECONDS", 0.0)
    edge = await open_edge(rate_limit_user=6, redis_url=redis.url)
    redis.kill()
    user = new_id()
    answers = [await edge.get("/api/v1/customers", token=edge.token(user_id=user)) for _ in range(8)]
    assert [answer.status for answer in answers] == [200] * 6 + [429] * 2
    redis.start()
    # The new Redis knows of nothing yet, so the user may ask again: that it answers 200 shows that it is asked.
    assert (await edge.get("/api/v1/customers", token=edge.token(user_id=user))).status == 200
