"""What is at no address, refused, or out of reach looks calm, and different from a part that is broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette

from frontend.analytics.app import create_app as analytics
from frontend.customer.app import create_app as customer
from frontend.opportunity.app import create_app as opportunity
from frontend.sales.app import create_app as sales
from frontend.ui.build import build
from frontend.ui.gateway import GatewayClient, GatewayProblem
from frontend.ui.settings import FrontendSettings
from tests.support.records import page
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, fragment, text

NOTHING_THERE = "このアドレスには何もありません"
BROKEN_PART = "この部分は現在表示できません"
NO_ID = {
    "code": "unprocessable",
    "title": "入力内容に誤りがあります",
    "errors": [{"pointer": "/id", "in": "path", "code": "uuid_parsing", "message": "ID の形式が正しくありません"}],
}
CREATORS: dict[str, Callable[[FrontendSettings], Starlette]] = {
    "opportunity": opportunity,
    "customer": customer,
    "sales": sales,
    "analytics": analytics,
}


def site(remote: str, locale: str = "ja") -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(CREATORS[remote](SETTINGS), remote, "manager", locale=locale)
    gateway.on("GET", "/auth/users", page())
    return client, gateway


@pytest.mark.parametrize(
    ("remote", "address", "asked"),
    [
        ("opportunity", "/approvals/processed", "/approvals/processed"),
        ("opportunity", "/approvals/processed/edit", "/approvals/processed"),
        ("customer", "/customers/not-an-id", "/customers/not-an-id"),
        ("customer", "/customers/not-an-id/delete", "/customers/not-an-id"),
        ("sales", "/meetings/x", "/meetings/x"),
        ("sales", "/tasks/x", "/tasks/x"),
    ],
)
async def test_an_address_with_no_id_in_it_is_as_missing_as_one_of_nothing(
    remote: str, address: str, asked: str
) -> None:
    client, gateway = site(remote)
    gateway.on("GET", asked, NO_ID, status=422)
    answer = await client.get(address)
    assert answer.status == 404
    assert NOTHING_THERE in text(answer)
    assert "入力内容" not in text(answer)


@pytest.mark.parametrize(
    ("remote", "address", "status"),
    [
        ("analytics", "/reports/nonsense", 404),
        ("customer", "/customers/a/b", 404),
        ("opportunity", "/approvals/-/nothing", 404),
        ("sales", "/tasks/t1/status", 405),
    ],
)
async def test_an_address_without_a_page_is_no_bare_line_of_text(remote: str, address: str, status: int) -> None:
    client, _gateway = site(remote)
    answer = await client.get(address)
    assert answer.status == status
    assert answer.headers["content-type"].startswith("text/html")
    assert NOTHING_THERE in text(answer)


async def test_a_file_that_is_not_there_is_plain() -> None:
    client, _gateway = site("opportunity")
    for name in ("nothing-0123456789.js", "a/b.js"):
        answer = await client.get(f"/approvals/-/assets/{name}")
        assert answer.status == 404
        assert "html" not in answer.headers.get("content-type", "")


async def test_what_the_server_refuses_does_not_look_like_a_broken_part() -> None:
    client, gateway = site("customer")
    error = {"pointer": "/cursor", "in": "query", "message": "カーソルが正しくありません"}
    document: dict[str, Any] = {"code": "unprocessable", "title": "入力内容に誤りがあります", "errors": [error]}
    gateway.on("GET", "/customers", document, status=422)
    html = text(await client.get("/customers?cursor=zz"))
    assert "カーソルが正しくありません" in html
    assert BROKEN_PART not in html
    assert 'href="/customers?cursor=zz"' in html


async def test_a_part_that_fails_brings_no_second_title_and_leads_back_to_the_page_around_it() -> None:
    client, gateway = site("sales")
    gateway.on("GET", "/meetings", {"title": "一時的に利用できません"}, status=503)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://crm.example/customers/c1?x=1"}
    html = text(await client.get("/meetings/-/of-customer?customerId=c1", headers=headers))
    assert "<h1" not in html
    assert 'href="/customers/c1?x=1"' in html
    whole = text(await client.get("/meetings", headers=fragment("page")))
    assert "<h1" in whole


async def test_a_gateway_that_is_away_is_told_in_words() -> None:
    client = GatewayClient(SETTINGS)  # nobody listens at its address
    await client.open()
    try:
        with pytest.raises(GatewayProblem) as caught:
            await client.call("GET", "/customers", headers={})
    finally:
        await client.close()
    assert caught.value.message == "サーバーが現在応答していません。"
