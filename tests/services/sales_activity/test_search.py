"""A search that walks through everybody's tasks is slow for all; one that wants the same spelling finds nothing."""

from typing import Any
from uuid import uuid4

import pytest

from services.contracts.permissions import Scope
from services.kit.running import clock
from services.sales_activity.access import Viewer
from services.sales_activity.repository import meetings, tasks
from tests.services.sales_activity.world import SYSTEM, World, period
from tests.support.postgres import execute_as_owner

MANY = 4_000
PEOPLE = 200


@pytest.mark.parametrize(
    ("written", "looked_for"),
    [
        ("髙﨑様へ目論見書", "高崎"),
        ("ﾌｧﾝﾄﾞの説明", "ふぁんど"),
        ("ＮＩＳＡ 口座", "nisa"),
        ("林様", "林"),
        ("100% 元本保証ではない", "100%"),
        ("面談_記録", "談_記"),
    ],
)
async def test_texts_are_found_however_they_are_spelled(world: World, written: str, looked_for: str) -> None:
    rep = await world.person("rep")
    customer = await world.customer(rep)
    task = await world.task(rep, title="連絡", description=written)
    meeting = await world.meeting(rep, customer, agenda=written, **period())
    await world.task(rep, title="無関係")
    for path, wanted in (("/tasks", task), ("/meetings", meeting)):
        answer = await world.client.get(path, token=rep.token, params={"q": looked_for})
        assert [item["id"] for item in answer.json["items"]] == [wanted["id"]], path
        nothing = await world.client.get(path, token=rep.token, params={"q": f"{looked_for}不在"})
        assert nothing.json["items"] == []


class Explaining:
    """A reader that keeps the plan of what it is asked instead of asking."""

    def __init__(self, world: World) -> None:
        self._world, self.plan = world, ""

    async def all(self, statement: str, params: Any) -> list[Any]:
        rows = await self._world.rows(f"EXPLAIN {statement}", params)
        self.plan = "\n".join(row["QUERY PLAN"] for row in rows)
        return []


async def plan_of(world: World, table: str, viewer: Viewer, **filters: Any) -> str:
    reader, common = Explaining(world), {"descending": False, "after": None, "limit": 50}
    if table == "tasks":
        await tasks.listed(
            reader,  # type: ignore[arg-type]
            viewer,
            filters=filters,
            overdue=None,
            by_due_date=True,
            now=clock.now(),
            **common,
        )
    else:
        await meetings.listed(reader, viewer, filters=filters, by_start=True, **common)  # type: ignore[arg-type]
    return reader.plan


async def test_searches_and_the_lists_of_a_rep_with_few_rows_use_an_index(world: World) -> None:
    async with world.db.transaction(SYSTEM) as uow:
        await uow.execute("SET LOCAL statement_timeout = 0")
        people = [uuid4() for _ in range(PEOPLE)]
        common = (
            " SELECT gen_random_uuid(), (%(people)s::uuid[])[1 + mod(n, %(count)s)], '連絡 ' || md5(n::text), {more},"
            " 1, 1, now(), now() FROM generate_series(1, %(many)s) AS n"
        )
        params = {"people": people, "count": PEOPLE, "many": MANY}
        columns = "id, user_id, title, {more}, version, event_version, created_at, updated_at"
        await uow.execute(
            f"INSERT INTO tasks ({columns.format(more='priority, state, due_date')})"
            + common.format(more="'NORMAL', 'OPEN', now() + n * interval '1 minute'"),
            params,
        )
        await uow.execute(
            f"INSERT INTO meetings ({columns.format(more='customer_id, state, starts_at, ends_at')})"
            + common.format(
                more="gen_random_uuid(), 'PLANNED', now() + n * interval '1 minute',"
                " now() + (n + 9) * interval '1 minute'"
            ),
            params,
        )
    execute_as_owner(world.db.url, "ANALYZE tasks, meetings")
    everyone, own = Viewer(people[0], Scope.ALL), Viewer(people[0], Scope.OWN)
    for table in ("tasks", "meetings"):
        searched = await plan_of(world, table, everyone, q="3f9c")
        assert f"{table}_search" in searched, searched
        for plan in (await plan_of(world, table, own), await plan_of(world, table, own, q="3f9c")):
            assert f"{table}_by_user" in plan, plan
