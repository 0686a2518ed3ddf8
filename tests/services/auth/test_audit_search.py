"""Searching the audit log: every filter, the names of then, and what is taken away as a file."""

import csv
import io
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.auth.repository import audit
from services.auth.service import audit_search
from services.contracts.permissions import Role
from services.kit.db.database import Database
from services.kit.events.audit import changes
from services.kit.running import clock
from tests.services.auth.audit_entries import as_an_intruder, entry, receive
from tests.services.auth.conftest import AuthWorld, Person

LOG = "/auth/audit-logs"


@pytest.fixture
async def auditor(world: AuthWorld) -> Person:
    return await world.signed_in(Role.AUDITOR, name="中村 翔")


async def found(world: AuthWorld, auditor: Person, params: Any = None) -> list[dict[str, Any]]:
    answer = await world.client.get(LOG, token=auditor.token, params=params or {})
    assert answer.status == 200, answer.json
    items: list[dict[str, Any]] = answer.json["items"]
    return items


PROXY, CUSTOMER, PROCESS = uuid4(), uuid4(), uuid4()


@pytest.mark.parametrize(
    ("made", "asked"),
    [
        ({"on_behalf_of": PROXY}, {"onBehalfOfId": str(PROXY)}),
        ({"resource_id": CUSTOMER}, {"resourceId": str(CUSTOMER)}),
        ({"resource_type": "meeting"}, {"resourceType": "meeting"}),
        ({"detail": {"number": "RNG-2026-000123"}}, {"number": "RNG-2026-000123"}),
        ({"outcome": "DENIED"}, {"outcome": "DENIED"}),
        ({"ip": "203.0.113.9"}, {"ip": "203.0.113.9"}),
        ({"request_id": "r-2"}, {"requestId": "r-2"}),
        ({"process_id": PROCESS}, {"processId": str(PROCESS)}),
        ({"action": "meeting.delete"}, {"action": "meeting.delete"}),
    ],
)
async def test_each_filter_finds_its_entry_and_no_other(
    world: AuthWorld, auditor: Person, made: dict[str, Any], asked: dict[str, str]
) -> None:
    wanted = entry(**made)
    await receive(world.client.kit.db, entry(), wanted, entry())
    assert [item["id"] for item in await found(world, auditor, asked)] == [str(wanted.aggregate_id)]


async def test_several_actions_are_one_question_and_both_orders_are_there(world: AuthWorld, auditor: Person) -> None:
    now = clock.now()
    kinds = ("task.create", "task.delete", "task.update")
    await receive(
        world.client.kit.db, *(entry(action=kind, at=now + timedelta(seconds=n)) for n, kind in enumerate(kinds))
    )
    both = [("action", "task.create"), ("action", "task.update")]
    assert [item["action"] for item in await found(world, auditor, both)] == ["task.update", "task.create"]
    oldest = await found(world, auditor, [*both, ("sort", "at")])
    assert [item["action"] for item in oldest] == ["task.create", "task.update"]


async def test_a_day_is_a_day_where_the_auditor_is(world: AuthWorld, auditor: Person) -> None:
    """2026-04-01 begins at 15:00 UTC of the day before."""
    first, last = "2026-03-31T15:00:00+00:00", "2026-04-01T14:59:59+00:00"
    await receive(
        world.client.kit.db,
        *(entry(at=at) for at in ("2026-03-31T14:59:59+00:00", first, last, "2026-04-01T15:00:00+00:00")),
    )
    items = await found(world, auditor, {"from": "2026-04-01", "to": "2026-04-02"})
    assert [item["at"] for item in items] == [last.replace("+00:00", "Z"), first.replace("+00:00", "Z")]


@pytest.mark.parametrize("sort", ["-at", "at"])
async def test_paging_shows_each_entry_once_while_others_are_written(
    world: AuthWorld, auditor: Person, sort: str
) -> None:
    db, now = world.client.kit.db, clock.now()
    there = [entry(at=now + timedelta(seconds=n // 3)) for n in range(9)]
    await receive(db, *there)
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 2, "sort": sort}
    while True:
        answer = await world.client.get(LOG, token=auditor.token, params=params)
        seen += [item["id"] for item in answer.json["items"]]
        if (cursor := answer.json["nextCursor"]) is None:
            break
        params["cursor"] = cursor
        # One behind what was read, and one in front of everything.
        late = now + timedelta(seconds=60) if sort == "-at" else now - timedelta(seconds=60)
        await receive(db, entry(at=late))
    assert len(seen) == len(set(seen))
    assert {str(one.aggregate_id) for one in there} == set(seen)
    other = "at" if sort == "-at" else "-at"
    page = (await world.client.get(LOG, token=auditor.token, params={"limit": 2, "sort": sort})).json
    refused = await world.client.get(LOG, token=auditor.token, params={"sort": other, "cursor": page["nextCursor"]})
    assert refused.status == 422


async def test_names_are_those_of_then(world: AuthWorld, auditor: Person, admin: Person) -> None:
    db = world.client.kit.db
    actor, absent = await world.person(name="佐藤 美咲"), await world.person(name="高橋 直樹")
    detail = {"toId": str(absent.id), "stages": [{"approverIds": [str(auditor.id)]}], "note": "not-an-id"}
    await receive(db, entry(actor_id=actor.id, on_behalf_of=absent.id, detail=detail))
    async with db.reader() as reader:
        version = await reader.scalar("SELECT version FROM users WHERE id = %s", [actor.id])
    renamed = await world.client.put(
        f"/auth/users/{actor.id}", {"name": "鈴木 美咲"}, token=admin.token, if_match=version
    )
    assert renamed.status == 200
    (item,) = await found(world, auditor)
    assert (item["actorName"], item["onBehalfOfName"], item["namesKept"]) == ("佐藤 美咲", "高橋 直樹", True)
    assert item["names"] == {
        str(actor.id): "佐藤 美咲", str(absent.id): "高橋 直樹", str(auditor.id): "中村 翔",
    }  # fmt: skip


async def test_entries_from_before_names_were_kept_have_those_of_today(world: AuthWorld, auditor: Person) -> None:
    db, actor = world.client.kit.db, await world.person(name="佐藤 美咲")
    await receive(db, entry(actor_id=actor.id))
    async with as_an_intruder(db) as before:
        await before.execute("UPDATE audit_log SET names = NULL")
    (item,) = await found(world, auditor)
    assert (item["actorName"], item["namesKept"]) == ("佐藤 美咲", False)


async def test_one_entry_has_an_address(world: AuthWorld, auditor: Person) -> None:
    made = entry()
    await receive(world.client.kit.db, made)
    answer = await world.client.get(f"{LOG}/{made.aggregate_id}", token=auditor.token)
    assert answer.json == (await found(world, auditor))[0]
    assert (await world.client.get(f"{LOG}/{uuid4()}", token=auditor.token)).status == 404


async def test_a_changed_user_leaves_before_and_after(world: AuthWorld, admin: Person) -> None:
    person, leader = await world.person(name="佐藤 美咲"), await world.person(Role.MANAGER)
    body = {"name": "佐藤 美咲", "roles": ["manager"], "managerId": str(leader.id)}
    answer = await world.client.put(f"/auth/users/{person.id}", body, token=admin.token, if_match=1)
    assert answer.status == 200
    (made,) = await world.audit("user.updated")
    assert made["detail"] == {
        "changed": ["roles", "manager_id"],
        "changes": {
            "roles": {"from": ["rep"], "to": ["manager"]},
            "manager_id": {"from": None, "to": str(leader.id)},
        },
    }


def test_of_hidden_fields_only_the_name_is_told() -> None:
    told = changes({"a": 1, "b": "x", "c": 3}, {"a": 2, "b": "y", "c": 3}, ("a", "b", "c"), hidden=("b",))
    assert told == {"changed": ["a", "b"], "changes": {"a": {"from": 1, "to": 2}}}


# The file ---------------------------------------------------------------------------------------------


async def exported(world: AuthWorld, auditor: Person, params: Any = None) -> list[dict[str, str]]:
    answer = await world.client.get(f"{LOG}/export", token=auditor.token, params=params or {})
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.body.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"), newline="")))


async def test_the_file_has_what_the_filter_finds_and_leaves_an_entry(
    world: AuthWorld, auditor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_search, "EXPORT_BATCH", 2)
    db = world.client.kit.db
    made = [entry(ip="203.0.113.9", request_id="=1+1", at=clock.now() + timedelta(seconds=n)) for n in range(5)]
    await receive(db, entry(), *made)
    rows = await exported(world, auditor, {"ip": "203.0.113.9", "sort": "at"})
    assert [row["id"] for row in rows] == [str(one.aggregate_id) for one in made]
    assert {row["requestId"] for row in rows} == {"'=1+1"}
    (noted,) = await world.audit("audit.export")
    assert noted["actor_id"] == auditor.id
    assert noted["detail"] == {"filter": {"ip": "203.0.113.9", "sort": "at"}, "count": 5}


async def test_more_than_a_file_holds_is_refused_and_not_cut(
    world: AuthWorld, auditor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_search, "EXPORT_LIMIT", 3)
    await receive(world.client.kit.db, *(entry() for _ in range(4)))
    refused = await world.client.get(f"{LOG}/export", token=auditor.token)
    assert (refused.status, refused.json["errors"][0]["code"]) == (422, "too_many_entries")
    assert await world.audit("audit.export") == []
    assert await exported(world, auditor, {"to": "2000-01-01"}) == []


# Indexes ----------------------------------------------------------------------------------------------

MANY = 60_000
QUESTIONS: dict[str, tuple[Any, str]] = {
    "actor_id": (UUID(int=7), "audit_log_actor"),
    "on_behalf_of_id": (UUID(int=7), "audit_log_on_behalf_of"),
    "action": (["rare.7"], "audit_log_action"),
    "resource_type": ("rare7", "audit_log_resource"),
    "resource_id": (UUID(int=7), "audit_log_resource_id"),
    "number": ("RNG-7", "audit_log_number"),
    "outcome": ("DENIED", "audit_log_outcome"),
    "ip": ("192.0.2.7", "audit_log_ip"),
    "request_id": ("r-7", "audit_log_request"),
    "process_id": (UUID(int=7), "audit_log_process"),
    "from_": ("2025-12-30", "audit_log_at"),
    "to": ("2024-01-02", "audit_log_at"),
}


async def _many(db: Database) -> None:
    """Rare values among many entries, spread over two years."""
    async with as_an_intruder(db) as filler:
        await filler.execute(
            "INSERT INTO audit_log (id, service, at, actor_id, on_behalf_of, action, resource_type, resource_id,"
            " outcome, ip, request_id, process_id, detail) SELECT gen_random_uuid(), 'customer',"
            " timestamptz '2024-01-01' + n * interval '17 minutes', rare.id, rare.id, 'rare.' || n %% 500,"
            " 'rare' || n %% 500, rare.id, CASE WHEN n %% 500 = 7 THEN 'DENIED' ELSE 'SUCCESS' END,"
            " '192.0.2.' || n %% 500, 'r-' || n %% 500, rare.id, jsonb_build_object('number', 'RNG-' || n %% 500)"
            " FROM generate_series(1, %s) AS n,"
            " LATERAL (SELECT lpad(to_hex(n %% 500), 32, '0')::uuid AS id) AS rare",
            [MANY],
        )
        await filler.execute("ANALYZE audit_log")


async def test_every_filter_uses_an_index(world: AuthWorld) -> None:
    db = world.client.kit.db
    await _many(db)
    assert set(QUESTIONS) == set(audit.FILTERS), "a new filter needs its index"
    for name, (value, index) in QUESTIONS.items():
        plan = "\n".join(await _plan(db, {name: value}))
        assert "Seq Scan on audit_log" not in plan, f"{name}:\n{plan}"
        assert index in plan, f"{name}:\n{plan}"


async def _plan(db: Database, filters: dict[str, Any]) -> Sequence[str]:
    """What the server does for the first page of the list, as the repository asks for it."""
    asked: list[tuple[str, Any]] = []

    class Listening:
        async def all(self, statement: str, params: Any) -> list[Any]:
            asked.append((statement, params))
            return []

    await audit.list_views(Listening(), limit=50, after=None, filters=filters)  # type: ignore[arg-type]
    statement, params = asked[0]
    async with db.reader() as reader:
        return [row["QUERY PLAN"] for row in await reader.all(f"EXPLAIN {statement}", params)]
