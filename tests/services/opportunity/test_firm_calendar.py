"""The firm's own days over HTTP: what deadlines follow from them, from when on, and when the calendar runs out."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from services.kit.running import clock, zone
from services.opportunity.service import firm_calendar
from tests.services.opportunity import slow_calendar
from tests.services.opportunity.slow_calendar import JST
from tests.services.opportunity.world import Person, World, plain, stage
from tests.support.http import Answer

DAY = timedelta(days=1)


async def say(
    world: World, by: Person, first: date, is_open: bool | None, name: str = "創立記念日", **more: Any
) -> Answer:
    body = {"firstDay": first, "open": is_open, "name": name} | more
    return await world.client.post("/business-calendar/days", plain(body), token=by.token)


async def year_of(world: World, by: Person, year: int) -> dict[str, Any]:
    answer = await world.client.get(f"/business-calendar/{year}", token=by.token)
    assert answer.status == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


def codes(answer: Answer) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in answer.json.get("errors", [])]


def business(*people: Person, hours: int = 24) -> dict[str, Any]:
    return stage("承認", *people, deadlineHours=hours, businessDays=True)


async def test_deadlines_of_two_years_are_those_of_an_independent_count(world: World) -> None:
    admin, rep, boss = await world.person("admin"), await world.person("rep"), await world.person("approver")
    with clock.travel(at=datetime(2025, 12, 1, tzinfo=JST)):
        own = {date(2026, 4, 1): False, date(2026, 11, 7): True, date(2026, 12, 30): False, date(2027, 5, 6): False}
        for day, is_open in own.items():
            assert (await say(world, world.renewed(admin, "admin"), day, is_open)).status == 200
    for start in (
        datetime(2026, 3, 31, 15, tzinfo=JST),
        datetime(2026, 4, 28, 10, tzinfo=JST),
        datetime(2026, 9, 18, 18, tzinfo=JST),
        datetime(2026, 11, 6, 9, tzinfo=JST),
        datetime(2026, 12, 29, 17, tzinfo=JST),
        datetime(2027, 3, 19, 12, tzinfo=JST),
        datetime(2027, 4, 30, 23, tzinfo=JST),
    ):
        for hours in (8, 48, 120):
            with clock.travel(at=start):
                request = await world.request(world.renewed(rep, "rep"), stages=[business(boss, hours=hours)])
            due = datetime.fromisoformat(request["deadlineAt"])
            assert abs(due - slow_calendar.deadline(start, hours, own)) < timedelta(minutes=1), (start, hours)


async def test_a_deadline_that_runs_stays_and_the_next_one_follows_the_calendar(live: World) -> None:
    world = live
    admin, rep, boss = await world.person("admin"), await world.person("rep"), await world.person("approver")
    with clock.travel(at=datetime(2027, 11, 4, 10, tzinfo=JST)):
        people = [world.renewed(admin, "admin"), world.renewed(rep, "rep"), world.renewed(boss, "approver")]
        running = await world.request(people[1], stages=[business(boss, hours=48)])
        assert running["deadlineAt"].startswith("2027-11-08T01:0")
        assert running["businessDaysLeft"] == 2
        assert (await say(world, people[0], date(2027, 11, 5), False)).status == 200
        shown = await world.get(people[1], running)
        assert (shown["deadlineAt"], shown["businessDaysLeft"]) == (running["deadlineAt"], 1)
        later = await world.request(people[1], stages=[business(boss, hours=48)])
        assert later["deadlineAt"].startswith("2027-11-09T01:0")
        returned = (await world.act(people[2], running, "return", comment="修正してください")).json
        assert returned["deadlineAt"] is None
        again = (await world.act(people[1], running, "resubmit")).json
        assert again["deadlineAt"].startswith("2027-11-08T01:0"), "what is left counts on by the calendar of now"
        assert (await say(world, people[0], date(2027, 11, 5), None)).status == 200
        assert (await world.request(people[1], stages=[business(boss, hours=48)]))["deadlineAt"].startswith(
            "2027-11-08T01:0"
        )


async def test_a_year_tells_each_day_why_and_who_said_so(world: World) -> None:
    admin, rep = await world.person("admin", name="管理 花子"), await world.person("rep")
    with clock.travel(at=datetime(2026, 6, 1, 9, tzinfo=JST)):
        admin, rep = world.renewed(admin, "admin"), world.renewed(rep, "rep")
        assert (await say(world, admin, date(2027, 5, 3), True, "臨時営業")).status == 200
        done = await say(world, admin, date(2027, 12, 29), False, "年末休業", lastDay=date(2027, 12, 30))
        assert done.status == 200
        year = await year_of(world, rep, 2027)
        days = {one["day"]: (one["open"], one["reason"], one["name"]) for one in year["days"]}
        assert len(days) == 365
        assert days["2027-05-03"] == (True, "FIRM", "臨時営業")
        assert days["2027-05-04"] == (False, "HOLIDAY", "みどりの日")
        assert days["2027-05-08"] == (False, "WEEKEND", None)
        assert days["2027-12-30"] == (False, "FIRM", "年末休業")
        assert days["2027-12-31"] == (False, "YEAR_END", None)
        assert days["2027-06-01"] == (True, "WEEKDAY", None)
        assert [(one["day"], one["createdByName"]) for one in year["firm"]] == [
            ("2027-05-03", "管理 花子"),
            ("2027-12-29", "管理 花子"),
            ("2027-12-30", "管理 花子"),
        ]
        english = await world.client.get("/business-calendar/2027", token=rep.token, headers={"accept-language": "en"})
        assert next(one["name"] for one in english.json["days"] if one["day"] == "2027-05-04") == "Greenery Day"
    [first, *_] = await world.rows("SELECT detail FROM audit_entries WHERE action = 'firm_calendar.update' ORDER BY at")
    assert first["detail"]["changes"] == {"2027-05-03": {"from": None, "to": {"open": True, "name": "臨時営業"}}}


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"first": -1}, ("/firstDay", "time_past")),
        ({"first": 5 * 366 + 1}, ("/firstDay", "time_too_far")),
        ({"first": 5 * 366, "last": 5 * 366 + 1}, ("/lastDay", "time_too_far")),
        ({"first": 3, "last": 2}, ("", "days_backwards")),
        ({"first": 3, "last": 34}, ("", "days_too_many")),
        ({"first": 3, "name": ""}, ("", "day_unnamed")),
        ({"first": 3, "name": "長" * 81}, ("/name", "string_too_long")),
    ],
)
async def test_what_is_no_day_is_refused(world: World, fields: dict[str, Any], fault: tuple[str, str]) -> None:
    admin, today = await world.person("admin"), zone.today()
    more = {"lastDay": today + fields["last"] * DAY} if "last" in fields else {}
    answer = await say(world, admin, today + fields["first"] * DAY, False, fields.get("name", "休業"), **more)
    assert (answer.status, codes(answer)) == (422, [fault])
    assert await world.rows("SELECT 1 FROM firm_days") == []


async def test_replicas_follow_at_once_and_writers_come_one_after_the_other(world: World) -> None:
    admin = await world.person("admin")
    tomorrow = zone.today() + DAY

    async def read() -> bool | None:
        async with world.db.reader() as reader:
            return (await firm_calendar.current(reader)).firm.get(tomorrow)

    assert await read() is None
    assert (await say(world, admin, tomorrow, False)).status == 200
    assert await read() is False
    async with world.db.transaction(world.system) as uow:
        # Another replica, whose process has never seen this one's copy: it has not committed yet.
        await uow.execute("SELECT pg_advisory_xact_lock(hashtext('firm_days'))")
        waiting = asyncio.create_task(say(world, admin, tomorrow, None))
        await uow.execute(
            "INSERT INTO firm_days (id, day, open, name, created_at)"
            " VALUES (gen_random_uuid(), %s, true, '営業', now())",
            [tomorrow],
        )
        assert await read() is False
    assert (await waiting).status == 200
    assert await read() is None, "what was said last"
    found = await world.rows("SELECT open FROM firm_days ORDER BY number")
    assert [row["open"] for row in found] == [False, True, None]
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
        async with world.db.transaction(world.system) as uow:
            await uow.execute("DELETE FROM firm_days")


async def test_what_changes_nothing_leaves_no_trace(world: World) -> None:
    admin = await world.person("admin")
    tomorrow = zone.today() + DAY
    for _ in range(2):
        assert (await say(world, admin, tomorrow, False)).status == 200
    assert (await say(world, admin, tomorrow + DAY, None)).status == 200
    assert len(await world.rows("SELECT 1 FROM firm_days")) == 1
    assert len(await world.rows("SELECT 1 FROM audit_entries WHERE action = 'firm_calendar.update'")) == 1


async def test_a_year_is_confirmed_once_it_can_be_known(world: World) -> None:
    admin, rep = await world.person("admin", name="管理 花子"), await world.person("rep")

    async def confirm(by: Person, year: int, confirmed: bool = True) -> Answer:
        path = f"/business-calendar/{year}/confirmation"
        return await world.client.put(path, {"confirmed": confirmed}, token=by.token)

    with clock.travel(at=datetime(2027, 1, 20, tzinfo=JST)):
        admin, rep = world.renewed(admin, "admin"), world.renewed(rep, "rep")
        early = await confirm(admin, 2028)
        assert (early.status, codes(early)) == (422, [("/year", "year_not_proclaimed")])
        assert codes(await confirm(admin, 2026)) == [("/year", "time_past")]
        state = (await world.client.get("/business-calendar", token=rep.token)).json
        assert state == {"confirmedUntil": None, "runsOut": True, "lastProclaimed": 2027}
        assert (await confirm(rep, 2027)).status == 403
        done = await confirm(admin, 2027)
        assert done.json["confirmation"]["confirmedByName"] == "管理 花子"
        assert (done.json["confirmedUntil"], done.json["runsOut"]) == ("2027-12-31", False)
        assert (await confirm(admin, 2027)).status == 200
    with clock.travel(at=datetime(2027, 10, 2, tzinfo=JST)):
        admin = world.renewed(admin, "admin")
        assert (await year_of(world, admin, 2027))["runsOut"] is True
        assert (await confirm(admin, 2028)).json["confirmedUntil"] == "2028-12-31"
        assert (await confirm(admin, 2028, False)).json["runsOut"] is True
    actions = await world.rows("SELECT action FROM audit_entries WHERE action LIKE 'firm_calendar.%' ORDER BY at")
    assert [row["action"].partition(".")[2] for row in actions] == ["confirm", "confirm", "unconfirm"]
