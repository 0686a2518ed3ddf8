"""Saved views and setting aside in the browser, where no real gateway is needed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.datastructures import QueryParams

from frontend.opportunity.app import create_app
from frontend.opportunity.listing import Filters
from frontend.ui.build import build
from tests.support.records import approval, counts, page
from tests.support.scripted_gateway import LATER, SETTINGS, Browser, ScriptedGateway, browser, text

VIEW = {"id": "v1", "name": "大口", "filter": {"tab": "MINE", "flagged": True}, "isDefault": False, "version": 3}


def inbox_with(*views: dict[str, Any]) -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(create_app(SETTINGS), "opportunity", "approver")
    gateway.on("GET", "/approvals/views", {"items": list(views)})
    gateway.on("GET", "/approvals/pending", page(approval(id="r1", number="AP-1")))
    gateway.on("GET", "/approvals/counts", counts(waiting=1, snoozed=2))
    return client, gateway


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=減額&kind=FEE_DISCOUNT&flagged=false&due=overdue&least=1200000&sort=deadlineAt",
        "least=10000&currency=USD",
        "tab=opinions&q=減額",
        "tab=snoozed&flagged=true",
        "tab=all&state=APPROVED",
        "tab=requested&q=a%26b",
    ],
)
def test_a_view_means_tomorrow_what_it_meant_when_it_was_saved(query: str) -> None:
    filters = Filters.of_query(QueryParams(query))
    assert Filters.of_view(filters.view) == filters
    assert filters.address().count("?") == 1, "never the bare address, which opens the chosen view"


def test_what_a_later_version_keeps_in_a_view_is_dropped() -> None:
    assert Filters.of_view({"tab": LATER, "kind": LATER, "due": LATER, "minAmount": None, "more": [1]}) == Filters()


async def test_the_bare_address_opens_the_view_that_was_chosen_for_it() -> None:
    client, _ = inbox_with(VIEW)
    assert (await client.get("/approvals")).status == 200
    client, gateway = inbox_with(VIEW | {"isDefault": True})
    opened = await client.get("/approvals")
    assert (opened.status, opened.headers["location"]) == (303, "/approvals?flagged=true")
    assert gateway.sent("GET", "/approvals/pending") == []
    assert (await client.get("/approvals?tab=mine")).status == 200
    shown = text(await client.get("/approvals?flagged=true"))
    assert re.search(r'href="/approvals\?flagged=true" aria-current="page">.*?大口</a>', shown, re.DOTALL)


async def test_the_inbox_works_though_views_can_not_be_read() -> None:
    client, gateway = inbox_with()
    gateway.on("GET", "/approvals/views", {"code": "not_found"}, status=404)
    assert (await client.get("/approvals")).status == 200


async def test_a_view_is_saved_as_the_list_was_and_a_refused_name_is_kept() -> None:
    client, gateway = inbox_with()
    gateway.on("POST", "/approvals/views", VIEW, status=201)
    form = {"query": "kind=EXPENSE&least=120万", "name": " 大口 ", "default": "1", "idempotency_key": "k1"}
    answer = await client.post("/approvals/views", form=form)
    assert answer.status == 303
    [sent] = gateway.sent("POST", "/approvals/views")
    assert sent.body == {
        "name": "大口",
        "filter": {"tab": "MINE", "sort": "since", "kind": "EXPENSE", "minAmount": 1_200_000},
        "isDefault": True,
    }
    taken = {"code": "unprocessable", "title": "誤り", "errors": [{"pointer": "/name", "message": "同じ名前です"}]}
    client, gateway = inbox_with(VIEW)
    gateway.on("PUT", "/approvals/views/v1", taken, status=422)
    again = await client.post("/approvals/views/v1", form={"name": "経費", "etag": '"3"'})
    assert again.status == 422
    assert ('value="経費"' in text(again), "同じ名前です" in text(again)) == (True, True)
    [sent] = gateway.sent("PUT", "/approvals/views/v1")
    assert (sent.headers["If-Match"], sent.body["filter"], sent.body["isDefault"]) == ('"3"', VIEW["filter"], False)


async def test_a_request_is_set_aside_until_a_mornings_work_begins() -> None:
    client, gateway = inbox_with()
    output = {"approvalId": "r1", "until": "2026-12-03T00:00:00Z", "wakesAt": "2026-12-03T00:00:00Z"}
    gateway.on("PUT", "/approvals/r1/snooze", output)
    answer = await client.post("/approvals/r1/snooze?q=減額", form={"until": "2026-12-03"})
    assert answer.headers["location"].startswith("/approvals?q=")
    assert gateway.sent("PUT", "/approvals/r1/snooze")[0].body == {"until": "2026-12-03T09:00:00+09:00"}
    gateway.on("DELETE", "/approvals/r1/snooze", None, status=204)
    answer = await client.post("/approvals/r1/wake?tab=snoozed", form={})
    assert answer.headers["location"] == "/approvals?tab=snoozed"
    shown = text(await client.get("/approvals?tab=snoozed"))
    assert dict(gateway.sent("GET", "/approvals/pending")[-1].query)["snoozed"] == "true"
    assert re.search(r'href="/approvals\?tab=snoozed" aria-current="page">後回し <b>2</b>', shown)
