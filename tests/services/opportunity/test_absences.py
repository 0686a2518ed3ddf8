"""Absences: whose place somebody would decide in, and what a requester is told before submitting."""

import asyncio
from datetime import timedelta
from typing import Any, cast

import pytest

from deploy.invariants.approvals import decided_with_right
from deploy.invariants.system import System
from services.contracts.steps import ReassignStep
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.opportunity.service.actors import actor_of
from tests.services.opportunity.world import Person, World
from tests.support.http import Answer
from tests.support.postgres import someone_waits_for_a_lock
from tests.support.waiting import eventually

STANDING = {"startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z"}


async def away(world: World, absent: Person, stand_in: Person, **fields: Any) -> Answer:
    answer = await world.client.post("/proxies", STANDING | {"toId": str(stand_in.id)} | fields, token=absent.token)
    assert answer.status == 201, answer.json
    return answer


def moment(**shift: float) -> str:
    return (clock.now() + timedelta(**shift)).isoformat()


async def test_everything_that_shows_a_request_says_whose_place_it_is(world: World) -> None:
    rep, absent = await world.person("rep"), await world.person("approver", name="不在 一郎")
    stand_in = await world.person("approver")
    await away(world, absent, stand_in)
    request = await world.request(rep, absent)
    principal = {"id": str(absent.id), "name": "不在 一郎"}
    for path in ("/approvals/pending", "/approvals"):
        [item] = (await world.client.get(path, token=stand_in.token)).json["items"]
        assert item["standsInFor"] == principal
    assert (await world.get(stand_in, request))["standsInFor"] == principal
    for other in (absent, rep):
        assert (await world.get(other, request))["standsInFor"] is None, "a place of one's own, and none"


async def test_whoever_has_a_place_of_their_own_stands_in_for_nobody_there(world: World) -> None:
    rep, absent, both = await world.person("rep"), await world.person("approver"), await world.person("approver")
    await away(world, absent, both)
    request = await world.request(rep, absent, both)
    shown = await world.get(both, request)
    assert (shown["standsInFor"], "APPROVE" in shown["allowedActions"]) == (None, True)


async def test_of_what_is_decided_nobody_says_that_it_is_somebodys_place(live: World) -> None:
    rep, absent, stand_in = await live.person("rep"), await live.person("approver"), await live.person("approver")
    await away(live, absent, stand_in)
    request = await live.request(rep, absent)
    decided = await live.act(stand_in, request, "approve")
    assert (decided.status, decided.json["standsInFor"]) == (200, None), decided.json


async def preview(world: World, rep: Person, *stages: dict[str, Any]) -> list[dict[str, Any]]:
    body = {"kind": "FEE_DISCOUNT", "stages": list(stages)}
    answer = await world.client.post("/approvals/preview", body, token=rep.token)
    assert answer.status == 200, answer.json
    return [stage["approvers"][0] for stage in answer.json["stages"]]


def stage(approver: Person, hours: int | None = 24) -> dict[str, Any]:
    return {"name": "承認", "approverIds": [str(approver.id)], "deadlineHours": hours}


async def test_the_preview_says_until_when_somebody_is_away_and_who_stands_in(world: World) -> None:
    rep, absent = await world.person("rep"), await world.person("approver")
    stand_in, second = await world.person("approver", name="代理 二郎"), await world.person("approver")
    until = moment(days=3)
    await away(world, absent, stand_in, endsAt=moment(days=1))
    await away(world, absent, second, endsAt=until)
    [person] = await preview(world, rep, stage(absent))
    assert person["absent"]
    assert person["absentUntil"][:19] == until[:19]
    assert {proxy["id"] for proxy in person["proxies"]} == {str(stand_in.id), str(second.id)}


async def test_the_preview_tells_of_an_absence_that_begins_before_the_stage_has_to_be_through(world: World) -> None:
    rep, first, absent = await world.person("rep"), await world.person("approver"), await world.person("approver")
    stand_in = await world.person("approver", name="代理 二郎")
    begins, until = moment(hours=30), moment(hours=90)
    await away(world, absent, stand_in, startsAt=begins, endsAt=until)
    [foreseen] = await preview(world, rep, stage(absent, 48))
    assert (foreseen["absent"], foreseen["proxies"][0]["name"]) == (False, "代理 二郎")
    assert (foreseen["absentFrom"][:19], foreseen["absentUntil"][:19]) == (begins[:19], until[:19])
    for too_early in (stage(absent, 24), stage(absent, None)):
        [person] = await preview(world, rep, too_early)
        assert (person["absentFrom"], person["absentUntil"], person["proxies"]) == (None, None, [])
    assert (await preview(world, rep, stage(first, 24), stage(absent, 24)))[1]["absentFrom"] is not None


async def test_an_absence_that_was_ended_or_is_over_is_told_to_nobody(world: World) -> None:
    rep, absent, stand_in = await world.person("rep"), await world.person("approver"), await world.person("approver")
    given = await away(world, absent, stand_in)
    assert (await world.client.delete(f"/proxies/{given.json['id']}", token=absent.token)).status == 204
    [person] = await preview(world, rep, stage(absent))
    assert (person["absent"], person["absentUntil"]) == (False, None)


async def newer_only(world: World, absent: Person, stand_in: Person, **fields: Any) -> Answer:
    """An absence that begins now, and leaves what waits already to the absent one."""
    period = {"startsAt": moment(), "endsAt": "2099-01-01T00:00:00Z"}
    return await away(world, absent, stand_in, **period, takesWaiting=False, **fields)


async def waiting_for(world: World, who: Person) -> tuple[set[str], int]:
    inbox = await world.client.get("/approvals/pending", token=who.token)
    counts = await world.client.get("/approvals/counts", token=who.token)
    return {item["id"] for item in inbox.json["items"]}, counts.json["waiting"]


async def test_unless_it_is_said_otherwise_the_proxy_takes_what_waits_already(live: World) -> None:
    rep, absent, stand_in = await live.person("rep"), await live.person("approver"), await live.person("approver")
    older = await live.request(rep, absent)
    given = await away(live, absent, stand_in, startsAt=moment())
    assert given.json["takesWaiting"]
    assert await waiting_for(live, stand_in) == ({older["id"]}, 1)
    assert (await live.act(stand_in, older, "approve")).json["state"] == "APPROVED"


async def test_a_proxy_for_what_is_to_come_decides_nothing_older(live: World) -> None:
    rep, absent, stand_in = await live.person("rep"), await live.person("approver"), await live.person("approver")
    older = await live.request(rep, absent)
    await newer_only(live, absent, stand_in)
    newer = await live.request(rep, absent)
    assert await waiting_for(live, stand_in) == ({newer["id"]}, 1)
    shown = {item["id"]: item for item in (await live.client.get("/approvals", token=stand_in.token)).json["items"]}
    assert (shown[older["id"]]["standsInFor"], shown[older["id"]]["allowedActions"]) == (None, [])
    assert (await live.get(stand_in, older))["allowedActions"] == []
    assert shown[newer["id"]]["standsInFor"]["id"] == str(absent.id)
    for action, said in (("approve", {}), ("reject", {"comment": "否"}), ("return", {"comment": "再考"})):
        refused = await live.act(stand_in, older, action, **said)
        assert (refused.status, refused.json["code"]) == (403, "not_an_approver"), refused.json
    handed_on = await live.act(stand_in, older, "reassign", fromId=absent.id, toId=stand_in.id, reason="代理")
    assert handed_on.status == 403, "nor is it taken by passing it on"
    assert (await live.act(stand_in, newer, "approve")).json["state"] == "APPROVED"
    assert (await live.act(absent, older, "approve")).json["state"] == "APPROVED"


async def test_of_two_proxies_the_wider_one_counts(live: World) -> None:
    rep, absent, stand_in = await live.person("rep"), await live.person("approver"), await live.person("approver")
    older = await live.request(rep, absent)
    await newer_only(live, absent, stand_in)
    await away(live, absent, stand_in)
    assert await waiting_for(live, stand_in) == ({older["id"]}, 1)
    assert (await live.act(stand_in, older, "approve")).status == 200


async def test_a_place_that_no_proxy_takes_over_is_short_of_people(live: World) -> None:
    rep, absent, stand_in = await live.person("rep"), await live.person("approver"), await live.person("approver")
    older = await live.request(rep, absent)
    await newer_only(live, absent, stand_in)
    newer = await live.request(rep, absent)
    async with live.db.transaction(live.system) as uow:
        await uow.execute("UPDATE user_copies SET state = 'SUSPENDED' WHERE id = %s", [absent.id])
    await live.reconcile()
    assert (await live.get(rep, older))["shortage"]["votesMissing"] == 1
    assert (await live.get(rep, newer))["shortage"] is None


async def test_the_preview_names_no_proxy_who_would_not_take_it(world: World) -> None:
    rep, absent, stand_in = await world.person("rep"), await world.person("approver"), await world.person("approver")
    planned = {"startsAt": moment(hours=1), "endsAt": moment(hours=90)}
    await away(world, absent, stand_in, **planned, takesWaiting=False)
    [first] = await preview(world, rep, stage(absent))
    assert (first["absentFrom"] is not None, first["proxies"]) == (True, [])
    other = await world.person("approver")
    later = (await preview(world, rep, stage(other), stage(absent)))[1]
    assert [proxy["id"] for proxy in later["proxies"]] == [str(stand_in.id)]


class _Read:
    """The opportunity database as the invariants read it."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def all(self, _service: str, statement: str, params: Any = None) -> list[dict[str, Any]]:
        return await self._world.rows(statement, params or [])


async def test_verify_knows_what_a_proxy_covers(live: World) -> None:
    rep, absent, stand_in = await live.person("rep"), await live.person("approver"), await live.person("approver")
    await newer_only(live, absent, stand_in)
    request = await live.request(rep, absent)
    assert (await live.act(stand_in, request, "approve")).status == 200
    system = cast("System", _Read(live))
    assert await decided_with_right(system) == []
    async with live.db.transaction(live.system) as uow:
        await uow.execute("UPDATE approval_votes SET waiting_since = waiting_since - interval '1 day'")
    [found] = await decided_with_right(system)
    assert str(stand_in.id) in found.detail


# Changing one ---------------------------------------------------------------------------------------------------------


async def change(world: World, by: Person, given: Answer, version: int | None = None, **fields: Any) -> Answer:
    body = {name: given.json[name] for name in ("toId", "startsAt", "endsAt", "takesWaiting")} | fields
    path = f"/proxies/{given.json['id']}"
    return await world.client.put(path, body, token=by.token, if_match=version or given.json["version"])


async def test_what_has_not_begun_can_be_changed_in_every_part(world: World) -> None:
    absent, stand_in, other = [await world.person("approver") for _ in range(3)]
    given = await away(world, absent, stand_in, startsAt=moment(days=2))
    wish = {"toId": str(other.id), "startsAt": moment(days=3), "endsAt": moment(days=5), "takesWaiting": False}
    changed = await change(world, absent, given, **wish)
    assert (changed.status, changed.json["version"]) == (200, 2), changed.json
    read = await world.client.get(f"/proxies/{given.json['id']}", token=other.token)
    assert (read.json["toId"], read.json["takesWaiting"]) == (str(other.id), False)
    assert read.json["startsAt"][:19] == wish["startsAt"][:19]
    assert (await world.client.get(f"/proxies/{given.json['id']}", token=stand_in.token)).status == 404
    outrun = await change(world, absent, given, endsAt=moment(days=9))
    assert (outrun.status, outrun.json["changedBy"]) == (412, str(absent.id))
    entries = await world.rows(
        "SELECT action, detail FROM audit_entries WHERE resource_type = 'approval_proxy' ORDER BY at"
    )
    assert [entry["action"] for entry in entries] == ["approval_proxy.create", "approval_proxy.update"]
    told = entries[1]["detail"]["changes"]
    assert told["toId"] == {"from": str(stand_in.id), "to": str(other.id)}


async def test_of_what_has_begun_only_the_end_moves(live: World) -> None:
    rep, absent, stand_in, other = [await live.person(role) for role in ("rep", "approver", "approver", "approver")]
    given = await away(live, absent, stand_in)
    decided = await live.request(rep, absent)
    assert (await live.act(stand_in, decided, "approve")).status == 200
    for name, value in (("toId", str(other.id)), ("startsAt", moment(days=1)), ("takesWaiting", False)):
        refused = await change(live, absent, given, **{name: value})
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, f"/{name}"), refused.json
    over = await change(live, absent, given, endsAt=moment(minutes=-1))
    assert (over.status, over.json["errors"][0]["pointer"]) == (422, "/endsAt")
    assert (await change(live, absent, given, endsAt=moment(days=1))).status == 200
    assert await decided_with_right(cast("System", _Read(live))) == []
    await live.client.delete(f"/proxies/{given.json['id']}", token=absent.token)
    ended = await change(live, absent, given, 3, endsAt=moment(days=2))
    assert (ended.status, ended.json["code"]) == (409, "proxy_over")


async def test_what_was_decided_by_a_replica_whose_clock_is_ahead_counts_as_begun(live: World) -> None:
    rep, absent, stand_in, other = [await live.person(role) for role in ("rep", "approver", "approver", "approver")]
    given = await away(live, absent, stand_in, startsAt=moment(minutes=2))
    request = await live.request(rep, absent)
    with clock.travel(clock.MAX_SKEW):
        assert (await live.act(stand_in, request, "approve")).status == 200
    for name, value in (("toId", str(other.id)), ("startsAt", moment(days=1))):
        refused = await change(live, absent, given, **{name: value})
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, f"/{name}"), refused.json
    assert (await change(live, absent, given, endsAt=moment(minutes=3))).status == 200
    assert await decided_with_right(cast("System", _Read(live))) == []


async def test_a_change_waits_for_a_decision_that_is_being_made_by_the_proxy(world: World) -> None:
    absent, stand_in = await world.person("approver"), await world.person("approver")
    given = await away(world, absent, stand_in)
    async with world.db.transaction(world.system) as deciding:
        assert (await actor_of(deciding, stand_in.id, frozenset({"approver"}), new_id())).proxy_for == {absent.id}
        changing = asyncio.create_task(change(world, absent, given, endsAt=moment(days=1)))
        await eventually(lambda: someone_waits_for_a_lock(world.db), what="the change waits for the decision")
    assert (await changing).status == 200


async def test_only_the_absent_one_and_administrators_change_an_absence(world: World) -> None:
    absent, stand_in, stranger = [await world.person("approver") for _ in range(3)]
    admin = await world.person("admin")
    given = await away(world, absent, stand_in)
    assert (await change(world, stand_in, given, endsAt=moment(days=1))).status == 403
    assert (await change(world, stranger, given, endsAt=moment(days=1))).status == 404
    assert (await change(world, admin, given, endsAt=moment(days=1))).status == 200
    unseen = await world.client.put(f"/proxies/{given.json['id']}", STANDING | {"toId": str(stand_in.id)})
    assert unseen.status == 401
    body = STANDING | {"toId": str(stand_in.id)}
    assert (await world.client.put(f"/proxies/{given.json['id']}", body, token=absent.token)).status == 428


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [({"toId": "own"}, "/toId"), ({"toId": "rep"}, "/toId"), ({"endsAt": "2020-01-01T00:00:00Z"}, "")],
)
async def test_a_change_is_checked_as_a_new_one_is(world: World, fields: dict[str, str], pointer: str) -> None:
    absent, stand_in, rep = await world.person("approver"), await world.person("approver"), await world.person("rep")
    people = {"own": str(absent.id), "rep": str(rep.id)}
    given = await away(world, absent, stand_in, startsAt=moment(days=1))
    refused = await change(world, absent, given, **{name: people.get(value, value) for name, value in fields.items()})
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, pointer), refused.json


# Lists ----------------------------------------------------------------------------------------------------------------


async def listed(world: World, by: Person, query: str = "") -> set[str]:
    answer = await world.client.get(f"/proxies{query}", token=by.token)
    assert answer.status == 200, answer.json
    return {item["id"] for item in answer.json["items"]}


async def test_a_leader_sees_the_absences_of_everybody_below_and_of_nobody_else(world: World) -> None:
    head, stranger = await world.person("manager"), await world.person("approver")
    manager = await world.person("manager", manager=head)
    member = await world.person("approver", manager=manager)
    assert await listed(world, member, "?scope=TEAM") == set()
    of_member = (await away(world, member, stranger)).json["id"]
    of_stranger = (await away(world, stranger, manager)).json["id"]
    for leader in (head, manager, member):
        assert await listed(world, leader, "?scope=TEAM") == {of_member}
    assert await listed(world, manager, "?scope=OWN") == {of_stranger}
    assert await listed(world, manager) == {of_stranger}
    assert (await world.client.get(f"/proxies/{of_member}", token=head.token)).status == 200
    assert (await world.client.get(f"/proxies/{of_stranger}", token=head.token)).status == 404
    for role in ("admin", "auditor"):
        everybody = await world.person(role)
        assert await listed(world, everybody, "?scope=TEAM") == {of_member, of_stranger}
        assert await listed(world, everybody, "?scope=OWN") == set()


async def test_a_list_of_a_period_has_what_touches_it(world: World) -> None:
    absent, stand_in = await world.person("approver"), await world.person("approver")
    for first, last in (("01", "05"), ("05", "10"), ("20", "25")):
        period = {"startsAt": f"2090-03-{first}T00:00:00Z", "endsAt": f"2090-03-{last}T00:00:00Z"}
        await away(world, absent, stand_in, **period)

    async def begins(query: str) -> list[str]:
        answer = await world.client.get(f"/proxies?scope=TEAM&{query}", token=absent.token)
        return [item["startsAt"][8:10] for item in answer.json["items"]]

    assert await begins("from=2090-03-05T00:00:00Z&to=2090-03-20T00:00:00Z") == ["05"]
    assert await begins("from=2090-03-04T00:00:00Z") == ["20", "05", "01"]
    assert await begins("to=2090-03-05T00:00:01Z") == ["05", "01"]
    assert (await world.client.get("/proxies?scope=ALL", token=absent.token)).status == 422


# What others are told of ----------------------------------------------------------------------------------------------


async def facts(world: World) -> list[tuple[str, str]]:
    rows = await world.rows(
        "SELECT event_type, data ->> 'toId' AS holder FROM outbox WHERE event_type LIKE 'proxy.%%' ORDER BY seq"
    )
    return [(row["event_type"], row["holder"]) for row in rows]


async def test_what_becomes_of_a_proxy_is_published(world: World) -> None:
    absent, stand_in, other = [await world.person("approver") for _ in range(3)]
    given = await away(world, absent, stand_in, startsAt=moment(days=2))
    assert (await change(world, absent, given, toId=str(other.id))).status == 200
    for _ in range(2):
        await world.client.delete(f"/proxies/{given.json['id']}", token=absent.token)
    expected = [("proxy.given", stand_in), ("proxy.changed", other), ("proxy.ended", other)]
    assert await facts(world) == [(kind, str(holder.id)) for kind, holder in expected]


async def test_a_process_that_moves_a_leavers_proxies_tells_of_it_and_keeps_what_they_cover(live: World) -> None:
    absent, leaver, successor = [await live.person("approver") for _ in range(3)]
    await newer_only(live, absent, leaver)
    step = ReassignStep(process_id=new_id(), resource_id=leaver.id, actor_id=new_id(), successor_id=successor.id)
    await live.run(live.steps.reassign_approvals, step)
    moved = [("proxy.given", leaver), ("proxy.ended", leaver), ("proxy.given", successor)]
    assert await facts(live) == [(kind, str(holder.id)) for kind, holder in moved]
    rows = await live.rows("SELECT takes_waiting FROM approval_proxies WHERE to_id = %s", [successor.id])
    assert rows == [{"takes_waiting": False}]
