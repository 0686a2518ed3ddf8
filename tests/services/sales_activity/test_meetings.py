"""Meetings over HTTP."""

from datetime import timedelta
from typing import Any

from services.kit.running.ids import new_id
from tests.services.sales_activity.world import Person, World, period, plain
from tests.support.http import Answer


async def change(world: World, by: Person, meeting: dict[str, object], **fields: object) -> Answer:
    names = ("customerId", "userId", "title", "startsAt", "endsAt", "attendeeIds", "place", "agenda", "outcome")
    body = plain({name: meeting[name] for name in names} | fields)
    return await world.client.put(
        f"/meetings/{meeting['id']}", body, token=by.token, if_match=int(str(meeting["version"]))
    )


async def test_a_created_meeting_is_read_back_with_its_etag_and_its_event(world: World) -> None:
    rep = await world.person("rep")
    customer = await world.customer(rep)
    answer = await world.create_meeting(rep, customer, place="本店 応接室", agenda="運用報告")
    assert answer.status == 201
    meeting = answer.json
    assert answer.headers["location"] == f"/api/v1/meetings/{meeting['id']}"
    assert (meeting["state"], meeting["userId"], meeting["customerName"]) == ("PLANNED", str(rep.id), "山田太郎")
    read = await world.client.get(f"/meetings/{meeting['id']}", token=rep.token)
    assert (read.json, read.version) == (meeting, 1)
    assert await world.events(meeting["id"]) == ["meeting.created"]


async def test_a_planned_meeting_is_held_or_cancelled_and_stays_so(world: World) -> None:
    rep = await world.person("rep")
    customer = await world.customer(rep)
    for end in ("HELD", "CANCELLED"):
        meeting = await world.meeting(rep, customer, **period(timedelta(minutes=-1)))
        ended = await change(world, rep, meeting, state=end, outcome="次回は来月")
        assert (ended.status, ended.json["state"]) == (200, end)
        noted = await change(world, rep, ended.json, outcome="追記")
        assert (noted.status, noted.json["state"], noted.json["version"]) == (200, end, 3)
        refused = await change(world, rep, noted.json, state="PLANNED")
        assert (refused.status, refused.json["code"]) == (409, "transition_refused")
        assert await world.events(meeting["id"]) == ["meeting.created", "meeting.updated", "meeting.updated"]


async def test_a_meeting_that_took_place_is_recorded_afterwards(world: World) -> None:
    rep = await world.person("rep")
    past = period(timedelta(days=-2))
    meeting = await world.meeting(rep, await world.customer(rep), state="HELD", **past)
    assert meeting["state"] == "HELD"
    refused = await world.create_meeting(rep, await world.customer(rep), state="CANCELLED")
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/state")


async def test_a_meeting_can_not_have_been_held_before_it_began(world: World) -> None:
    rep = await world.person("rep")
    customer = await world.customer(rep)
    refused = await world.create_meeting(rep, customer, state="HELD", **period(timedelta(minutes=5)))
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/state")
    planned = await world.meeting(rep, customer)
    marked = await change(world, rep, planned, state="HELD")
    assert (marked.status, marked.json["errors"][0]["code"]) == (422, "held_before_start")
    held = await world.meeting(rep, customer, state="HELD", **period(timedelta(hours=-2)))
    moved = await change(world, rep, held, **period(timedelta(days=1)))
    assert (moved.status, moved.json["errors"][0]["code"]) == (422, "held_before_start")
    cancelled = await change(world, rep, planned, state="CANCELLED")
    assert cancelled.status == 200


async def test_wrong_input_names_the_field(world: World) -> None:
    rep = await world.person("rep")
    customer = await world.customer(rep)
    attendee = await world.person("rep")
    cases: list[tuple[str, dict[str, Any]]] = [
        ("/attendeeIds/1", {"attendeeIds": [str(attendee.id), str(new_id())]}),
        ("/customerId", {"customerId": str(new_id())}),
        ("/startsAt", {"startsAt": "2026-10-08T10:00:00"}),
        ("/endsAt", {"endsAt": period(timedelta(days=-1))["endsAt"]}),
        ("/hidden", {"hidden": True}),
    ]
    for pointer, fields in cases:
        answer = await world.create_meeting(rep, customer, **fields)
        assert answer.status == 422, (pointer, answer.json)
        assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


async def test_the_meetings_of_a_customer_stand_newest_first(world: World) -> None:
    rep = await world.person("rep")
    customer = await world.customer(rep)
    for days in (3, 1, 2):
        await world.meeting(rep, customer, **period(timedelta(days=days)))
    await world.meeting(rep, await world.customer(rep))
    path = f"/meetings/customer/{customer}"
    first = await world.client.get(path, token=rep.token, params={"limit": 2})
    rest = await world.client.get(path, token=rep.token, params={"cursor": first.json["nextCursor"]})
    starts = [item["startsAt"] for item in first.json["items"] + rest.json["items"]]
    assert len(starts) == 3
    assert starts == sorted(starts, reverse=True)
    assert (await world.client.get(f"/meetings/customer/{new_id()}", token=rep.token)).status == 404


async def test_filters_narrow_the_list(world: World) -> None:
    rep = await world.person("rep")
    customer = await world.customer(rep)
    soon = await world.meeting(rep, customer, title="NISA の説明")
    later = await world.meeting(rep, customer, **period(timedelta(days=30)), agenda="相続の相談")
    boundary = period(timedelta(days=10))["startsAt"]
    for params, wanted in (
        ({"startsBefore": boundary}, [soon]),
        ({"startsAfter": boundary}, [later]),
        ({"q": "相続"}, [later]),
        ({"q": "nisa"}, [soon]),
        ({"sort": "startsAt"}, [soon, later]),
        ({"state": "HELD"}, []),
    ):
        answer = await world.client.get("/meetings", token=rep.token, params=params)
        assert [item["id"] for item in answer.json["items"]] == [meeting["id"] for meeting in wanted], params


async def test_a_deleted_meeting_is_gone(world: World) -> None:
    rep = await world.person("rep")
    meeting = await world.meeting(rep, await world.customer(rep))
    path = f"/meetings/{meeting['id']}"
    assert (await world.client.delete(path, token=rep.token)).status == 204
    assert (await world.client.get(path, token=rep.token)).status == 404
    assert await world.events(meeting["id"]) == ["meeting.created", "meeting.deleted"]
