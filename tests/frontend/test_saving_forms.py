"""Every form that changes a record: what nobody touched stays as it is, and two people's changes meet.

The records are as awkward as the API allows: texts and times that a form can't show as they are, values that it does
not offer. Each form is read out of its page and sent as a browser would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette

from frontend.customer.app import create_app as customer_app
from frontend.opportunity.app import create_app as opportunity_app
from frontend.sales.app import create_app as sales_app
from frontend.ui.build import build
from frontend.ui.settings import FrontendSettings
from tests.support.html_forms import form_to
from tests.support.records import (
    absence,
    approval,
    approval_route,
    colleague,
    customer,
    meeting,
    page,
    route_stage,
    route_version,
    stage,
    task,
)
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, text

NOTES = "\n  二行目から始まる\r\n行末に空白  \r古い改行\n\n"
LINE = '  前後に空白、"引用符"、<b>と𠮷󠄀  '
CUSTOMER = customer(
    id="c1",
    name=LINE,
    nameKana=" ﾔﾏﾀﾞ ",
    kind="CORPORATE",
    email="Taro+tag@例え.example",
    phone="０７５ー６５２ー１５３５",
    birthDate="1931-02-28",
    occupation=" 医師 ",
    relationship="DECEASED",
    assignedSalesId="who-left",
    tags=["相続, 贈与", "株式、債券", 'いわゆる"優良"', " 空白 ", "NISA"],
    notes=NOTES,
    state="ACTIVE",
    version=3,
    profile={
        "riskTolerance": "UNHEARD_OF",
        "objectives": ["RETIREMENT", "INCOME"],
        "experience": {"BONDS": "OVER_10Y", "EQUITIES": "NONE"},
        "assetsBand": None,
        "incomeBand": "M10_30",
        "horizon": "Y3_5",
        "fundSource": None,
        "investorClass": "GENERAL",
        "reviewedAt": "2026-01-01T00:00:00Z",
        "version": 7,
    },
)
MEETING = meeting(
    id="m1",
    customerId="c1",
    customerName="改名|前の 太郎",
    userId="who-left",
    attendeeIds=["z9", "gone", "a1"],
    title=LINE,
    startsAt="2026-11-20T14:30:17.250Z",
    endsAt="2026-11-22T15:05:59Z",
    place="  本店\t3階 ",
    agenda=NOTES,
    outcome=NOTES,
    nextStep=" 次 \r\n",
    state="HELD",
    version=5,
)
TASK = task(
    id="t1",
    customerId=None,
    customerName=None,
    userId="who-left",
    title=LINE,
    description=NOTES,
    priority="UNHEARD_OF",
    dueDate="2026-11-20T14:59:59Z",
    leadHours=7,
    state="OPEN",
    version=2,
)
REQUEST = approval(
    id="r1",
    number="RNG-2026-000001",
    title=LINE,
    description=NOTES,
    kind="UNHEARD_OF",
    customerId="c1",
    customerName=" 山田 ",
    requesterId="me",
    amount=900_000,
    currency="USD",
    state="DRAFT",
    stages=[stage(approverIds=["u7"])],
    revision=1,
    version=4,
    allowedActions=["SUBMIT"],
)
ABSENCE = absence(toId="who-left", startsAt="2099-01-05T00:00:17.250Z", endsAt="2099-01-09T09:00:59Z", version=1)
WHOLE_ABSENCE = ("toId", "startsAt", "endsAt", "takesWaiting")
WHOLE_REQUEST = ("customerId", "kind", "title", "description", "amount", "currency", "fields")
WHOLE_ROUTE = (
    *("name", "kind", "minAmount", "maxAmount", "currency", "minAge", "riskTolerances", "priority", "stages"),
    "active",
)
_ROUTE_CONTENT = {
    "name": LINE,
    "kind": "UNHEARD_OF",
    "minAmount": 900_000,
    "currency": "USD",
    "minAge": 75,
    "riskTolerances": ["UNHEARD_OF", "AGGRESSIVE"],
    "priority": -3,
    "stages": [
        route_stage(approverIds=["z9", "gone", "a1"], mode="QUORUM", quorum=2, viewerIds=["u2"]),
        route_stage(resolvers=["ROLE:approver"], deadlineHours=8, businessDays=True, escalateTo="gone"),
    ],
    "note": NOTES,
}
ROUTE = approval_route(**_ROUTE_CONTENT, validFrom="2026-11-01T00:00:17.250Z")
PLANNED = route_version(**_ROUTE_CONTENT, version=2, state="PLANNED", validFrom="2027-03-31T15:00:17.250Z")
PEOPLE = [
    colleague(id="me", name="加藤 浩二", roles=["manager"]),
    colleague(id="u2", name="佐藤 美咲", roles=["rep"], managerId="me"),
]


@dataclass(frozen=True)
class Case:
    """A form: its record, where it stands and is sent, and per part what somebody types and what is then sent."""

    name: str
    remote: str
    app: Callable[[FrontendSettings], Starlette]
    path: str
    page: str
    action: str
    record: dict[str, Any]
    edits: dict[str, tuple[dict[str, str | list[str]], dict[str, Any]]]
    other: dict[str, Any]
    """What somebody else saved; by member of the record."""
    button: dict[str, str] = field(default_factory=dict)
    whole: tuple[str, ...] = ()
    """What is always sent, of a content that the API takes whole; with ``beside``, which the record does not have."""
    beside: dict[str, Any] = field(default_factory=dict)

    def site(self) -> tuple[Browser, ScriptedGateway]:
        build()
        client, gateway = browser(self.app(SETTINGS), self.remote, "manager")
        gateway.on("GET", "/auth/users", page(*PEOPLE))
        gateway.on("GET", "/approvals/kinds", {"items": []})
        gateway.on("GET", self.path, self.record, etag='"1"')
        gateway.on("GET", f"{self.path}/history", page())
        gateway.on("PUT", self.path, self.record | {"version": 99}, etag='"99"')
        return client, gateway

    def sent_whole(self, change: dict[str, Any]) -> dict[str, Any]:
        """The content of a request or route is sent whole, every other change alone."""
        return {name: self.record[name] for name in self.whole} | self.beside | change


PROFILE = {name: CUSTOMER["profile"][name] for name in (
    "riskTolerance", "assetsBand", "incomeBand", "horizon", "fundSource", "investorClass", "objectives", "experience",
)}  # fmt: skip
CASES = [
    Case("customer", "customer", customer_app, "/customers/c1", "/customers/c1/edit", "/customers/c1/edit", CUSTOMER, {
        "name": ({"name": "新しい 名"}, {"name": "新しい 名"}),
        "tags": (
            {"tags": '"相続, 贈与", NISA, 追加'},
            {"tags": ["相続, 贈与", "NISA", "追加"]},
        ),
        "email": ({"email": "taro＠example.jp"}, {"email": "taro@example.jp"}),
        "notes": ({"notes": " 字下げ\n次 "}, {"notes": " 字下げ\n次 "}),
        "horizon": ({"horizon": "OVER_10Y"}, {"profile": PROFILE | {"horizon": "OVER_10Y"}}),
        "objectives": (
            {"objectives": ["GROWTH", "INCOME", "RETIREMENT"]},
            {"profile": PROFILE | {"objectives": ["RETIREMENT", "INCOME", "GROWTH"]}},
        ),
        "reviewed": ({"reviewed": "1"}, {"profile": PROFILE}),
    }, {"notes": "他の人", "occupation": "弁護士"}),
    Case("meeting", "sales", sales_app, "/meetings/m1", "/meetings/m1/edit", "/meetings/m1/edit", MEETING, {
        "period": (
            {"day": "2026-11-25", "start": "23:30", "endDay": "2026-11-26", "end": "00:15"},
            {"startsAt": "2026-11-25T23:30:00+09:00", "endsAt": "2026-11-26T00:15:00+09:00"},
        ),
        "agenda": ({"agenda": "一\n二"}, {"agenda": "一\n二"}),
        "attendeeIds": ({"attendeeIds": ["a1", "u2", "z9"]}, {"attendeeIds": ["z9", "a1", "u2"]}),
        "place": ({"place": ""}, {"place": None}),
    }, {"agenda": "他の人", "title": "他の件名"}),
    Case("outcome", "sales", sales_app, "/meetings/m1", "/meetings/m1", "/meetings/m1", MEETING, {
        "outcome": ({"outcome": "合意"}, {"outcome": "合意"}),
        "nextStep": ({"nextStep": ""}, {"nextStep": None}),
    }, {"outcome": "他の人", "place": "支店"}, {"action": "outcome"}),
    Case("task", "sales", sales_app, "/tasks/t1", "/tasks/t1/edit", "/tasks/t1/edit", TASK, {
        "title": ({"title": "電話"}, {"title": "電話"}),
        "due": ({"dueDay": "2026-11-30"}, {"dueDate": "2026-11-30"}),
        "leadHours": ({"leadHours": "24"}, {"leadHours": 24}),
        "description": ({"description": "  "}, {"description": None}),
    }, {"description": "他の人", "leadHours": 48}),
    Case("request", "opportunity", opportunity_app, "/approvals/r1", "/approvals/r1/edit", "/approvals/r1/edit",
         REQUEST, {
        "amount": ({"amount": "80万"}, {"amount": 800_000}),
        "title": ({"title": "件名"}, {"title": "件名"}),
        "description": ({"description": " 一\n二 "}, {"description": " 一\n二 "}),
    }, {"description": "他の人", "amount": 1}, {"action": "save"}, WHOLE_REQUEST),
    Case("absence", "opportunity", opportunity_app, "/proxies/p1", "/absences/p1/edit", "/absences/p1/edit", ABSENCE, {
        "start": ({"startDay": "2099-01-04", "startTime": "08:30"}, {"startsAt": "2099-01-04T08:30:00+09:00"}),
        "end": ({"endDay": "2099-01-12"}, {"endsAt": "2099-01-12T18:00:00+09:00"}),
        "toId": ({"toId": "u3"}, {"toId": "u3"}),
        "takesWaiting": ({"takesWaiting": []}, {"takesWaiting": False}),
    }, {"toId": "他の人", "takesWaiting": True}, {}, WHOLE_ABSENCE),
    Case("route", "opportunity", opportunity_app, "/approval-routes/r9", "/routes/r9/edit", "/routes/r9/edit", ROUTE, {
        "name": ({"name": "新しい名"}, {"name": "新しい名"}),
        "amounts": ({"minAmount": "120万"}, {"minAmount": 1_200_000}),
        "riskTolerances": (
            {"riskTolerances": ["BALANCED", "UNHEARD_OF"]}, {"riskTolerances": ["UNHEARD_OF", "BALANCED"]},
        ),
        "stages": (
            {"s0_approvers": ["z9"], "s0_add": "u2", "s1_hours": "4"},
            {"stages": [ROUTE["stages"][0] | {"approverIds": ["z9", "u2"]}, ROUTE["stages"][1] | {"deadlineHours": 4}]},
        ),
        "valid": ({"validDay": "2027-04-01"}, {"validFrom": "2027-04-01T00:00:00+09:00"}),
        "note": ({"note": "一\n二"}, {"note": "一\n二"}),
    }, {"name": "他の人", "priority": -5}, {"action": "save"}, WHOLE_ROUTE, {"validFrom": None, "note": ""}),
    Case("planned", "opportunity", opportunity_app, "/approval-routes/r9/versions/2", "/routes/r9/versions/2/edit",
         "/routes/r9/versions/2/edit", PLANNED, {
        "name": ({"name": "新しい名"}, {"name": "新しい名"}),
        "minAge": ({"minAge": ""}, {"minAge": None}),
        "active": ({"active": []}, {"active": False}),
        "valid": ({"validClock": "09:30"}, {"validFrom": "2027-04-01T09:30:00+09:00"}),
        "note": ({"note": ""}, {"note": ""}),
    }, {"name": "他の人", "note": "他の人の理由"}, {"action": "save"}, (*WHOLE_ROUTE, "validFrom", "note")),
]  # fmt: skip
EDITS = [pytest.param(case, part, id=f"{case.name}-{part}") for case in CASES for part in case.edits]


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


async def opened(case: Case, client: Browser) -> Any:
    answer = await client.get(case.page)
    assert answer.status == 200
    return form_to(text(answer), case.action)


async def test_a_form_that_is_opened_and_saved_changes_nothing(case: Case) -> None:
    client, gateway = case.site()
    form = await opened(case, client)
    answer = await client.post(case.action, form.filled(case.button))
    assert answer.status == 303, text(answer)
    assert gateway.sent("PUT", case.path) == [], "nothing was touched, so nothing is sent"


@pytest.mark.parametrize(("case", "part"), EDITS)
async def test_what_is_changed_is_sent_and_nothing_beside_it(case: Case, part: str) -> None:
    client, gateway = case.site()
    typed, sent = case.edits[part]
    form = await opened(case, client)
    answer = await client.post(case.action, form.filled(typed | case.button))
    assert answer.status == 303, text(answer)
    [call] = gateway.sent("PUT", case.path)
    assert call.body == case.sent_whole(sent)
    assert call.headers["If-Match"] == '"1"'


@pytest.mark.parametrize(("case", "part"), EDITS)
async def test_a_refused_form_shown_again_still_knows_what_was_changed(case: Case, part: str) -> None:
    client, gateway = case.site()
    typed, sent = case.edits[part]
    gateway.on("PUT", case.path, {"code": "unavailable", "title": "停止中"}, status=503)
    form = await opened(case, client)
    again = await client.post(case.action, form.filled(typed | case.button))
    assert again.status == 503
    gateway.on("PUT", case.path, case.record, etag='"2"')
    answer = await client.post(case.action, form_to(text(again), case.action).filled(case.button))
    assert answer.status == 303, text(answer)
    assert gateway.sent("PUT", case.path)[-1].body == case.sent_whole(sent)


class Racing:
    """A service whose record somebody else changes between the opening and the saving of a form."""

    def __init__(self, case: Case, gateway: ScriptedGateway) -> None:
        self.case, self.gateway = case, gateway

    def overtake(self, change: dict[str, Any]) -> None:
        problem = {"code": "precondition_failed", "changedBy": "u2", "changedAt": "2026-11-20T01:00:00Z"}
        self.gateway.on("GET", self.case.path, self.case.record | change, etag='"2"')
        self.gateway.on("PUT", self.case.path, problem, status=412)
        self.gateway.accept_only("PUT", self.case.path, '"2"', self.case.record | change)


async def test_what_two_people_changed_in_different_parts_is_saved_without_a_question(case: Case) -> None:
    client, gateway = case.site()
    part = next(name for name in case.edits if name not in case.other and name != "email")
    typed, sent = case.edits[part]
    form = await opened(case, client)
    Racing(case, gateway).overtake(case.other)
    answer = await client.post(case.action, form.filled(typed | case.button))
    assert answer.status == 303, text(answer)
    last = gateway.sent("PUT", case.path)[-1]
    shared = {name: value for name, value in case.other.items() if case.whole}
    assert last.body == case.sent_whole(shared | sent), "what the other one saved is not written over"
    assert last.headers["If-Match"] == '"2"'


async def test_only_what_both_changed_is_asked_and_mine_is_kept(case: Case) -> None:
    client, gateway = case.site()
    both = next(name for name in case.other if name in case.edits)
    typed, sent = case.edits[both]
    form = await opened(case, client)
    Racing(case, gateway).overtake(case.other)
    answer = await client.post(case.action, form.filled(typed | case.button))
    assert answer.status == 412
    html = text(answer)
    assert "佐藤 美咲さんが" in html
    rows = html.partition("相違点")[2].partition("</table>")[0]
    assert rows.count("<tr") == 2, "the head and one part"
    assert "他の人" in rows
    again = await client.post(case.action, form_to(html, case.action).filled(case.button))
    assert again.status == 303, text(again)
    shared = {name: value for name, value in case.other.items() if case.whole}
    assert gateway.sent("PUT", case.path)[-1].body == case.sent_whole(shared | sent)


async def test_the_same_change_made_by_two_people_is_no_conflict(case: Case) -> None:
    client, gateway = case.site()
    both = next(name for name in case.other if name in case.edits)
    typed = {both: str(case.other[both])}
    form = await opened(case, client)
    Racing(case, gateway).overtake(case.other)
    answer = await client.post(case.action, form.filled(typed | case.button))
    assert answer.status == 303, text(answer)


async def test_nobody_submits_a_version_that_they_have_not_seen() -> None:
    case = next(case for case in CASES if case.name == "request")
    client, gateway = case.site()
    gateway.on("PATCH", "/approvals/r1/submit", case.record)
    form = await opened(case, client)
    Racing(case, gateway).overtake({"description": "他の人"})
    answer = await client.post(case.action, form.filled({"action": "submit"}))
    assert answer.status == 409
    assert "他の人</textarea>" in text(answer)
    assert gateway.sent("PATCH", "/approvals/r1/submit") == []
    again = await client.post(case.action, form_to(text(answer), case.action).filled({"action": "submit"}))
    assert again.status == 303
    assert len(gateway.sent("PATCH", "/approvals/r1/submit")) == 1


@pytest.mark.parametrize("base", ["", "no json", "[]", '{"title": 5}', '{"title": [5]}', "null"])
async def test_a_form_that_lost_what_it_showed_can_be_saved_and_breaks_nothing(case: Case, base: str) -> None:
    client, _gateway = case.site()
    form = await opened(case, client)
    assert (await client.post(case.action, form.filled({"base": base} | case.button))).status in {303, 422}
