"""Absences in the browser UI, where no real gateway is needed."""

from __future__ import annotations

from typing import Any

from frontend.opportunity.app import create_app
from frontend.ui.build import build
from tests.support.records import approval, counts, page, stage
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
    gateway.on("POST", "/approvals/preview", {"routeId": None, "flags": [], "stages": [shown]})
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
