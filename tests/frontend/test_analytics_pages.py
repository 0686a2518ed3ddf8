"""Dashboards: periods, figures that are missing, drill-down, exports, and who may read what."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from starlette.requests import Request

from frontend.analytics import boards, period, words
from frontend.analytics.app import create_app
from frontend.analytics.links import page_of
from frontend.customer import listing
from frontend.sales import meeting_list, task_list
from frontend.ui.build import build
from frontend.ui.page import Page
from frontend.ui.time_zone import office_now
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, text

Site = tuple[Browser, ScriptedGateway]


def figure(value: float | None, unit: str = "count", **more: Any) -> dict[str, Any]:
    return {"value": value, "unit": unit, "link": None, **more}


def report(name: str) -> dict[str, Any]:
    figures = {key: figure(3) for key in boards.BOARDS[name].cards}
    figures |= {key: figure(2) for key in boards.BOARDS[name].funnel}
    rate = next((key for key in figures if key.endswith("Rate")), None)
    if rate:
        figures[rate] = figure(None, "rate", numerator=0, denominator=0)
    span = {"from": "2026-11-01", "to": "2026-11-25"}
    return {
        "report": name,
        "period": span | {"timeZone": "Asia/Tokyo", "groupBy": "month", "by": "rep"},
        "asOf": "2026-11-24T01:00:00Z",
        "dataThrough": "2026-11-24T00:59:59Z",
        "figures": figures,
        "breakdowns": {},
        "weekly": [],
        "groups": [{"period": span, "key": {"id": "u1", "name": "佐藤 美咲"}, "figures": figures}],
    }


def site(*roles: str) -> Site:
    build()
    client, gateway = browser(create_app(SETTINGS), "analytics", *roles)
    for name in boards.BOARDS:
        gateway.on("GET", f"/reports/{name}", report(name))
    return client, gateway


@pytest.mark.parametrize("name", list(boards.BOARDS))
async def test_every_dashboard_shows_its_figures_and_a_dash_where_nothing_was_divided(name: str) -> None:
    client, _gateway = site("manager")
    html = text(await client.get(f"/reports/{name}?from=2026-11-01&until=2026-11-24"))
    for key in boards.BOARDS[name].cards:
        assert words.figure_text(key) in html
    assert "—" in html
    assert "佐藤 美咲" in html
    assert "集計時点" in html


async def test_amounts_in_other_currencies_stand_apart_from_the_yen() -> None:
    client, gateway = site("manager")
    document = report("sales-summary")
    amounts = {"JPY": 500, "USD": 1_000_000}
    document["figures"]["requestsApprovedAmount"] = figure(500, "yen", amounts=amounts)
    gateway.on("GET", "/reports/sales-summary", document)
    html = text(await client.get("/reports/sales-summary"))
    assert "¥500" in html
    assert "USD 1,000,000.00" in html
    assert "1,000,500" not in html


async def test_the_last_day_that_was_chosen_is_part_of_the_period() -> None:
    client, gateway = site("manager")
    await client.get("/reports/task-completion?from=2026-11-01&until=2026-11-24&groupBy=week&by=team")
    over_time, split = gateway.sent("GET", "/reports/task-completion")
    assert dict(over_time.query) == {"from": "2026-11-01", "to": "2026-11-25", "groupBy": "week"}
    assert dict(split.query) == {"from": "2026-11-01", "to": "2026-11-25", "by": "team"}


@pytest.mark.parametrize(
    "query", ["from=2026-12-01&until=2026-01-01", "from=nonsense&until=x", "from=1500-01-01&until=2026-01-01"]
)
async def test_a_period_that_makes_no_sense_becomes_the_present_one(query: str) -> None:
    client, gateway = site("manager")
    assert (await client.get(f"/reports/sales-summary?{query}")).status == 200
    asked = dict(gateway.sent("GET", "/reports/sales-summary")[0].query)
    assert date.fromisoformat(asked["from"]) < date.fromisoformat(asked["to"])


async def test_a_grouping_too_fine_for_the_period_becomes_a_coarser_one() -> None:
    client, gateway = site("manager")
    await client.get("/reports/sales-summary?from=2024-01-01&until=2026-01-01&groupBy=day")
    assert dict(gateway.sent("GET", "/reports/sales-summary")[0].query)["groupBy"] == "month"


async def test_an_approver_gets_the_approval_figures_only() -> None:
    client, gateway = site("approver")
    assert (await client.get("/reports")).status == 200
    assert {call.path for call in gateway.calls} == {"/reports/approval-statistics"}


async def test_one_report_that_is_down_leaves_the_others_on_the_overview() -> None:
    client, gateway = site("manager")
    gateway.on("GET", "/reports/sales-summary", {"code": "unavailable"}, status=503)
    answer = await client.get("/reports")
    assert answer.status == 200
    assert "この集計は今は表示できません" in text(answer)
    assert words.figure_text("backlog") in text(answer)


async def test_an_export_arrives_as_the_file_that_the_api_makes_under_headings_in_words() -> None:
    client, gateway = site("manager")
    headers = {"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": 'attachment; filename="sales.csv"'}
    made = "\ufefffrom,to,key,meetingsHeld,asOf\r\n2026-11-01,2026-11-25,佐藤,3,2026-11-24T01:00:00Z\r\n"
    gateway.on_file("/reports/sales-summary", made.encode(), headers)
    answer = await client.get("/reports/-/sales-summary.csv?from=2026-11-01&until=2026-11-24")
    head = "\ufeff期間開始,期間終了(含まない),担当・チーム,実施商談,集計時点\r\n"
    assert answer.body == (head + made.split("\r\n", 1)[1]).encode()
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="sales.csv"'
    assert dict(gateway.calls[-1].query)["format"] == "csv"


async def test_an_unknown_report_does_not_exist() -> None:
    client, _gateway = site("manager")
    assert (await client.get("/reports/secrets")).status == 404


@pytest.mark.parametrize(
    ("link", "page"),
    [
        ("/api/v1/meetings?state=HELD&userId=u1", "/meetings?tab=all&state=HELD&userId=u1"),
        ("/api/v1/tasks/overdue?userId=u1", "/tasks?tab=overdue&userId=u1"),
        ("/api/v1/customers?state=ACTIVE&teamOf=u1", "/customers?state=ACTIVE&teamOf=u1"),
        ("/api/v1/customers?createdAfter=x", "/customers?createdAfter=x"),
        ("/api/v1/customers?risk=STABLE", ""),
        ("/api/v1/tasks?state=OPEN&state=COMPLETED", ""),
        ("/api/v1/approvals?ownerId=u1", ""),
        ("https://evil.example/api/v1/tasks", ""),
        (None, ""),
    ],
)
def test_a_figure_leads_to_exactly_the_list_that_it_counts_or_nowhere(link: str | None, page: str) -> None:
    assert page_of(link) == page


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(None, "rate", "—"), (0.875, "rate", "87.5%"), (1_451_776_000, "yen", "¥1,451,776,000"), (2.5, "days", "2.5日")],
)
def test_figures_read_as_people_write_them(value: float | None, unit: str, text: str) -> None:
    assert words.value_text(value, unit) == text


def test_months_are_counted_over_the_turn_of_the_year() -> None:
    assert period.months_back(date(2026, 1, 31), 2) == date(2025, 11, 1)
    assert period.months_back(office_now().date(), 0).day == 1


@pytest.mark.parametrize(
    "link",
    [
        "/api/v1/customers?state=ACTIVE&teamOf=019f0000-0000-7000-8000-000000000001",
        "/api/v1/customers?createdAfter=2026-10-31T15:00:00Z&createdBefore=2026-11-30T15:00:00Z&assignedSalesId=u1",
        "/api/v1/meetings?state=HELD&startsAfter=2026-10-31T15:00:00Z&startsBefore=2026-11-30T15:00:00Z&teamOf=u1",
        "/api/v1/tasks?state=COMPLETED&dueAfter=2026-10-31T15:00:00Z&dueBefore=2026-11-30T15:00:00Z&userId=u1",
    ],
)
def test_the_page_behind_a_figure_asks_for_exactly_the_rows_that_it_counts(link: str) -> None:
    pages = {"customers": listing.Filters, "meetings": meeting_list.Filters, "tasks": task_list.Filters}
    address = urlsplit(page_of(link))
    request = Request({"type": "http", "path": address.path, "query_string": address.query.encode(), "headers": []})
    asked = pages[address.path.strip("/")].of(Page(request, None, None))  # type: ignore[arg-type]
    given = set(parse_qsl(urlsplit(asked.api("")).query)) - {("limit", "50"), ("sort", "-createdAt")}
    assert given == set(parse_qsl(urlsplit(link).query))
