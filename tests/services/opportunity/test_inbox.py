"""Saved views, and requests that somebody sets aside for a while: theirs alone, and never lost."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from services.kit.running import clock
from services.opportunity.service.inbox import LONGEST_SNOOZE, MOST_VIEWS
from tests.services.opportunity.world import SYSTEM, Person, World, plain, stage
from tests.support.http import Answer, new_key

VIEWS = "/approvals/views"
FILTER = {"tab": "MINE", "q": "手数料", "kind": "FEE_DISCOUNT", "flagged": True, "due": "WEEK"}
FILTER |= {"minAmount": 1_200_000, "currency": "USD"}


async def save(world: World, by: Person, name: str = "大口", **more: Any) -> Answer:
    body = {"name": name, "filter": FILTER} | more
    return await world.client.post(VIEWS, body, token=by.token, key=new_key())


async def views(world: World, by: Person) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await world.client.get(VIEWS, token=by.token)).json["items"]
    return items


async def test_a_view_is_kept_for_one_person_and_comes_back_as_it_was_saved(world: World) -> None:
    me, other = await world.person("approver"), await world.person("approver")
    saved = await save(world, me)
    assert saved.status == 201, saved.json
    [mine] = await views(world, me)
    assert (mine["name"], mine["filter"], mine["isDefault"]) == ("大口", FILTER, False)
    assert await views(world, other) == []
    path = f"{VIEWS}/{mine['id']}"
    body = {"name": "大口（全件）", "filter": {"tab": "ALL"}}
    assert (await world.client.put(path, body, token=me.token)).status == 428
    stale = await world.client.put(path, body, token=me.token, headers={"If-Match": '"9"'})
    assert (stale.status, stale.json["currentVersion"]) == (412, 1)
    assert (await world.client.put(path, body, token=other.token, headers={"If-Match": '"1"'})).status == 404
    changed = await world.client.put(path, body, token=me.token, headers={"If-Match": '"1"'})
    assert (changed.json["filter"], changed.json["version"]) == ({"tab": "ALL"}, 2)
    assert (await save(world, me, "意見", filter={"tab": "OPINIONS"})).status == 201
    assert (await world.client.delete(path, token=other.token)).status == 404
    assert (await world.client.delete(path, token=me.token)).status == 204
    assert [view["name"] for view in await views(world, me)] == ["意見"]


async def test_one_view_at_most_is_the_default_whoever_saves_at_once(world: World) -> None:
    me = await world.person("approver")
    answers = await asyncio.gather(*(save(world, me, f"ビュー{n}", isDefault=True) for n in range(5)))
    assert {answer.status for answer in answers} == {201}
    assert [view["isDefault"] for view in await views(world, me)].count(True) == 1


async def test_names_are_taken_as_searches_take_them_and_views_have_a_bound(world: World) -> None:
    me = await world.person("approver")
    assert (await save(world, me, "ＡＢＣ")).status == 201
    twin = await save(world, me, " abc ")
    assert (twin.status, twin.json["errors"][0]["code"]) == (422, "name_taken")
    for name in ("", "\u200b", "長" * 41, "a\0b"):
        assert (await save(world, me, name)).status == 422, name
    for strange in ({"tab": "NONE"}, {"q": "x" * 5000}, {"minAmount": -1}, {"unknown": 1}, {"sort": "name"}):
        assert (await save(world, me, "別", filter=strange)).status == 422, strange
    for number in range(MOST_VIEWS - 1):
        assert (await save(world, me, f"ビュー{number}")).status == 201
    full = await save(world, me, "もうひとつ")
    assert (full.status, full.json["code"]) == (409, "too_many_views")


# Snoozes --------------------------------------------------------------------------------------------


async def snooze(world: World, by: Person, request: dict[str, Any], until: datetime) -> Answer:
    return await world.client.put(f"/approvals/{request['id']}/snooze", plain({"until": until}), token=by.token)


async def set_aside(world: World, by: Person, request: dict[str, Any], days: int = 7) -> None:
    answer = await snooze(world, by, request, clock.now() + timedelta(days=days))
    assert answer.status == 200, answer.json


async def snoozed(world: World, by: Person) -> list[str]:
    answer = await world.client.get("/approvals/pending?snoozed=true", token=by.token)
    return [item["number"] for item in answer.json["items"]]


async def counted(world: World, by: Person) -> tuple[int, int]:
    counts = (await world.client.get("/approvals/counts", token=by.token)).json
    return counts["waiting"], counts["snoozed"]


async def test_what_is_set_aside_leaves_ones_own_inbox_alone_until_its_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rep, me, other = await world.person("rep"), await world.person("approver"), await world.person("approver")
    aside, kept = await world.request(rep, me, other), await world.request(rep, me, other)
    await set_aside(world, me, aside)
    assert (await world.inbox(me), await snoozed(world, me)) == ([kept["number"]], [aside["number"]])
    assert (await counted(world, me), await counted(world, other)) == ((1, 1), (2, 0))
    assert len(await world.inbox(other)) == 2
    [item] = (await world.client.get("/approvals/pending?snoozed=true", token=me.token)).json["items"]
    assert datetime.fromisoformat(item["snoozedUntil"]) > clock.now()
    later = clock.now() + timedelta(days=7, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    me = world.renewed(me, "approver")
    assert (sorted(await world.inbox(me)), await snoozed(world, me)) == (sorted([aside["number"], kept["number"]]), [])


async def test_it_comes_back_when_anything_happens_to_it_and_when_it_is_taken_back(live: World) -> None:
    rep, me, other = await live.person("rep"), await live.person("approver"), await live.person("approver")
    nudged, voted = await live.request(rep, me), await live.request(rep, stages=[stage("合議", me, other, mode="ALL")])
    returned, woken = await live.request(rep, me, other), await live.request(rep, me)
    made = [nudged, voted, returned, woken]
    for request in made:
        await set_aside(live, me, request)
    assert await live.inbox(me) == []
    assert (await live.act(rep, nudged, "nudge")).status == 200
    assert (await live.act(other, voted, "approve")).status == 200
    assert (await live.act(other, returned, "return", comment="不足")).status == 200
    assert (await live.act(rep, returned, "resubmit")).status == 200
    for _ in range(2):
        assert (await live.client.delete(f"/approvals/{woken['id']}/snooze", token=me.token)).status == 204
    assert sorted(await live.inbox(me)) == sorted(request["number"] for request in made)
    assert await snoozed(live, me) == []


async def test_it_comes_back_a_day_before_its_deadline_and_is_not_set_aside_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rep, me = await world.person("rep"), await world.person("approver")
    request = await world.request(rep, stages=[stage("承認", me, deadlineHours=72)])
    answer = await snooze(world, me, request, clock.now() + timedelta(days=10))
    deadline = datetime.fromisoformat(request["deadlineAt"])
    assert datetime.fromisoformat(answer.json["wakesAt"]) == deadline - timedelta(days=1)
    near = deadline - timedelta(hours=23)
    monkeypatch.setattr(clock, "now", lambda: near)
    me = world.renewed(me, "approver")
    assert await world.inbox(me) == [request["number"]]
    again = await snooze(world, me, request, near + timedelta(hours=2))
    assert (again.status, again.json["code"]) == (409, "deadline_near")


async def test_only_what_waits_for_one_is_set_aside_and_not_for_ever(world: World) -> None:
    rep, me, other = await world.person("rep"), await world.person("approver"), await world.person("approver")
    request = await world.request(rep, me)
    now = clock.now()
    for until in (now - timedelta(minutes=1), now + LONGEST_SNOOZE + timedelta(hours=1)):
        assert (await snooze(world, me, request, until)).status == 422
    tomorrow = now + timedelta(days=1)
    assert (await snooze(world, other, request, tomorrow)).status == 404
    assert (await snooze(world, rep, request, tomorrow)).status == 403
    manager = await world.person("manager")
    own = await world.request(manager, me)
    assert (await snooze(world, manager, own, tomorrow)).status == 409, "one's own request waits for others"
    assert (await snooze(world, me, request, tomorrow)).status == 200
    audited = await world.rows("SELECT actor_id FROM audit_entries WHERE action = 'approval.snooze'")
    assert [row["actor_id"] for row in audited] == [me.id]


async def test_a_snooze_of_the_absent_hides_nothing_from_their_proxy(world: World) -> None:
    rep, me, proxy = await world.person("rep"), await world.person("approver"), await world.person("approver")
    request = await world.request(rep, me)
    await set_aside(world, me, request)
    period = {"startsAt": clock.now() - timedelta(hours=1), "endsAt": clock.now() + timedelta(days=1)}
    given = await world.client.post("/proxies", plain({"toId": proxy.id, **period}), token=me.token, key=new_key())
    assert given.status == 201, given.json
    assert (await world.inbox(me), await world.inbox(proxy)) == ([], [request["number"]])


async def test_snoozes_that_are_over_are_forgotten(live: World) -> None:
    rep, me = await live.person("rep"), await live.person("approver")
    over, runs = await live.request(rep, me), await live.request(rep, me)
    for request in (over, runs):
        await set_aside(live, me, request)
    async with live.db.transaction(live.system) as uow:
        await uow.execute("UPDATE inbox_snoozes SET until = now() WHERE approval_id = %s", [over["id"]])
    await live.reconcile()
    assert [str(row["approval_id"]) for row in await live.rows("SELECT approval_id FROM inbox_snoozes")] == [runs["id"]]


async def test_what_waits_for_an_opinion_can_be_set_aside_until_it_is_given(live: World) -> None:
    rep, me, expert = await live.person("rep"), await live.person("approver"), await live.person("rep")
    request = await live.request(rep, me)
    assert (await live.act(me, request, "ask-opinion", userId=expert.id, question="前例は")).status == 200
    assert (await snooze(live, me, request, clock.now() + timedelta(days=3))).status == 200
    assert await snoozed(live, me) == [request["number"]]
    assert (await live.act(expert, request, "give-opinion", opinion="あります")).status == 200
    assert (await live.inbox(me), await snoozed(live, me)) == ([request["number"]], [])


async def test_what_waits_is_sorted_by_its_amount_within_each_currency_page_by_page(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    amounts = [(5_000, "JPY"), (90_000, "USD"), (None, "JPY"), (7_000, "JPY"), (10_000, "EUR"), (7_000, "JPY")]
    for amount, currency in amounts:
        await world.request(rep, approver, amount=amount, currency=currency, kind="OTHER")
    seen: list[tuple[int | None, str]] = []
    cursor: str | None = ""
    while cursor is not None:
        params = {"sort": "-amount", "limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = await world.client.get("/approvals/pending", token=approver.token, params=params)
        assert answer.status == 200, answer.json
        seen += [(item["amount"], item["currency"]) for item in answer.json["items"]]
        assert not any("sortKey0" in item for item in answer.json["items"])
        cursor = answer.json["nextCursor"]
    yen = [(7_000, "JPY"), (7_000, "JPY"), (5_000, "JPY"), (None, "JPY")]
    assert seen == [*yen, (10_000, "EUR"), (90_000, "USD")]


async def test_a_flag_names_where_the_other_request_is_to_those_who_may_open_it(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    earlier = await world.request(await world.person("rep"), await world.person("approver"))
    request = await world.request(rep, approver)
    ground = {"AMOUNT_RISE": {"number": earlier["number"], "amount": 1, "currency": "JPY"}}
    async with world.db.transaction(SYSTEM) as uow:
        await uow.execute("UPDATE approvals SET flag_grounds = %s WHERE id = %s", [Jsonb(ground), request["id"]])
    auditor = await world.person("auditor")
    for person, opens in ((approver, None), (auditor, earlier["id"])):
        [shown] = (await world.get(person, request))["flagGrounds"].values()
        assert (shown["number"], shown.get("approvalId")) == (earlier["number"], opens)
