"""The live stream of requests: whoever may read one is told that it changed, and nobody else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

import orjson
import pytest

from services.contracts.permissions import permissions_of
from services.kit.db.database import OUTBOX_CHANNEL
from services.kit.errors import Unauthorized
from services.kit.http import live as streams
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal
from services.opportunity.service import news
from services.opportunity.service.news import NewsHub
from tests.services.opportunity.test_absences import away
from tests.services.opportunity.world import SYSTEM, Person, World, stage
from tests.support.http import new_key

PATIENCE = 30.0
News = dict[str, Any]
_SAID_AGAIN = (
    "INSERT INTO outbox (created_at, event_id, event_type, schema_version, topic, aggregate_id, data)"
    " SELECT now(), gen_random_uuid(), 'approval.due', 1, topic, aggregate_id, data FROM outbox WHERE aggregate_id = %s"
)
Next = Callable[[], Awaitable[News | None]]


@pytest.fixture
async def hub(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[NewsHub]:
    monkeypatch.setattr(news, "PAUSE_SECONDS", 0.01)
    running = NewsHub(world.db)
    await running.look()
    async with running.running():
        yield running


async def allowed() -> None:
    """The caller's token is still good."""


def principal(person: Person, *roles: str) -> Principal:
    return Principal.signed_out(person.id, frozenset(roles), permissions_of(roles))


@asynccontextmanager
async def listening(
    world: World, hub: NewsHub, person: Person, *roles: str, check: Any = allowed
) -> AsyncIterator[Next]:
    """``await next()``: the next message of the person's stream; None when it has ended."""
    async with aclosing(news.events(world.db, hub, principal(person, *roles), check)) as chunks:

        async def following() -> News | None:
            async with asyncio.timeout(PATIENCE):
                async for chunk in chunks:
                    for line in chunk.decode().splitlines():
                        if line.startswith("data: "):
                            return orjson.loads(line.removeprefix("data: "))
            return None

        assert await anext(chunks) == streams.RETRY
        yield following


async def test_all_who_may_read_a_request_are_told_of_it_whatever_their_part_is(world: World, hub: NewsHub) -> None:
    manager = await world.person("manager")
    rep = await world.person("rep", manager=manager)
    named, absent, stand_in, auditor = [await world.person(role) for role in ("approver",) * 3 + ("auditor",)]
    stranger, viewer = await world.person("approver"), await world.person("rep")
    await away(world, absent, stand_in)
    people = [
        (rep, "rep"),
        (manager, "manager"),
        (named, "approver"),
        (absent, "approver"),
        (stand_in, "approver"),
        (auditor, "auditor"),
        (viewer, "rep"),
        (stranger, "approver"),
    ]
    async with AsyncExitStack() as stack:
        open_ = [(who, await stack.enter_async_context(listening(world, hub, who, role))) for who, role in people]
        stages = [stage("承認", named, absent, viewerIds=[viewer.id])]
        request = await world.request(rep, stages=stages)
        for _who, following in open_[:-1]:
            assert await following() == {"ids": [request["id"]], "others": False}
        other = await world.request(await world.person("rep"), stranger)
        assert await open_[-1][1]() == {"ids": [other["id"]], "others": False}, "of the first nothing was told"


async def test_whoever_is_to_read_it_later_is_told_nothing_yet(world: World, hub: NewsHub) -> None:
    rep, first, second = await world.person("rep"), await world.person("approver"), await world.person("approver")
    later = await world.person("rep")
    async with listening(world, hub, later, "rep") as following:
        await world.request(rep, stages=[stage("一次", first), stage("二次", second, viewerIds=[later.id])])
        shown = await world.request(rep, stages=[stage("一次", first, viewerIds=[later.id])])
        assert await following() == {"ids": [shown["id"]], "others": False}


async def test_a_draft_is_nobodys_but_its_owners_and_their_managers(world: World, hub: NewsHub) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    async with listening(world, hub, rep, "rep") as mine, listening(world, hub, approver, "approver") as theirs:
        draft = await world.request(rep, stages=[stage("承認", approver)], draft=True)
        assert await mine() == {"ids": [draft["id"]], "others": False}
        submitted = await world.act(rep, draft, "submit")
        assert submitted.status == 200, submitted.json
        assert await theirs() == {"ids": [draft["id"]], "others": False}


async def test_whoever_loses_sight_of_a_request_has_to_look_again_and_is_told_no_more(
    world: World, hub: NewsHub
) -> None:
    rep, consulted = await world.person("rep"), await world.person("approver")
    draft = await world.request(rep, stages=[stage("承認", await world.person("approver"))], draft=True)
    path = f"/approvals/{draft['id']}/consultations"
    async with listening(world, hub, consulted, "approver") as following:
        asked = await world.client.post(path, {"userIds": [str(consulted.id)]}, token=rep.token, key=new_key())
        assert asked.status == 200, asked.json
        assert await following() == {"ids": [draft["id"]], "others": False}
        ended = await world.client.delete(f"{path}/{consulted.id}", token=rep.token)
        assert ended.status == 200, ended.json
        assert await following() == {"ids": [], "others": True}


async def test_a_stand_in_looks_again_when_the_time_begins_and_when_it_ends(world: World, hub: NewsHub) -> None:
    absent, stand_in = await world.person("approver"), await world.person("approver")
    async with listening(world, hub, stand_in, "approver") as following:
        proxy = (await away(world, absent, stand_in)).json
        assert await following() == {"ids": [], "others": True}
        ended = await world.client.delete(f"/proxies/{proxy['id']}", token=absent.token)
        assert ended.status in (200, 204), ended.json
        assert await following() == {"ids": [], "others": True}


async def test_what_is_committed_later_under_a_lower_number_is_told_too(world: World, hub: NewsHub) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    async with listening(world, hub, approver, "approver") as following:
        slow = await world.request(rep, approver)
        assert await following() == {"ids": [slow["id"]], "others": False}
        async with world.db.transaction(SYSTEM) as uow:
            await uow.execute(_SAID_AGAIN, [slow["id"]])
            uow.wakes.add(OUTBOX_CHANNEL)
            quick = await world.request(rep, approver)
            assert await following() == {"ids": [quick["id"]], "others": False}
        assert await following() == {"ids": [slow["id"]], "others": False}


async def test_the_stream_ends_with_its_token_and_with_the_server(world: World, hub: NewsHub) -> None:
    approver = await world.person("approver")
    revoked = asyncio.Event()

    async def check() -> None:
        if revoked.is_set():
            raise Unauthorized

    async with (
        listening(world, hub, approver, "approver", check=check) as ending,
        listening(world, hub, approver, "approver") as stopping,
    ):
        revoked.set()
        hub.wake(approver.id)
        assert await ending() is None
        hub.end_streams()
        assert await stopping() is None


async def test_operators_follow_no_requests(world: World) -> None:
    ops = await world.person("ops")
    assert (await world.client.get("/approvals/stream", token=ops.token)).status == 403


async def test_events_name_who_stands_in_and_can_decide(world: World) -> None:
    rep, absent, stand_in = await world.person("rep"), await world.person("approver"), await world.person("approver")
    own_place, no_right = await world.person("approver"), await world.person("rep")
    for one in (stand_in, own_place, no_right):
        await away_as_rows(world, absent, one)
    request = await world.request(rep, stages=[stage("承認", absent, own_place)])
    [row] = await world.rows(
        "SELECT data FROM outbox WHERE aggregate_id = %s AND event_type = 'approval.requested'", [request["id"]]
    )
    assert row["data"]["standIns"] == [{"userId": str(stand_in.id), "forId": str(absent.id)}]


async def away_as_rows(world: World, absent: Person, stand_in: Person) -> None:
    """Past the check of the API that a stand-in may decide: that right can be lost later."""
    async with world.db.transaction(SYSTEM) as uow:
        await uow.execute(
            "INSERT INTO approval_proxies (id, from_id, to_id, starts_at, ends_at, version, created_at, updated_at)"
            " VALUES (%s, %s, %s, '2020-01-01', '2099-01-01', 1, now(), now())",
            [new_id(), absent.id, stand_in.id],
        )
