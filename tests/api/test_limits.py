"""Rate limits: who asks too much is told when to come back."""

from hypothesis import given
from hypothesis import strategies as st

from api.limits import WINDOW_SECONDS, MemoryBuckets, Policy
from services.kit.running.ids import new_id
from tests.api.conftest import OpenEdge


async def test_a_user_above_the_quota_is_429_and_others_are_not(open_edge: OpenEdge) -> None:
    edge = await open_edge(rate_limit_user=5)
    user = new_id()
    answers = [await edge.get("/api/v1/customers", token=edge.token(user_id=user)) for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert answers[0].headers["RateLimit-Policy"] == '"user";q=5;w=60'
    assert answers[0].headers["RateLimit"].startswith('"user";r=4;t=')
    refused = answers[-1]
    assert 1 <= int(refused.headers["Retry-After"]) <= 12
    assert refused.headers["RateLimit"].startswith('"user";r=0;')
    assert (refused.json["code"], refused.json["status"]) == ("too_many_requests", 429)
    assert (await edge.get("/api/v1/customers", token=edge.token(user_id=new_id()))).status == 200


async def test_sign_ins_are_limited_more_strictly(open_edge: OpenEdge) -> None:
    edge = await open_edge(rate_limit_login=2)
    answers = [await edge.ask("POST", "/api/v1/auth/login", token=None, data=b"{}") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert (await edge.get("/api/v1/customers")).status == 200


async def test_decoding_payloads_has_a_quota_of_its_own(open_edge: OpenEdge) -> None:
    edge = await open_edge(rate_limit_decode=2)
    user = new_id()

    async def decode() -> int:
        path = "/api/v1/auth/temporal/decode"
        return (await edge.ask("POST", path, token=edge.token(user_id=user), data=b"{}")).status

    assert [await decode() for _ in range(3)] == [200, 200, 429]
    assert (await edge.get("/api/v1/customers", token=edge.token(user_id=user))).status == 200


async def test_callers_without_a_token_are_limited_by_their_address(open_edge: OpenEdge) -> None:
    edge = await open_edge(rate_limit_address=20)
    statuses = [(await edge.get("/api/v1/customers", token=None)).status for _ in range(25)]
    assert statuses[0] == 401
    assert statuses[-1] == 429


@given(st.integers(1, 50), st.lists(st.floats(0, 30), max_size=80))
async def test_no_minute_lets_more_than_twice_the_quota_through(quota: int, pauses: list[float]) -> None:
    """A full bucket at once, and what drips in during the minute."""
    now = 0.0
    buckets = MemoryBuckets(lambda: now)
    allowed = []
    for pause in pauses:
        now += pause
        if (await buckets.take(Policy("user", quota), "a")).allowed:
            allowed.append(now)
    for start in allowed:
        assert sum(start <= moment < start + WINDOW_SECONDS for moment in allowed) <= 2 * quota
    now += WINDOW_SECONDS
    verdict = await buckets.take(Policy("user", quota), "a")
    assert verdict.allowed
    assert f"r={quota - 1};".encode() in verdict.headers[1][1]
