"""A stand-in does not learn of it, or both go on believing in a proxy that has ended."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.contracts.events.proxy import ProxyChanged, ProxyEnded, ProxyFact, ProxyGiven
from services.kit.events.envelope import Envelope
from services.kit.running import clock
from tests.services.analytics.conftest import Consume, person
from tests.services.analytics.world import envelope
from tests.support.http import ServiceClient, TestIssuer

ABSENT, STAND_IN, SECOND, ADMIN = (uuid4() for _ in range(4))
PEOPLE = [
    person("approver", user_id=ABSENT, name="不在 一郎"),
    person("approver", user_id=STAND_IN, name="代理 二郎"),
    person("approver", user_id=SECOND, name="代理 三郎"),
    person("admin", user_id=ADMIN),
]
PROXY = uuid4()


def fact(event: type[ProxyFact], actor: UUID | None, **fields: Any) -> Envelope:
    payload = event(
        **{
            "proxy_id": PROXY,
            "from_id": ABSENT,
            "to_id": STAND_IN,
            "starts_at": datetime(2026, 12, 1, tzinfo=UTC),
            "ends_at": datetime(2026, 12, 4, 9, tzinfo=UTC),
            "takes_waiting": True,
            **fields,
        }
    )
    return envelope(payload, PROXY, None, clock.now(), actor_id=actor)


@pytest.fixture
def told(client: ServiceClient, issuer: TestIssuer) -> Any:
    async def items(user_id: UUID, locale: str = "ja") -> list[tuple[str, str, str]]:
        token = issuer.token(user_id, ["approver"])
        answer = await client.get("/notifications", token=token, headers={"Accept-Language": locale})
        assert answer.status == 200, answer.json
        return [(item["type"], item["title"], item["body"]) for item in answer.json["items"]]

    return items


async def test_a_stand_in_learns_for_whom_and_how_long(consume: Consume, told: Any) -> None:
    await consume([*PEOPLE, fact(ProxyGiven, ABSENT)])
    [notice] = await told(STAND_IN)
    assert notice == ("PROXY_GIVEN", "不在 一郎さんの代理人になりました", "2026-12-01 09:00 から 2026-12-04 18:00 まで")
    [english] = await told(STAND_IN, "en")
    assert english[1:] == ("You stand in for 不在 一郎", "From 2026-12-01 09:00 to 2026-12-04 18:00")
    assert await told(ABSENT) == []


async def test_what_a_proxy_leaves_out_is_said(consume: Consume, told: Any) -> None:
    await consume([*PEOPLE, fact(ProxyGiven, ADMIN, takes_waiting=False)])
    [(_, _, body)] = await told(STAND_IN)
    assert body.endswith("まで（開始後に届いた申請のみ）")


async def test_who_is_replaced_as_a_stand_in_and_who_replaces_them_both_learn_it(consume: Consume, told: Any) -> None:
    await consume([*PEOPLE, fact(ProxyGiven, ABSENT)])
    await consume([fact(ProxyChanged, ABSENT, to_id=SECOND, previous_to_id=STAND_IN)])
    assert [kind for kind, _, _ in await told(SECOND)] == ["PROXY_GIVEN"]
    newest, _first = await told(STAND_IN)
    assert newest[:2] == ("PROXY_ENDED", "不在 一郎さんの代理（代理 二郎さん）が終了しました")


async def test_another_period_is_told_to_the_same_stand_in(consume: Consume, told: Any) -> None:
    later = datetime(2026, 12, 9, tzinfo=UTC)
    await consume([*PEOPLE, fact(ProxyGiven, ABSENT)])
    await consume([fact(ProxyChanged, ABSENT, ends_at=later, previous_to_id=STAND_IN)])
    newest, _first = await told(STAND_IN)
    assert (newest[0], newest[2]) == ("PROXY_GIVEN", "2026-12-01 09:00 から 2026-12-09 09:00 まで")


@pytest.mark.parametrize(("actor", "learn"), [(ABSENT, [STAND_IN]), (STAND_IN, [ABSENT]), (ADMIN, [STAND_IN, ABSENT])])
async def test_an_end_is_told_to_everybody_but_who_ended_it(
    consume: Consume, told: Any, actor: UUID, learn: list[UUID]
) -> None:
    await consume([*PEOPLE, fact(ProxyEnded, actor)])
    for user_id in (ABSENT, STAND_IN, ADMIN):
        expected = ["PROXY_ENDED"] if user_id in learn else []
        assert [kind for kind, _, _ in await told(user_id)] == expected
