"""Pages of webhooks, where no real gateway is needed."""

from __future__ import annotations

from typing import Any

import pytest

from frontend.admin import words
from frontend.admin.app import create_app
from frontend.ui.build import build
from services.analytics.webhooks.catalogue import EVENT_TYPES, TEST_EVENT
from services.analytics.webhooks.repository import DeliveryState
from tests.support.fake_webhooks import SECRET, delivery, webhook
from tests.support.html_forms import form_to
from tests.support.records import page
from tests.support.scripted_gateway import LATER, SETTINGS, Browser, ScriptedGateway, browser, text

HOOK = webhook()
PATH = f"/webhooks/{HOOK['id']}"


def site(*log: dict[str, Any], locale: str = "ja", **members: Any) -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(create_app(SETTINGS), "admin", "admin", locale=locale)
    shown = HOOK | members
    gateway.on("GET", "/webhooks", {"items": [shown], "eventTypes": list(EVENT_TYPES)})
    gateway.on("GET", PATH, shown, etag='"1"')
    gateway.on("GET", f"{PATH}/deliveries", page(*log))
    return client, gateway


def test_every_event_and_state_has_its_words() -> None:
    assert set(words.events()) == {*EVENT_TYPES, TEST_EVENT}
    assert set(words.delivery_looks()) == set(DeliveryState)


@pytest.mark.parametrize(
    ("members", "ja"),
    [
        ({}, "有効"),
        ({"active": False}, "停止中"),
        ({"active": False, "disabledReason": "gone"}, "自動停止"),
        ({"failingSince": "2026-11-30T00:00:00Z"}, "失敗中"),
    ],
)
async def test_the_list_says_how_each_one_is(members: dict[str, Any], ja: str) -> None:
    client, _ = site(**members)
    assert ja in text(await client.get("/webhooks"))


@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_the_log_shows_what_came_back_and_offers_to_send_again(locale: str) -> None:
    failed = delivery(state="GIVEN_UP", status=None, reason="no answer within 15 s", answer="<b>down</b>")
    client, gateway = site(failed, delivery("next", state="WAITING"), delivery("odd", state=LATER), locale=locale)
    gateway.on("POST", f"{PATH}/deliveries/{failed['id']}/redeliver", failed)
    shown = text(await client.get(PATH))
    assert "no answer within 15 s" in shown
    assert "&lt;b&gt;down&lt;/b&gt;" in shown
    assert shown.count('value="redeliver"') == 2, "what waits is sent anyway"
    form = [("delivery", failed["id"]), ("action", "redeliver"), ("csrf", "x")]
    assert (await client.post(PATH, form)).status == 303
    assert len(gateway.sent("POST", f"{PATH}/deliveries/{failed['id']}/redeliver")) == 1


async def test_a_secret_is_in_the_answer_to_its_making_and_nowhere_else() -> None:
    client, gateway = site()
    gateway.on("POST", "/webhooks", HOOK | {"secret": SECRET}, status=201)
    address = (await client.get("/webhooks/new")).headers["location"]
    form = form_to(text(await client.get(address)), address)
    filled = form.filled({"url": HOOK["url"], "eventTypes": HOOK["eventTypes"]})
    answer = await client.post(address, filled)
    assert SECRET in text(answer)
    assert answer.headers["cache-control"] == "no-store"
    [sent] = gateway.sent("POST", "/webhooks")
    assert sent.body | {"eventTypes": sorted(sent.body["eventTypes"])} == {
        "url": HOOK["url"],
        "description": "",
        "eventTypes": sorted(HOOK["eventTypes"]),
        "active": True,
    }
    for path in ("/webhooks", PATH, f"{PATH}/edit"):
        assert SECRET not in text(await client.get(path))


async def test_only_what_was_changed_is_saved_on_top_of_what_is_there() -> None:
    client, gateway = site()
    gateway.on("PUT", PATH, HOOK)
    form = form_to(text(await client.get(f"{PATH}/edit")), f"{PATH}/edit")
    assert (await client.post(f"{PATH}/edit", form.filled({"eventTypes": ["approval.rejected"]}))).status == 303
    [sent] = gateway.sent("PUT", PATH)
    assert sent.body["eventTypes"] == ["approval.rejected"]
    assert (sent.body["url"], sent.headers["If-Match"]) == (HOOK["url"], '"1"')
    answer = await client.post(f"{PATH}/edit", form.filled({"eventTypes": []}))
    assert answer.status == 422
    assert "イベントを1つ以上選択してください" in text(answer)
