"""Absences: whose place somebody would decide in, and what a requester is told before submitting."""

from datetime import timedelta
from typing import Any

from services.kit.running import clock
from tests.services.opportunity.world import Person, World
from tests.support.http import Answer

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
