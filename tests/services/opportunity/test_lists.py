"""Lists and searches among many requests: found whichever way it is written, and read from indexes."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.kit.db.unit_of_work import Reader
from services.kit.running.ids import new_id
from services.opportunity.access import SEEN_THROUGH, View
from services.opportunity.repository import lists
from tests.services.opportunity.world import Person, World
from tests.support.postgres import execute_as_owner

MANY = 6_000
PORTION = 1_000


async def _found(world: World, by: Person, **params: Any) -> list[str]:
    answer = await world.client.get("/approvals", token=by.token, params=params | {"sort": "createdAt"})
    assert answer.status == 200, answer.json
    return [item["title"] for item in answer.json["items"]]


async def test_a_search_finds_number_title_and_customer_however_they_are_written(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    customer_id = await world.customer(rep)
    async with world.db.transaction(world.system) as uow:
        await uow.execute("UPDATE customer_copies SET name = '髙﨑 林'")
    first = await world.request(rep, approver, title="手数料ノ減額　２０％", customerId=customer_id)
    await world.request(rep, approver, title="邊見様の件")
    assert await _found(world, rep, q="高崎") == await _found(world, rep, q="林") == [first["title"]]
    assert await _found(world, rep, q=first["number"].lower()) == [first["title"]]
    assert await _found(world, rep, q="てすうりょう") == []
    assert await _found(world, rep, q="手数料の") == [first["title"]]
    assert await _found(world, rep, q="高崎　減額") == [first["title"]]
    assert await _found(world, rep, q="高崎 辺見") == []
    assert await _found(world, rep, q="辺見") == ["邊見様の件"]
    assert await _found(world, rep, q="%") == [first["title"]]
    assert await _found(world, rep, q="_") == await _found(world, rep, q="-") == []
    hidden = await world.client.get("/approvals", token=rep.token, params={"q": "\u200b"})
    assert hidden.status == 422


async def test_pages_show_each_visible_request_once_whatever_parts_one_has_in_it(world: World) -> None:
    manager = await world.person("manager", "approver")
    rep = await world.person("rep", manager=manager)
    other, approver = await world.person("rep"), await world.person("approver")
    mine = []
    for number in range(6):
        stage = {"name": "承認", "approverIds": [approver.id], "viewerIds": [manager.id], "escalateTo": manager.id}
        mine.append((await world.request(rep, title=f"申請{number}", stages=[stage, stage]))["id"])
        await world.request(other, approver, title="他人の申請")
    for person in (rep, manager):
        seen: list[str] = []
        params: dict[str, Any] = {"limit": 2}
        while True:
            answer = (await world.client.get("/approvals", token=person.token, params=params)).json
            seen += [item["id"] for item in answer["items"]]
            if answer["nextCursor"] is None:
                break
            params["cursor"] = answer["nextCursor"]
        assert seen == mine[::-1], person.name


@pytest.fixture
async def crowd(world: World) -> UUID:
    """Thousands of requests of 100 people; returns somebody with two old ones."""
    few = new_id()
    async with world.db.transaction(world.system) as uow:
        await uow.execute(
            "INSERT INTO customer_copies (id, name, kind, state, aggregate_version) SELECT gen_random_uuid(),"
            " chr(19968 + i % 97) || chr(20100 + i % 89), 'INDIVIDUAL', 'ACTIVE', 1 FROM generate_series(1, 8000) AS i"
        )
    for start in range(0, MANY, PORTION):
        async with world.db.transaction(world.system) as uow:
            await uow.execute(
                "INSERT INTO approvals (id, number, requester_id, owner_id, kind, title, description, currency, state,"
                " generation, revision, stage, stages, approved_by, flags, history_length, history_head, version,"
                " event_version, created_at, updated_at)"
                " SELECT gen_random_uuid(), 'RNG-2026-' || lpad(i::text, 6, '0'), who, who, 'FEE_DISCOUNT',"
                " chr(19968 + mod(i, 97)) || chr(20100 + mod(i, 89)) || '減額', '', 'JPY', 'PENDING', 1, 1, 0, '[]',"
                " '{}', '{}', 0, '', 1, 1, timestamptz '2026-01-01' + make_interval(secs => i), now()"
                " FROM generate_series(%(start)s::int, %(end)s::int) AS i, LATERAL (SELECT CASE WHEN i < 2 THEN %(few)s"
                " ELSE ('00000000-0000-0000-0000-' || lpad(mod(i, 100)::text, 12, '0'))::uuid END) AS t (who)",
                {"start": start, "end": start + PORTION - 1, "few": few},
            )
    async with world.db.transaction(world.system) as uow:
        await uow.execute(
            "INSERT INTO approval_participants (user_id, approval_id, relation, created_at)"
            " SELECT owner_id, id, relation, created_at FROM approvals, unnest('{REQUESTER,OWNER}'::text[]) AS relation"
        )
    execute_as_owner(world.db.url, "ANALYZE approvals, approval_participants, customer_copies")
    return few


async def _plan(world: World, view: View, **filters: Any) -> str:
    """What PostgreSQL would do for this list, with the statement that the service sends."""
    captured: list[tuple[Any, Any]] = []

    class Capture(Reader):
        async def all(self, statement: Any, params: Any = ()) -> list[Any]:
            captured.append((statement, params))
            return []

    async with world.db.reader() as reader:
        await lists.page(
            Capture(reader._connection),
            seen_through=None if view.sees_all else (SEEN_THROUGH, view.people),
            params=view.params,
            filters=filters,
            descending=True,
            after=None,
            limit=51,
        )
        [(statement, params)] = captured
        rows = await reader.all("EXPLAIN " + statement, params)
    return "\n".join(row["QUERY PLAN"] for row in rows)


async def test_somebody_with_few_requests_does_not_read_those_of_all(world: World, crowd: UUID) -> None:
    own = View(crowd, sees_all=False, team=[crowd], proxy_for=frozenset())
    for filters in ({}, {"state": "PENDING"}, {"q": "減額"}):
        plan = await _plan(world, own, **filters)
        assert "approval_participants_by_time" in plan, plan
        assert "Seq Scan on approvals" not in plan, plan
        assert "Seq Scan on approval_participants" not in plan, plan


async def test_a_search_among_all_uses_the_index_of_grams(world: World, crowd: UUID) -> None:
    everyone = View(crowd, sees_all=True, team=[crowd], proxy_for=frozenset())
    for q in ("鈴木商事", "RNG-2026-004711", "一丄"):
        plan = await _plan(world, everyone, q=q)
        assert "Bitmap Index Scan on approvals_search" in plan, plan
        assert "Seq Scan on approvals" not in plan, plan
    assert "Bitmap Index Scan on customer_copies_search" in await _plan(world, everyone, q="鈴木")
    assert "approvals_created" in await _plan(world, everyone)


async def _titles(world: World, by: Person, address: str, **params: Any) -> list[str]:
    answer = await world.client.get(address, token=by.token, params=params)
    assert answer.status == 200, answer.json
    return sorted(item["title"] for item in answer.json["items"])


@pytest.mark.parametrize("address", ["/approvals/pending", "/approvals"])
async def test_the_inbox_and_every_list_can_be_narrowed_alike(world: World, address: str) -> None:
    rep, other, approver = await world.person("rep"), await world.person("rep"), await world.person("approver")
    elderly = await world.customer(rep, born=date(1940, 1, 1))
    await world.request(rep, approver, title="小口", amount=10_000, kind="EXPENSE")
    due = {"name": "承認", "approverIds": [approver.id], "deadlineHours": 24}
    await world.request(rep, title="大口", amount=9_000_000, customerId=elderly, stages=[due])
    await world.request(other, approver, title="外貨", amount=9_000_000, currency="USD", kind="OTHER")
    await world.request(other, approver, title="金額なし", kind="OTHER")

    async def found(**params: Any) -> list[str]:
        return await _titles(world, approver, address, **params)

    assert await found(kind="EXPENSE") == ["小口"]
    assert await found(customerId=elderly) == await found(flagged="true") == await found(flag="SENIOR_75") == ["大口"]
    assert await found(flagged="false") == sorted(["小口", "外貨", "金額なし"])
    assert await found(requesterId=other.id) == sorted(["外貨", "金額なし"])
    assert await found(minAmount=10_000) == sorted(["小口", "大口"])
    assert await found(minAmount=10_001, maxAmount=9_000_000) == ["大口"]
    assert await found(currency="USD", minAmount=9_000_000) == ["外貨"]
    assert await found(q="大") == ["大口"]
    assert await found(dueBefore="2000-01-01") == []
    assert await found(dueBefore="2999-01-01") == ["大口"]
    refused = await world.client.get(address, token=approver.token, params={"minAmount": "1e3"})
    assert refused.status == 422
