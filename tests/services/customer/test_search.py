"""A customer is found by what one remembers of it, quickly, and lists lose and repeat nobody."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from services.contracts.permissions import Scope
from services.customer.access import Viewer
from services.customer.repository import reading
from services.customer.schemas import CustomerFilters, CustomerSort
from services.kit.db import migrations
from services.kit.db.unit_of_work import Reader
from services.kit.running.context import ActorContext
from services.kit.text.folding import fold
from tests.services.customer.conftest import Team
from tests.support.postgres import PostgresServer, execute_as_owner

PEOPLE: list[dict[str, Any]] = [
    {
        "name": "山田 太郎",
        "nameKana": "やまだ たろう",
        "email": "Taro.Yamada@example.com",
        "phone": "03-1234-5678",
        "tags": ["重要", "相続"],
        "relationship": "CLIENT",
        "profile": {"riskTolerance": "STABLE", "assetsBand": "OVER_500M"},
    },
    {"name": "林 花子", "nameKana": "ハヤシ ハナコ", "email": "hana@example.jp", "tags": ["重要"]},
    {"name": "株式会社小山田商事", "nameKana": "カブシキガイシャオヤマダショウジ", "kind": "CORPORATE"},
    {"name": "Smith John", "phone": "090-1111-2222", "profile": {"riskTolerance": "AGGRESSIVE"}},
    {"name": "髙﨑 濵子", "phone": "０７５ー６５２ー１５３５"},
    {"name": "葛\U000e0100城 𠮷邉"},
]


async def _names(team: Team, **params: Any) -> list[str]:
    answer = await team.client.get("/customers/search", token=team.rep.token, params=params | {"sort": "createdAt"})
    assert answer.status == 200, answer.json
    return [item["name"].split()[0] for item in answer.json["items"]]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"q": "山田"}, ["山田", "株式会社小山田商事"]),
        ({"q": "山田 太郎"}, ["山田"]),
        ({"q": "山田　重要"}, ["山田"]),
        ({"q": "林"}, ["林"]),
        ({"q": "ヤマダ"}, ["山田", "株式会社小山田商事"]),
        ({"q": "ﾊﾅｺ"}, ["林"]),
        ({"q": "はなこ"}, ["林"]),
        ({"q": "yamada"}, ["山田"]),
        ({"q": "taro.yamada@EXAMPLE"}, ["山田"]),
        ({"q": "0312345678"}, ["山田"]),
        ({"q": "1234-5678"}, ["山田"]),
        ({"q": "相続"}, ["山田"]),
        ({"q": "田山"}, []),
        ({"q": "-"}, []),
        ({"q": "100%_"}, []),
        ({"name": "はやし"}, ["林"]),
        ({"name": "example"}, []),
        ({"email": "example.jp"}, ["林"]),
        ({"email": "a", "name": "林"}, ["林"]),
        ({"phone": "090"}, ["Smith"]),
        ({"tag": "重要"}, ["山田", "林"]),
        ({"tag": ["重要", "相続"]}, ["山田"]),
        ({"risk": ["STABLE", "AGGRESSIVE"]}, ["山田", "Smith"]),
        ({"assets": "OVER_500M"}, ["山田"]),
        ({"relationship": "CLIENT"}, ["山田"]),
        ({"kind": "CORPORATE"}, ["株式会社小山田商事"]),
        ({"q": "重要", "risk": "STABLE"}, ["山田"]),
        ({"state": "ACTIVE", "q": "smith"}, ["Smith"]),
        ({"q": "高崎"}, ["髙﨑"]),
        ({"name": "浜子"}, ["髙﨑"]),
        ({"q": "0756521535"}, ["髙﨑"]),
        ({"q": "０７５ー６５２"}, ["髙﨑"]),
        ({"phone": "652-1535"}, ["髙﨑"]),
        ({"q": "葛城 吉辺"}, ["葛\U000e0100城"]),
        ({"q": "葛\U000e0101城"}, ["葛\U000e0100城"]),
        ({"q": "𠮷"}, ["葛\U000e0100城"]),
    ],
)
async def test_a_search_finds_exactly_these(team: Team, params: dict[str, Any], expected: list[str]) -> None:
    for person in PEOPLE:
        await team.create(**person)
    assert await _names(team, **params) == expected


async def test_a_search_for_nothing_says_so(team: Team) -> None:
    answer = await team.client.get("/customers/search", token=team.rep.token, params={"limit": 5})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/q")


async def test_unknown_parameters_and_foreign_cursors_are_refused(team: Team) -> None:
    for n in range(3):
        await team.create(name=f"x{n}")
    wrong = await team.client.get("/customers", token=team.rep.token, params={"owner": "x"})
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "/owner")
    cursor = (await team.client.get("/customers", token=team.rep.token, params={"limit": 2})).json["nextCursor"]
    for forged in (cursor[:-2] + "AA", "x", ""):
        answer = await team.client.get("/customers", token=team.rep.token, params={"cursor": forged})
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/cursor")
    other = await team.client.get("/customers", token=team.rep.token, params={"cursor": cursor, "sort": "name"})
    assert other.status == 422


@pytest.mark.parametrize("sort", list(CustomerSort))
async def test_pages_show_everyone_once_in_order(team: Team, sort: CustomerSort) -> None:
    for kana in ["やまだ", "あべ", "いとう", "ヤマダ", "さとう", "あべ", "ワタナベ"]:
        await team.create(name="客", nameKana=kana)
    # All at one instant, so that only the id tells them apart.
    await team.execute("UPDATE customers SET created_at = '2026-01-01', updated_at = '2026-01-01'")
    seen: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": 2, "sort": str(sort)}
    while True:
        page = (await team.client.get("/customers", token=team.rep.token, params=params)).json
        seen += page["items"]
        if page["nextCursor"] is None:
            break
        params["cursor"] = page["nextCursor"]
    assert len({item["id"] for item in seen}) == len(seen) == 7
    if sort is CustomerSort.NAME:
        assert [item["nameKana"] for item in seen if item["nameKana"] not in ("ヤマダ", "やまだ")] == [
            *("あべ", "あべ", "いとう", "さとう"),
            "ワタナベ",
        ]


@pytest.mark.parametrize(
    "text",
    [
        "ヤマダ　タロウ",
        "ﾔﾏﾀﾞ",
        "ぁゖゝゞ",
        "Ａ－Ｂ・Ｃ",
        "03-1234 5678",
        "㈱山田",
        "ß",
        "İstanbul",
        "ΟΔΟΣ",
        "a.b,c、d。(e)",
    ],
)
async def test_service_and_database_fold_text_alike(team: Team, text: str) -> None:
    (row,) = await team.rows("SELECT search_fold(%s) AS folded", [text])
    assert fold(text) == row["folded"]


@pytest.mark.parametrize("sign", ["𠮷", "ﷺ", "か\u3099", "㍿"])
async def test_the_longest_names_have_a_next_page(team: Team, sign: str) -> None:
    """The cursor of a page that ended with 190 𠮷 was longer than cursors may be."""
    people = [(await team.create(name=sign * 200, nameKana=sign * 200))["id"] for _ in range(3)]
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 1, "sort": "name"}
    for _ in people:
        answer = await team.client.get("/customers", token=team.rep.token, params=params)
        assert answer.status == 200, answer.json
        seen += [item["id"] for item in answer.json["items"]]
        params["cursor"] = answer.json["nextCursor"]
    assert sorted(seen) == sorted(people)
    assert params["cursor"] is None


async def test_what_was_folded_before_is_folded_anew(postgres: PostgresServer) -> None:
    url = postgres.empty_database()
    migrations.upgrade("customer", url, "0001")
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO customers (id, name, kind, phone, relationship, assigned_sales_id, state, version,"
            " event_version, created_at, updated_at) VALUES (gen_random_uuid(), '髙﨑', 'INDIVIDUAL', '075ー652',"
            " 'CLIENT', gen_random_uuid(), 'ACTIVE', 1, 1, now(), now())"
        )
    migrations.upgrade("customer", url)
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT sort_name, search_text FROM customers WHERE search_grams @> '{高崎,52,崎}'")
        assert found.fetchall() == [("高崎", "高崎|||075652|")]


async def _plan(team: Team, filters: CustomerFilters, viewer: Viewer, after: list[Any] | None = None) -> str:
    """What PostgreSQL would do for this list, with the statement that the service sends."""
    captured: list[tuple[Any, Any]] = []

    class Capture(Reader):
        async def all(self, statement: Any, params: Any = ()) -> list[Any]:
            captured.append((statement, params))
            return []

    async with team.db.reader() as reader:
        await reading.page(Capture(reader._connection), viewer, filters, after)
        statement, params = captured[0]
        rows = await reader.all("EXPLAIN " + statement, params)
    return "\n".join(row["QUERY PLAN"] for row in rows)


@pytest.fixture
async def crowd(team: Team) -> UUID:
    """10,000 customers of 200 reps with names of a few dozen surnames; returns one rep."""
    await team.execute(
        "INSERT INTO customers (id, name, name_kana, kind, email, phone, relationship, assigned_sales_id, state,"
        " version, event_version, created_at, updated_at)"
        " SELECT gen_random_uuid(), chr(19968 + i % 97) || chr(20100 + i % 89) || ' ' || chr(21000 + i % 83),"
        " 'カナ' || i, 'INDIVIDUAL', 'user' || i || '@example.com', '03-' || i, 'CLIENT',"
        " ('00000000-0000-0000-0000-' || lpad((i % 200)::text, 12, '0'))::uuid, 'ACTIVE', 1, 1,"
        " timestamptz '2026-01-01' + make_interval(secs => i), now() FROM generate_series(1, 10000) AS i"
    )
    await team.execute(
        "INSERT INTO customers (id, name, kind, relationship, assigned_sales_id, state, version, event_version,"
        " created_at, updated_at) SELECT gen_random_uuid(), '山田 太郎', 'INDIVIDUAL', 'CLIENT', gen_random_uuid(),"
        " 'ACTIVE', 1, 1, timestamptz '2020-01-01', now() FROM generate_series(1, 20)"
    )
    execute_as_owner(team.db.url, "ANALYZE customers")
    return UUID("00000000-0000-0000-0000-000000000007")


async def test_two_japanese_characters_use_an_index(team: Team, crowd: UUID) -> None:
    everyone = Viewer(team.admin.id, Scope.ALL)
    plan = await _plan(team, CustomerFilters(q="山田"), everyone)
    assert "Bitmap Index Scan on customers_search" in plan
    assert "Seq Scan" not in plan
    async with team.db.transaction(ActorContext.system()) as uow:
        found = await reading.page(uow, everyone, CustomerFilters(q="山田", limit=50), None)
    assert len(found) == 20


async def test_a_page_is_read_from_an_index_in_its_order(team: Team, crowd: UUID) -> None:
    for sort in CustomerSort:
        key: Any = "カ" if "name" in sort else "2026-01-02T00:00:00Z"
        for after in (None, [key, crowd]):
            plan = await _plan(team, CustomerFilters(sort=sort), Viewer(team.admin.id, Scope.ALL), after)
            assert "Index Scan" in plan, (sort, plan)
            assert "Sort" not in plan, (sort, plan)
    own = await _plan(team, CustomerFilters(), Viewer(crowd, Scope.OWN))
    assert "customers_by_sales" in own
    assert "Seq Scan" not in own
