"""Absences in the browser UI, where no real gateway is needed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from frontend.opportunity.app import create_app
from frontend.ui.build import build
from frontend.ui.time_zone import office_now
from tests.support.html_forms import form_to
from tests.support.records import absence, approval, colleague, counts, page, stage
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, text

PRINCIPAL = {"id": "u9", "name": "高橋 直樹"}
WAITING = approval(
    id="r1",
    state="PENDING",
    stages=[stage(approverIds=["u9"], approvers=[PRINCIPAL])],
    allowedActions=["APPROVE", "REJECT", "RETURN"],
    standsInFor=PRINCIPAL,
)


def opened(role: str = "approver") -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(create_app(SETTINGS), "opportunity", role)
    gateway.on("GET", "/approvals/counts", counts(waiting=1))
    return client, gateway


def waiting(gateway: ScriptedGateway, item: dict[str, Any]) -> None:
    gateway.on("GET", "/approvals/pending", page(item))
    gateway.on("GET", "/approvals/r1", item)
    gateway.on("GET", "/approvals/r1/history", page())
    gateway.on("GET", "/approvals/r1/comments", page())


async def test_row_panel_and_page_say_whose_place_it_is() -> None:
    client, gateway = opened()
    waiting(gateway, WAITING)
    inbox = text(await client.get("/approvals"))
    rows, _, panel = inbox.partition('id="opportunity-detail"')
    assert "代理（高橋 直樹）" in rows
    for shown in (panel, text(await client.get("/approvals/r1"))):
        assert "代理（高橋 直樹）" in shown
        assert "高橋 直樹さんの代理として決裁します" in shown


async def test_in_a_place_of_ones_own_nothing_speaks_of_a_proxy() -> None:
    client, gateway = opened()
    waiting(gateway, WAITING | {"standsInFor": None})
    for path in ("/approvals", "/approvals/r1"):
        assert "代理（" not in text(await client.get(path))


async def previewed(person: dict[str, Any]) -> str:
    client, gateway = opened("rep")
    shown = stage(name="最終承認", approverIds=["u9"], businessDays=False, approvers=[PRINCIPAL | person])
    gateway.on("POST", "/approvals/preview", {"routeId": None, "flags": [], "flagGrounds": {}, "stages": [shown]})
    answer = await client.post("/approvals/-/preview", form={"kind": "FEE_DISCOUNT", "amount": "3,000,000"})
    return text(answer)


async def test_the_preview_of_a_route_tells_until_when_somebody_is_away_and_who_stands_in() -> None:
    proxies = [{"id": "u2", "name": "伊藤 さくら"}, {"id": "u3", "name": "佐藤 美咲"}]
    away = {"absentFrom": "2026-11-19T01:00:00Z", "absentUntil": "2026-12-04T09:30:00Z", "proxies": proxies}
    assert "12/04 18:30まで不在（代理：伊藤 さくら、佐藤 美咲）" in await previewed(away | {"absent": True})
    planned = await previewed(away | {"absent": False, "proxies": proxies[:1]})
    assert "11/19 10:00から" in planned
    assert "12/04 18:30まで不在の予定（代理：伊藤 さくら）" in planned
    here = {"absentFrom": None, "absentUntil": None, "proxies": []}
    assert "不在" not in await previewed(here | {"absent": False})
    locked = await previewed(here | {"absent": True})
    assert "不在" in locked
    assert "まで" not in locked


# The page of absences, and its form -----------------------------------------------------------------------------------

ME = {"fromId": "me", "fromName": "加藤 浩二"}
PEOPLE = page(
    colleague(id="me", name="加藤 浩二", roles=["manager"]),
    colleague(id="u2", name="佐藤 美咲", roles=["approver"]),
    colleague(id="u3", name="鈴木 一郎", roles=["rep"]),
    colleague(id="u4", name="山田 管理", roles=["admin", "manager"]),
)
WISH = {
    "startDay": "2099-01-05", "startTime": "09:00", "endDay": "2099-01-09", "endTime": "18:00", "toId": "u2",
    "takesWaiting": "1", "idempotency_key": "k1",
}  # fmt: skip


def planning(role: str = "manager") -> tuple[Browser, ScriptedGateway]:
    client, gateway = opened(role)
    gateway.on("GET", "/auth/users", PEOPLE)
    gateway.on("GET", "/proxies", page())
    return client, gateway


def office(**shift: float) -> str:
    return (office_now() + timedelta(**shift)).isoformat()


async def test_the_page_lists_what_was_given_and_what_is_held_each_with_its_state() -> None:
    client, gateway = planning()
    gateway.on(
        "GET",
        "/proxies",
        page(
            absence(id="p1", **ME, toName="代理甲", startsAt=office(days=1), endsAt=office(days=2)),
            absence(id="p2", **ME, toName="代理乙", startsAt=office(days=-1), endsAt=office(days=1), ended=True),
            absence(
                id="p3", fromId="u2", fromName="不在丙", toId="me", startsAt=office(days=-1), endsAt=office(days=1)
            ),
            absence(
                id="p4", fromId="u2", fromName="不在丁", toId="me", startsAt=office(days=-9), endsAt=office(days=-8)
            ),
            more="older",
        ),
    )
    shown = text(await client.get("/absences")).partition('id="opportunity-calendar"')[0]
    given, _, held = shown.partition("代理を引き受けている不在")
    for part, name, state in ((given, "代理甲", "予定"), (given, "代理乙", "途中で終了"), (held, "不在丙", "不在中")):
        row = next(row for row in part.split("<li>") if name in row)
        assert state in row
    assert "不在丁" in held
    assert "cursor=older" in held


@pytest.mark.parametrize(
    ("role", "offered"), [("manager", True), ("approver", True), ("admin", True), ("auditor", False)]
)
async def test_only_who_may_name_a_proxy_is_offered_the_form(role: str, offered: bool) -> None:
    client, _gateway = planning(role)
    assert ('href="/absences/new"' in text(await client.get("/absences"))) is offered


async def test_the_calendar_has_every_day_that_an_absence_touches() -> None:
    client, gateway = planning()
    over_midnight = {"startsAt": "2098-02-26T15:00:00Z", "endsAt": "2098-03-01T15:00:00Z"}
    gateway.on("GET", "/proxies", page(absence(**ME, **over_midnight), absence(id="p2", fromId="u9", fromName=None)))
    shown = text(await client.get("/absences?month=2098-02"))
    asked = dict(gateway.sent("GET", "/proxies")[1].query)
    assert (asked["scope"], asked["from"], asked["to"]) == (
        "TEAM",
        "2098-02-01T00:00:00+09:00",
        "2098-03-01T00:00:00+09:00",
    )
    cells = shown.partition("<tbody>")[2].partition("</tbody>")[0].split("<td")[1:]
    days = [found[1] for cell in cells if "加藤 浩二" in cell and (found := re.search(r'datetime="([^"]+)"', cell))]
    assert days == ["2098-02-27", "2098-02-28"], "half-open: it ends as the second of March begins"
    assert len(cells) == 35
    assert ("month=2098-01" in shown, "month=2098-03" in shown) == (True, True)


@pytest.mark.parametrize("month", ["", "2098-13", "nonsense", "0000-01", "99999-01"])
async def test_any_other_month_is_the_present_one(month: str) -> None:
    client, _gateway = planning()
    shown = text(await client.get(f"/absences?month={month}"))
    assert f'datetime="{office_now().date().isoformat()}"' in shown


async def test_a_calendar_that_is_longer_than_one_answer_is_read_to_its_end_or_says_that_it_is_not() -> None:
    client, gateway = planning()
    gateway.on("GET", "/proxies", page(absence(**ME), more="next"))
    shown = text(await client.get("/absences"))
    assert len(gateway.sent("GET", "/proxies")) == 6, "one's own, and five of the calendar"
    assert "一部だけを表示" in shown


async def test_an_absence_is_registered_in_the_zone_of_the_office_and_offers_who_can_decide() -> None:
    client, gateway = planning()
    gateway.on("POST", "/proxies", absence(id="p9"), status=201)
    form = text(await client.get("/absences/new?form=01a22bfb-c3d0-7591-b3d6-e367fa89e2c6"))
    assert re.findall(r'<option value="(u\d|me)"', form.partition('name="toId"')[2]) == ["u2"]
    assert 'name="fromId"' not in form
    answer = await client.post("/absences/new", form=WISH)
    assert (answer.status, answer.headers["location"]) == (303, "/absences/p9")
    [sent] = gateway.sent("POST", "/proxies")
    period = {"startsAt": "2099-01-05T09:00:00+09:00", "endsAt": "2099-01-09T18:00:00+09:00"}
    assert sent.body == {"toId": "u2", "takesWaiting": True, **period}
    assert sent.headers["Idempotency-Key"] == "k1"


async def test_an_administrator_says_whose_absence_it_is() -> None:
    client, gateway = planning("admin")
    gateway.on("POST", "/proxies", absence(id="p9"), status=201)
    missing = await client.post("/absences/new", form=WISH)
    assert (missing.status, "不在にする人を選んでください" in text(missing)) == (422, True)
    assert (await client.post("/absences/new", form=WISH | {"fromId": "me"})).status == 303
    assert gateway.sent("POST", "/proxies")[0].body["fromId"] == "me"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"toId": ""}, "代理人を選んでください"),
        ({"toId": "me"}, "本人以外を代理人にしてください"),
        ({"startDay": "いつか"}, "日付と時刻を入力してください"),
        ({"endDay": "2099-01-04"}, "終了は開始より後にしてください"),
        ({"startDay": "2020-01-01", "endDay": "2020-01-02"}, "終了日時が過ぎています"),
    ],
)
async def test_a_form_that_can_not_be_right_keeps_what_was_typed_and_sends_nothing(
    typed: dict[str, str], said: str
) -> None:
    client, gateway = planning()
    form = {name: value for name, value in (WISH | typed).items() if name != "takesWaiting"}
    answer = await client.post("/absences/new", form=form)
    assert (answer.status, said in text(answer)) == (422, True)
    assert gateway.sent("POST", "/proxies") == []
    assert 'value="18:00"' in text(answer)
    assert "checked" not in text(answer).partition("opportunity-takes-waiting")[2].partition(">")[0]


async def test_what_the_server_refuses_is_said_at_its_field_and_typed_text_stays() -> None:
    client, gateway = planning()
    error = {"pointer": "/toId", "in": "body", "code": "leaving", "message": "退職予定です"}
    gateway.on("POST", "/proxies", {"code": "unprocessable", "title": "誤り", "errors": [error]}, status=422)
    answer = await client.post("/absences/new", form=WISH)
    assert answer.status == 422
    assert "退職予定です" in text(answer).partition('name="toId"')[2].partition("</div>")[0]
    assert re.search(r'value="u2"\s+selected', text(answer))


async def test_of_an_absence_that_has_begun_the_form_offers_the_end_alone() -> None:
    client, gateway = planning()
    begun = absence(**ME, startsAt=office(days=-1), endsAt=office(days=3))
    gateway.on("GET", "/proxies/p1", begun, etag='"1"')
    gateway.on("PUT", "/proxies/p1", begun, etag='"2"')
    form = form_to(text(await client.get("/absences/p1/edit")), "/absences/p1/edit")
    names = {name for name, _ in form.entries}
    assert {"endDay", "endTime"} <= names
    assert not {"startDay", "toId", "fromId"} & names
    answer = await client.post("/absences/p1/edit", form.filled({"endDay": "2099-02-01", "endTime": "12:00"}))
    assert answer.status == 303
    [sent] = gateway.sent("PUT", "/proxies/p1")
    unchanged = {name: begun[name] for name in ("toId", "startsAt", "takesWaiting")}
    assert sent.body == unchanged | {"endsAt": "2099-02-01T12:00:00+09:00"}


@pytest.mark.parametrize(
    ("role", "members", "edits", "ends"),
    [
        ("manager", ME, True, True),
        ("manager", {"fromId": "u2", "toId": "me"}, False, True),
        ("manager", {"fromId": "u2", "toId": "u3"}, False, False),
        ("admin", {"fromId": "u2", "toId": "u3"}, True, True),
        ("manager", ME | {"ended": True}, False, False),
        ("manager", ME | {"startsAt": "2020-01-01T00:00:00Z", "endsAt": "2020-01-02T00:00:00Z"}, False, False),
    ],
)
async def test_the_page_of_an_absence_offers_what_its_reader_may_do(
    role: str, members: dict[str, Any], edits: bool, ends: bool
) -> None:
    client, gateway = planning(role)
    gateway.on("GET", "/proxies/p1", absence(**members))
    shown = text(await client.get("/absences/p1"))
    assert ("/absences/p1/edit" in shown, 'action="/absences/p1/end"' in shown) == (edits, ends)


async def test_an_absence_is_ended_from_its_page_and_an_outage_is_said_there() -> None:
    client, gateway = planning()
    gateway.on("GET", "/proxies/p1", absence(**ME))
    gateway.on("DELETE", "/proxies/p1", {"code": "unavailable"}, status=503)
    failed = await client.post("/absences/p1/end", form={})
    assert (failed.status, "サービスが応答しません" in text(failed)) == (503, True)
    gateway.on("DELETE", "/proxies/p1", None, status=204)
    answer = await client.post("/absences/p1/end", form={})
    assert (answer.status, answer.headers["location"]) == (303, "/absences")
