"""Versions of routes: which one counts at an instant, what is planned, and that nothing of the past changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from services.kit.running import clock
from services.kit.running.ids import new_id
from services.opportunity.repository import routes
from tests.services.opportunity.world import Person, World, plain

DAY = timedelta(days=1)


def _stage(*people: Person, **fields: Any) -> dict[str, Any]:
    return {"name": "承認", "approverIds": [person.id for person in people]} | fields


async def _make(world: World, admin: Person, *stages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    body = {"name": "手数料", "stages": list(stages)} | fields
    answer = await world.client.post("/approval-routes", plain(body), token=admin.token)
    assert answer.status == 201, answer.json
    made: dict[str, Any] = answer.json
    return made


async def _change(world: World, admin: Person, route: dict[str, Any], *stages: dict[str, Any], **fields: Any) -> Any:
    body = {"name": "手数料", "stages": list(stages)} | fields
    path = f"/approval-routes/{route['id']}"
    token = world.renewed(admin, "admin").token
    return await world.client.put(path, plain(body), token=token, if_match=route["version"])


async def _get(world: World, admin: Person, route: dict[str, Any], rest: str = "") -> dict[str, Any]:
    token = world.renewed(admin, "admin").token
    answer = await world.client.get(f"/approval-routes/{route['id']}{rest}", token=token)
    assert answer.status == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


async def _asked(world: World, rep: Person) -> list[str]:
    """Whom a request that is raised now would ask."""
    token = world.renewed(rep, "rep").token
    answer = await world.client.post("/approvals/preview", {"kind": "FEE_DISCOUNT"}, token=token)
    assert answer.status == 200, answer.json
    return [who for stage in answer.json["stages"] for who in stage["approverIds"]]


@contextmanager
def _later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(clock, "now", lambda: datetime.now(UTC) + by)
        yield


async def test_a_planned_version_takes_over_by_its_date_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, rep = await world.person("admin"), await world.person("rep")
    now_asked, then_asked = await world.person("approver"), await world.person("approver")
    route = await _make(world, admin, _stage(now_asked))
    at = clock.now() + 3 * DAY
    planned = await _change(world, admin, route, _stage(then_asked), validFrom=at, note="4 月の組織変更")
    assert planned.status == 200, planned.json
    assert (planned.json["version"], planned.headers["etag"]) == (1, '"1"'), "what counts has not changed"
    [plan] = planned.json["planned"]
    assert (plan["version"], plan["active"], datetime.fromisoformat(plan["validFrom"])) == (2, True, at)
    assert await _asked(world, rep) == [str(now_asked.id)]
    with _later(monkeypatch, 3 * DAY - timedelta(minutes=1)):
        assert await _asked(world, rep) == [str(now_asked.id)]
    with _later(monkeypatch, 3 * DAY + timedelta(minutes=1)):
        assert await _asked(world, rep) == [str(then_asked.id)]
        shown = await _get(world, admin, route)
        assert (shown["version"], shown["note"], shown["planned"]) == (2, "4 月の組織変更", [])
        assert shown["createdBy"] == str(admin.id)
        states = [(one["version"], one["state"]) for one in (await _get(world, admin, route, "/versions"))["items"]]
        assert states == [(2, "CURRENT"), (1, "PAST")]
        stale = await _change(world, admin, route, _stage(now_asked))
        assert (stale.status, stale.json["currentVersion"]) == (412, 2), "who read version 1 has not seen version 2"


async def test_a_request_says_which_version_it_took_when_it_was_submitted(live: World) -> None:
    admin, rep, approver = [await live.person(role) for role in ("admin", "rep", "approver")]
    route = await _make(live, admin, _stage(approver))
    draft = await live.request(rep, draft=True)
    assert (draft["routeId"], draft["routeVersion"]) == (route["id"], None), "a draft has taken none yet"
    first = await live.request(rep)
    assert (await _change(live, admin, route, _stage(approver), note="期限の見直し")).status == 200
    second = await live.request(rep)
    assert [first["routeVersion"], second["routeVersion"]] == [1, 2]
    assert (await live.act(rep, draft, "submit")).json["routeVersion"] == 2
    assert (await live.get(rep, first))["routeVersion"] == 1
    named = await live.request(rep, approver)
    assert (named["routeId"], named["routeVersion"]) == (None, None)


async def test_what_is_planned_can_be_changed_and_withdrawn_and_stays_on_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, rep = await world.person("admin"), await world.person("rep")
    people = [await world.person("approver") for _ in range(3)]
    route = await _make(world, admin, _stage(people[0]))
    at = clock.now() + 3 * DAY
    assert (await _change(world, admin, route, _stage(people[1]), validFrom=at)).status == 200
    twin = await _change(world, admin, route, _stage(people[1]), validFrom=at)
    assert (twin.status, twin.json["code"], twin.json["version"]) == (409, "version_planned_already", 2)
    path = f"/approval-routes/{route['id']}/versions/2"
    body = plain({"name": "手数料", "stages": [_stage(people[2])], "validFrom": at + DAY})
    changed = await world.client.put(path, body, token=admin.token, if_match=2)
    assert (changed.status, changed.json["version"], changed.json["state"]) == (200, 3, "PLANNED")
    again = await world.client.put(path, body, token=admin.token, if_match=2)
    assert (again.status, again.json["code"], again.json["state"]) == (409, "version_settled", "WITHDRAWN")
    with _later(monkeypatch, 3.5 * DAY):
        assert await _asked(world, rep) == [str(people[0].id)]
    with _later(monkeypatch, 5 * DAY):
        assert await _asked(world, rep) == [str(people[2].id)]
        token = world.renewed(admin, "admin").token
        late = await world.client.delete(f"/approval-routes/{route['id']}/versions/3", token=token, if_match=3)
        assert (late.status, late.json["code"]) == (409, "version_settled"), "what has taken over is no plan"
    gone = await world.client.delete(f"/approval-routes/{route['id']}/versions/3", token=admin.token, if_match=3)
    assert gone.status == 204
    with _later(monkeypatch, 5 * DAY):
        assert await _asked(world, rep) == [str(people[0].id)]
    listed = (await _get(world, admin, route, "/versions"))["items"]
    assert [(one["version"], one["state"]) for one in listed] == [(3, "WITHDRAWN"), (2, "WITHDRAWN"), (1, "CURRENT")]
    assert listed[1]["stages"][0]["approverIds"] == [str(people[1].id)]
    audit = await world.rows("SELECT action FROM audit_entries WHERE resource_type = 'approval_route' ORDER BY at, id")
    assert [row["action"].partition(".")[2] for row in audit] == ["create", "plan", "replan", "withdraw"]


async def test_a_route_is_retired_from_a_date_and_begins_at_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, rep = await world.person("admin"), await world.person("rep")
    old, new, manager = await world.person("approver"), await world.person("approver"), await world.person("manager")
    route = await _make(world, admin, _stage(old))
    at = clock.now() + 2 * DAY
    assert (await _change(world, admin, route, _stage(old), active=False, validFrom=at)).status == 200
    begins = await _make(world, admin, _stage(new), validFrom=at + DAY, priority=-1)
    assert (begins["state"], begins["active"]) == ("PLANNED", False)
    assert await _asked(world, rep) == [str(old.id)]
    with _later(monkeypatch, 2.5 * DAY):
        assert set(await _asked(world, rep)) == {str(old.id), str(new.id)}, "the built-in policy: any approver"
        assert str(manager.id) not in await _asked(world, rep)
        assert (await _get(world, admin, route))["state"] == "INACTIVE"
    with _later(monkeypatch, 4 * DAY):
        assert await _asked(world, rep) == [str(new.id)]
        assert (await _get(world, admin, begins))["state"] == "CURRENT"


@pytest.mark.parametrize(
    ("days", "code"), [(-1, "time_past"), (0, "time_past"), (6 * 366, "time_too_far")], ids=["past", "now", "far"]
)
async def test_a_version_takes_over_in_the_foreseeable_future_and_never_in_the_past(
    world: World, days: int, code: str
) -> None:
    admin, approver = await world.person("admin"), await world.person("approver")
    body = {"name": "手数料", "stages": [_stage(approver)], "validFrom": clock.now() + days * DAY}
    answer = await world.client.post("/approval-routes", plain(body), token=admin.token)
    assert (answer.status, answer.json["errors"][0]["pointer"], answer.json["errors"][0]["code"]) == (
        422,
        "/validFrom",
        code,
    )


async def test_an_edit_counts_after_the_one_before_though_its_clock_was_fast(world: World) -> None:
    admin, rep = await world.person("admin"), await world.person("rep")
    first, second = await world.person("approver"), await world.person("approver")
    route = await _make(world, admin, _stage(first))
    with pytest.MonkeyPatch.context() as patched, _later(patched, timedelta(seconds=30)):
        assert (await _change(world, admin, route, _stage(first))).status == 200
    assert (await _change(world, admin, route, _stage(second))).status == 200
    with pytest.MonkeyPatch.context() as patched, _later(patched, timedelta(seconds=60)):
        assert await _asked(world, rep) == [str(second.id)]


async def test_versions_to_come_are_checked_like_those_of_now(world: World) -> None:
    admin, rep, approver = [await world.person(role) for role in ("admin", "rep", "approver")]
    route = await _make(world, admin, _stage(approver))
    at = clock.now() + DAY
    assert (await _change(world, admin, route, _stage(approver), validFrom=at)).status == 200
    path = f"/approval-routes/{route['id']}/versions/2"
    for stage, code in (
        (_stage(approver, approver, mode="ALL"), "approvers_repeated"),
        (_stage(approver, mode="QUORUM", quorum=2), "quorum_unreachable"),
        (_stage(rep), "not_an_approver"),
    ):
        planned = await _change(world, admin, route, stage, validFrom=at + DAY)
        body = plain({"name": "手数料", "stages": [stage], "validFrom": at})
        replanned = await world.client.put(path, body, token=admin.token, if_match=2)
        for answer in (planned, replanned):
            assert (answer.status, answer.json["errors"][0]["code"]) == (422, code)
    states = [(one["version"], one["state"]) for one in (await _get(world, admin, route, "/versions"))["items"]]
    assert states == [(2, "PLANNED"), (1, "CURRENT")], "what is refused withdraws nothing"


async def test_no_statement_changes_or_deletes_a_version(world: World) -> None:
    admin, approver = await world.person("admin"), await world.person("approver")
    await _make(world, admin, _stage(approver))
    for statement in (
        "UPDATE approval_route_versions SET priority = 9",
        "UPDATE approval_route_versions SET valid_from = valid_from - interval '1 day'",
        "DELETE FROM approval_route_versions",
    ):
        with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
            async with world.db.transaction(world.system) as uow:
                await uow.execute(statement)


_INSTANTS = st.integers(0, 6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(_INSTANTS, st.booleans(), st.booleans()), min_size=1, max_size=7),
    st.integers(-1, 7),
)
async def test_of_any_versions_exactly_one_or_none_counts_at_any_instant(
    world: World, versions: list[tuple[int, bool, bool]], instant: int
) -> None:
    """Against a plain reading of the rule: the newest that is valid, of two of one instant the one written later."""
    zero = datetime(2027, 4, 1, tzinfo=UTC)
    route_id = new_id()
    async with world.db.transaction(world.system) as uow:
        values = {"kind": None, "min_amount": None, "max_amount": None, "currency": "JPY", "min_age": None}
        values |= {"risk_tolerances": [], "priority": 0, "name": "版", "stages": []}
        first, *others = versions
        await routes.create(uow, route_id, values | {"active": first[1]}, zero, zero + first[0] * DAY)
        for day, active, _ in others:
            await routes.add_version(uow, route_id, values | {"active": active}, zero, zero + day * DAY)
        for number, (_, _, withdrawn) in enumerate(versions, 1):
            if withdrawn:
                assert await routes.withdraw(uow, route_id, number, None, zero - DAY)
    standing = [(day, number, active) for number, (day, active, withdrawn) in enumerate(versions, 1) if not withdrawn]
    at = zero + instant * DAY
    expected = max((one for one in standing if one[0] <= instant), default=None)
    async with world.db.reader() as reader:
        found = [row["number"] for row in await routes.counting(reader, at) if row["route_id"] == route_id]
        shown = await routes.one(reader, route_id, at)
        listed = await routes.versions(reader, route_id, at, before=None, limit=50)
    assert found == ([expected[1]] if expected is not None and expected[2] else [])
    assert [row["version"] for row in listed if row["state"] == "CURRENT"] == (
        [] if expected is None else [expected[1]]
    )
    assert shown is not None
    assert shown["active"] == bool(found)
    if expected is not None:
        assert shown["version"] == expected[1]


async def test_replicas_that_know_of_no_versions_read_and_write_what_counts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their statements, on the tables of now: during a rolling update both are there."""
    admin, rep = await world.person("admin"), await world.person("rep")
    people = [await world.person("approver") for _ in range(4)]
    upsert = (
        "INSERT INTO approval_routes AS r (id, name, kind, min_amount, max_amount, currency, min_age, risk_tolerances,"
        " priority, stages, active, version, created_at, updated_at) VALUES (%(id)s, '旧', NULL, NULL, NULL, 'JPY',"
        " NULL, '{}', 0, %(stages)s, true, 1, %(at)s, %(at)s) ON CONFLICT (id) DO UPDATE SET stages = excluded.stages,"
        " version = r.version + 1, updated_at = excluded.updated_at"
    )
    set_stages = "UPDATE approval_routes SET stages = %s, version = version + 1, updated_at = %s WHERE id = %s"
    seen = "SELECT stages -> 0 -> 'approverIds' ->> 0 AS who, version FROM approval_routes WHERE active"
    route_id = new_id()

    def stages(person: Person) -> Jsonb:
        return Jsonb(plain([_stage(person) | {"mode": "ANY"}]))

    async def old(statement: str, params: Any) -> None:
        async with world.db.transaction(world.system) as uow:
            await uow.execute(statement, params)

    async def old_sees() -> tuple[str, int]:
        [row] = await world.rows(seen)
        return row["who"], row["version"]

    await old(upsert, {"id": route_id, "stages": stages(people[0]), "at": clock.now()})
    assert await _asked(world, rep) == [str(people[0].id)]
    route = {"id": str(route_id), "version": 1}
    at = clock.now() + DAY
    assert (await _change(world, admin, route, _stage(people[3]), validFrom=at)).status == 200
    assert await old_sees() == (str(people[0].id), 1), "a plan is nothing that they know"
    await old(upsert, {"id": route_id, "stages": stages(people[1]), "at": clock.now()})
    assert await _asked(world, rep) == [str(people[1].id)]
    assert await old_sees() == (str(people[1].id), 3), "number 2 is planned"
    await old(set_stages, [stages(people[2]), clock.now(), route_id])
    assert await _asked(world, rep) == [str(people[2].id)]
    assert (await _change(world, admin, route | {"version": 4}, _stage(people[0]))).status == 200
    assert await old_sees() == (str(people[0].id), 5)
    assert [row["number"] for row in await world.rows("SELECT number FROM approval_route_versions ORDER BY 1")] == [
        *range(1, 6)
    ]
    with _later(monkeypatch, 2 * DAY):
        async with world.db.transaction(world.system) as uow:
            assert await routes.show_what_counts(uow, clock.now()) == 1
            assert await routes.show_what_counts(uow, clock.now()) == 0
        assert await old_sees() == (str(people[3].id), 2)
        assert await _asked(world, rep) == [str(people[3].id)]
