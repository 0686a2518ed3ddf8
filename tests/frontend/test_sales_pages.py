"""Meetings and tasks in the browser: lists, steps in place, forms in the office's time."""

from __future__ import annotations

from typing import Any

import pytest

from frontend.sales.app import create_app
from frontend.sales.drafts import MeetingDraft, TaskDraft
from frontend.sales.meeting_list import by_day
from frontend.sales.views import Meeting
from frontend.ui.build import build
from tests.support.html_forms import form_to
from tests.support.records import colleague, customer, meeting, page, task
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, fragment, text

TASK = task(
    id="t1",
    customerId="c1",
    customerName="山田 太郎",
    userId="me",
    userName="加藤 浩二",
    title="資料送付",
    priority="HIGH",
    dueDate="2026-11-20T14:59:59Z",
    leadHours=24,
    state="OPEN",
    overdue=True,
    version=2,
)
MEETING = meeting(
    id="m1",
    customerId="c1",
    customerName="山田 太郎",
    userId="me",
    title="定例面談",
    startsAt="2026-11-20T15:30:00Z",
    endsAt="2026-11-20T16:30:00Z",
    attendeeIds=["a1"],
    state="PLANNED",
    version=5,
)

Site = tuple[Browser, ScriptedGateway]


def site(*roles: str) -> Site:
    build()
    client, gateway = browser(create_app(SETTINGS), "sales", *roles)
    gateway.on("GET", "/auth/users", page())
    gateway.on("GET", "/tasks", page(TASK))
    gateway.on("GET", "/tasks/t1", TASK, etag='"2"')
    gateway.on("GET", "/meetings", page(MEETING))
    gateway.on("GET", "/meetings/m1", MEETING, etag='"5"')
    return client, gateway


@pytest.mark.parametrize(
    ("tab", "asked"),
    [
        ("due", [("state", "OPEN"), ("state", "IN_PROGRESS"), ("overdue", "false")]),
        ("overdue", [("overdue", "true")]),
        ("done", [("state", "COMPLETED"), ("sort", "-dueDate")]),
        ("all", []),
    ],
)
async def test_each_tab_of_tasks_asks_for_its_own(tab: str, asked: list[tuple[str, str]]) -> None:
    client, gateway = site("rep")
    assert (await client.get(f"/tasks?tab={tab}")).status == 200
    assert gateway.sent("GET", "/tasks")[0].query == [("limit", "50"), *asked]


async def test_a_list_that_a_report_links_to_keeps_its_bounds() -> None:
    client, gateway = site("manager")
    html = text(await client.get("/tasks?state=COMPLETED&dueAfter=2026-11-01T00:00:00Z&userId=u1"))
    assert dict(gateway.sent("GET", "/tasks")[0].query) == {
        "limit": "50", "userId": "u1", "dueAfter": "2026-11-01T00:00:00Z", "state": "COMPLETED",
    }  # fmt: skip
    assert 'name="dueAfter" value="2026-11-01T00:00:00Z"' in html, "filtering further keeps the bounds"


async def test_a_task_is_completed_in_its_row_and_can_be_reopened_there() -> None:
    client, gateway = site("rep")
    gateway.on("PATCH", "/tasks/t1/status", TASK | {"state": "COMPLETED", "overdue": False})
    values = {"status": "COMPLETED", "idempotency_key": "k1", "back": "/tasks"}
    answer = await client.post("/tasks/t1/status", form=values, headers=fragment("sales-task-t1"))
    assert 'id="sales-task-t1"' in text(answer)
    assert 'value="OPEN"' in text(answer)
    assert gateway.sent("PATCH", "/tasks/t1/status")[0].headers["Idempotency-Key"] == "k1"


async def test_a_step_that_is_refused_leaves_the_row_as_it_is_and_says_why() -> None:
    client, gateway = site("rep")
    gateway.on("PATCH", "/tasks/t1/status", {"code": "blocked_by_process", "title": "処理中です"}, status=409)
    answer = await client.post("/tasks/t1/status", form={"status": "COMPLETED"}, headers=fragment("sales-task-t1"))
    assert "処理中です" in text(answer)
    assert 'value="COMPLETED"' in text(answer)


async def test_without_javascript_a_step_leads_back_to_the_list_but_never_elsewhere() -> None:
    client, gateway = site("rep")
    gateway.on("PATCH", "/tasks/t1/status", TASK)
    for back, target in (("/tasks?tab=overdue", "/tasks?tab=overdue"), ("https://evil.example", "/tasks/t1")):
        answer = await client.post("/tasks/t1/status", form={"status": "COMPLETED", "back": back})
        assert (answer.status, answer.headers["location"]) == (303, target)


async def test_recording_an_outcome_keeps_the_rest_of_the_meeting() -> None:
    client, gateway = site("rep")
    gateway.on("PUT", "/meetings/m1", MEETING)
    values = {"action": "outcome", "outcome": "開設で合意", "nextStep": "", "etag": '"5"'}
    assert (await client.post("/meetings/m1", form=values)).status == 303
    sent = gateway.sent("PUT", "/meetings/m1")[0]
    assert sent.body["state"] == "HELD"
    assert sent.body["outcome"] == "開設で合意"
    assert set(sent.body) <= {"outcome", "nextStep", "state"}, "what is left out stays as it is"
    assert sent.headers["If-Match"] == '"5"'


OUTRUN = {"code": "precondition_failed", "changedBy": "u2", "changedAt": "2026-11-20T01:00:00Z"}
PEOPLE = [
    colleague(id="me", name="加藤 浩二", roles=["rep"], managerId="boss"),
    colleague(id="u2", name="佐藤 美咲", roles=["rep"], managerId="boss"),
    colleague(id="boss", name="鈴木 部長", roles=["manager"], managerId=None),
]


@pytest.mark.parametrize("action", ["outcome", "delete"])
async def test_a_step_that_somebody_outran_says_who_and_loses_no_text(action: str) -> None:
    client, gateway = site("rep")
    gateway.on("GET", "/auth/users", page(*PEOPLE))
    gateway.on("PUT", "/meetings/m1", OUTRUN, status=412)
    gateway.on("DELETE", "/meetings/m1", OUTRUN, status=412)
    values = {"action": action, "outcome": "長い議事録", "nextStep": "見積を送る", "etag": '"4"'}
    answer = await client.post("/meetings/m1", form=values)
    assert answer.status == 412
    assert "佐藤 美咲さんが" in text(answer)
    assert "長い議事録</textarea>" in text(answer)
    assert "見積を送る</textarea>" in text(answer)
    assert 'value="&#34;5&#34;"' in text(answer), "saving again means the version that is shown now"


async def test_who_saves_a_meeting_second_learns_who_was_first_and_what_differs() -> None:
    client, gateway = site("manager")
    gateway.on("GET", "/auth/users", page(*PEOPLE))
    gateway.on("PUT", "/meetings/m1", OUTRUN, status=412)
    values = {
        "title": "定例面談", "customer": "c1|山田 太郎", "day": "2026-11-21", "start": "00:30", "end": "01:30",
        "place": "本店", "attendeeIds": "a1", "userId": "u2", "etag": '"4"',
    }  # fmt: skip
    html = text(await client.post("/meetings/m1/edit", form=values))
    assert "佐藤 美咲さんが" in html
    rows = html.partition("相違点")[2].partition("</table>")[0]
    assert ("場所" in rows, "本店" in rows) == (True, True)
    assert ("担当" in rows, "加藤 浩二" in rows, "佐藤 美咲" in rows) == (True, True, True)
    assert "件名" not in rows, "what is the same is not listed"
    assert 'value="&#34;5&#34;"' in html


async def test_who_saves_a_task_second_learns_what_differs() -> None:
    client, gateway = site("rep")
    gateway.on("GET", "/auth/users", page(*PEOPLE))
    gateway.on("PUT", "/tasks/t1", OUTRUN, status=412)
    values = {
        "title": "資料送付", "customer": "", "priority": "LOW", "dueDay": "2026-11-20", "dueTime": "",
        "leadHours": "24", "etag": '"1"',
    }  # fmt: skip
    html = text(await client.post("/tasks/t1/edit", form=values))
    rows = html.partition("相違点")[2].partition("</table>")[0]
    assert ("優先度" in rows, "高" in rows, "低" in rows) == (True, True, True)
    assert "山田 太郎" in rows, "the customer that mine takes away"
    assert "期限" not in rows
    assert 'value="&#34;2&#34;"' in html


@pytest.mark.parametrize("listed", [PEOPLE, []])
async def test_the_form_keeps_whoever_it_cannot_offer(listed: list[dict[str, Any]]) -> None:
    """An attendee who left, one in charge from another team, and everybody while users cannot be read."""
    client, gateway = site("manager")
    gateway.on("GET", "/auth/users", page(*listed))
    gateway.on("GET", "/meetings/m1", MEETING | {"attendeeIds": ["gone"], "userId": "elsewhere"}, etag='"5"')
    html = text(await client.get("/meetings/m1/edit"))
    assert '<input type="hidden" name="attendeeIds" value="gone">' in html
    assert ('<option value="elsewhere" selected>' in html) == bool(listed)
    gateway.on("PUT", "/meetings/m1", MEETING)
    filled = form_to(html, "/meetings/m1/edit").filled({"title": "x"})
    assert (await client.post("/meetings/m1/edit", form=filled)).status == 303
    assert gateway.sent("PUT", "/meetings/m1")[0].body == {"title": "x"}


async def test_an_outcome_without_words_is_asked_for() -> None:
    client, gateway = site("rep")
    assert (await client.post("/meetings/m1", form={"action": "outcome", "outcome": " "})).status == 422
    assert gateway.sent("PUT", "/meetings/m1") == []


@pytest.mark.parametrize("hours", ["x", "-1", "1.5", "²", "9" * 5000])
async def test_hours_that_are_no_number_are_asked_for_again(hours: str) -> None:
    client, gateway = site("rep")
    answer = await client.post("/tasks/new", form={"title": "電話", "leadHours": hours})
    assert answer.status == 422
    assert gateway.sent("POST", "/tasks") == []


async def test_a_customer_can_be_found_without_javascript() -> None:
    client, gateway = site("rep")
    gateway.on("GET", "/customers/search", page(customer()))
    answer = await client.post("/tasks/new", form={"action": "find", "customer_query": "山田", "title": "電話"})
    assert 'value="c1|山田 太郎"' in text(answer)
    assert 'value="電話"' in text(answer)


async def test_another_customer_can_be_chosen_and_none_without_javascript() -> None:
    client, gateway = site("rep")
    people = [
        customer(id="c1", name="山田 太郎"),
        customer(id="c2", name="山田 花子"),
        customer(id="c3", name="山田 旧", state="DELETED"),
    ]
    gateway.on("GET", "/customers/search", page(*people))
    values = {"action": "find", "customer": "c1|山田 太郎", "customer_query": "山田"}
    html = text(await client.post("/tasks/new", form=values))
    assert html.count('value="c1|山田 太郎" checked') == 1
    assert html.count('value="c2|山田 花子" >') == 1, "offered, but not in the place of the one chosen"
    assert "山田 旧" not in html
    assert "顧客なし" in html
    assert "顧客なし" not in text(await client.post("/meetings/new", form=values)), "a meeting needs one"


async def test_a_search_for_customers_that_does_not_answer_keeps_the_form() -> None:
    client, gateway = site("rep")
    gateway.on("GET", "/customers/search", {"code": "unreachable"}, status=503)
    answer = await client.post("/tasks/new", form={"action": "find", "customer_query": "山田", "title": "電話"})
    assert answer.status == 200
    assert 'value="電話"' in text(answer)
    assert "顧客を検索できません" in text(answer)


async def test_the_badge_counts_ones_own_overdue_tasks_and_the_page_says_where_they_are() -> None:
    client, gateway = site("rep")
    assert (await client.get("/tasks/-/count")).json == {"count": 1}
    assert ("userId", "me") in gateway.sent("GET", "/tasks")[0].query
    assert "期限超過 <b>1</b>" in text(await client.get("/tasks"))


def test_a_meeting_just_after_midnight_stands_on_its_own_day_in_japan() -> None:
    assert [day for day, _ in by_day([Meeting.model_validate(MEETING)])] == ["2026-11-21"]


@pytest.mark.parametrize(
    ("typed", "ends"),
    [
        ({"end": "10:15"}, "2026-11-21T10:15:00+09:00"),
        ({"endDay": "2026-11-22", "end": "00:15"}, "2026-11-22T00:15:00+09:00"),
        ({"endDay": "2026-11-24", "end": "18:00"}, "2026-11-24T18:00:00+09:00"),
        ({"end": "09:00"}, None),
        ({"endDay": "2026-11-20", "end": "18:00"}, None),
    ],
)
def test_a_meeting_may_end_on_another_day_but_never_before_it_begins(typed: dict[str, str], ends: str | None) -> None:
    draft = MeetingDraft.blank()
    values = {"title": "面談", "customer": "c1|山田", "day": "2026-11-21", "start": "09:00", "endDay": "", **typed}
    draft.inputs |= {name: (value,) for name, value in values.items()}
    assert draft.check() == bool(ends)
    assert ends is None or draft.change({"period"}) == {"startsAt": "2026-11-21T09:00:00+09:00", "endsAt": ends}


@pytest.mark.parametrize(
    ("values", "due"),
    [
        ({"dueDay": "2026-12-24"}, "2026-12-24"),
        ({"dueDay": "2026-12-24", "dueTime": "09:30"}, "2026-12-24T09:30:00+09:00"),
        ({}, None),
    ],
)
def test_a_day_alone_means_its_end_and_a_time_is_the_offices(values: dict[str, str], due: str | None) -> None:
    draft = TaskDraft(inputs={name: (value,) for name, value in {"title": "電話", **values}.items()})
    assert draft.check()
    assert draft.change({"due"})["dueDate"] == due


def test_a_time_without_a_day_is_asked_about() -> None:
    draft = TaskDraft(inputs={"title": ("電話",), "dueTime": ("09:30",)})
    assert not draft.check()
    assert "dueDay" in draft.problems


async def test_of_work_that_one_only_reads_nothing_is_offered() -> None:
    client, gateway = site("rep")
    for path, record, offers in (
        ("/tasks/t1", TASK, ("/tasks/t1/edit", "/tasks/t1/status")),
        ("/meetings/m1", MEETING, ("/meetings/m1/edit",)),
    ):
        shown = text(await client.get(path))
        assert [offer for offer in offers if offer not in shown] == []
        gateway.on("GET", path, record | {"allowedActions": []}, etag='"2"')
        shown = text(await client.get(path))
        assert [offer for offer in offers if offer in shown] == []
    assert "/tasks/t1/status" in text(await client.get("/tasks"))
    gateway.on("GET", "/tasks", page(TASK | {"allowedActions": []}))
    assert "/tasks/t1/status" not in text(await client.get("/tasks"))
