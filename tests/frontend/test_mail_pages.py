"""Notification settings and the administrator's page of mail, where no real gateway is needed."""

from __future__ import annotations

from typing import Any

import pytest

from frontend.admin.app import create_app as admin
from frontend.analytics.app import create_app as analytics
from frontend.analytics.manifest import manifest
from frontend.shell.notifications import place_of
from frontend.ui import notification_words
from frontend.ui.build import build
from frontend.ui.views import Notification
from services.analytics.mail.message import PLACES, SETTINGS_PATH
from services.analytics.notifications.notice import Resource
from services.contracts.states import NotificationType
from tests.support.fake_mail import administration, preferences
from tests.support.html_forms import form_to
from tests.support.scripted_gateway import SETTINGS, Browser, ScriptedGateway, browser, text

OWN, FIRM = "/notifications/preferences", "/notifications/mail"


def settings(answer: dict[str, Any], locale: str = "ja") -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(analytics(SETTINGS), "analytics", "ops", locale=locale)
    gateway.on("GET", OWN, answer)
    gateway.on("PUT", OWN, answer)
    return client, gateway


def mail_page(answer: dict[str, Any]) -> tuple[Browser, ScriptedGateway]:
    build()
    client, gateway = browser(admin(SETTINGS), "admin", "admin")
    gateway.on("GET", FIRM, answer)
    gateway.on("PUT", FIRM, answer)
    return client, gateway


def test_every_kind_has_its_words() -> None:
    assert set(notification_words.known()) == set(NotificationType)


def test_mails_lead_to_the_pages_that_the_app_opens() -> None:
    for kind in Resource:
        notice = Notification(id="n", type="x", title="x", resource_type=kind, resource_id="r1")
        assert place_of(notice) == PLACES[kind].format(id="r1")
    assert manifest().routes[-1].prefix == SETTINGS_PATH


async def test_only_what_was_changed_is_sent() -> None:
    client, gateway = settings(preferences())
    form = form_to(text(await client.get("/notification-settings")), "/notification-settings")
    ticked = [value for name, value in form.entries if name == "mail" and value != "APPROVAL_DUE"]
    answer = await client.post("/notification-settings", form.filled({"mail": [*ticked, "TASK_OVERDUE"]}))
    assert answer.status == 303
    [sent] = gateway.sent("PUT", OWN)
    assert sent.body == {
        "items": [
            {"type": "APPROVAL_DUE", "inApp": True, "mail": False},
            {"type": "TASK_OVERDUE", "inApp": True, "mail": True},
        ]
    }
    assert "通知設定を保存しました" in text(await client.get("/notification-settings?saved=1"))


async def test_a_digest_keeps_quiet_days_and_language_together() -> None:
    client, gateway = settings(preferences())
    form = form_to(text(await client.get("/notification-settings")), "/notification-settings")
    filled = form.filled({"timing": "DIGEST", "digestAt": "17:45", "holdWhenAway": [], "language": "en"})
    assert (await client.post("/notification-settings", filled)).status == 303
    [sent] = gateway.sent("PUT", OWN)
    assert sent.body == {
        "items": [],
        "mail": {
            "timing": "DIGEST",
            "digestAt": "17:45",
            "businessDaysOnly": True,
            "whenAway": "SEND",
            "language": "en",
        },
    }


async def test_a_digest_without_a_time_is_asked_for_one() -> None:
    client, gateway = settings(preferences())
    form = form_to(text(await client.get("/notification-settings")), "/notification-settings")
    answer = await client.post("/notification-settings", form.filled({"timing": "DIGEST", "digestAt": ""}))
    assert answer.status == 422
    assert "時刻を入力してください" in text(answer)
    assert gateway.sent("PUT", OWN) == []


@pytest.mark.parametrize(
    ("state", "ja", "en"),
    [
        ({"available": False}, "メールは設定されていません", "Mail is not set up"),
        (
            {"failing": {"since": "2026-11-30T01:00:00Z", "reason": "550 5.1.1 user unknown"}},
            "あなたのアドレスにメールが届きません",
            "Your address takes no mail",
        ),
    ],
)
async def test_the_page_says_when_no_mail_comes(state: dict[str, Any], ja: str, en: str) -> None:
    for locale, expected in (("ja", ja), ("en", en)):
        client, _ = settings(preferences(**state), locale)
        assert expected in text(await client.get("/notification-settings"))


async def test_an_administrator_changes_one_default_and_leaves_the_others_alone() -> None:
    client, gateway = mail_page(administration())
    form = form_to(text(await client.get("/mail")), "/mail")
    ticked = [value for name, value in form.entries if name == "mail"]
    assert (await client.post("/mail", form.filled({"mail": [*ticked, "TASK_ASSIGNED"]}))).status == 303
    [sent] = gateway.sent("PUT", FIRM)
    assert sent.body == {"defaults": [{"type": "TASK_ASSIGNED", "mail": True}]}
    assert (await client.post("/mail", form.filled({}))).status == 303
    assert len(gateway.sent("PUT", FIRM)) == 1, "nothing was changed"


async def test_an_address_that_takes_no_mail_is_listed_and_tried_again() -> None:
    failing = {"userId": "u1", "name": "佐藤 美咲", "since": "2026-11-30T01:00:00Z", "reason": "550 5.1.1 unknown"}
    client, gateway = mail_page(administration(failing | {"userId": "0190a7f4-0000-7000-8000-000000000001"}))
    gateway.on("DELETE", f"{FIRM}/failing/0190a7f4-0000-7000-8000-000000000001", None, status=204)
    shown = text(await client.get("/mail"))
    assert "550 5.1.1 unknown" in shown
    address = "/mail/failing/0190a7f4-0000-7000-8000-000000000001"
    assert (await client.post(address, form_to(shown, address).filled({}))).status == 303
    assert len(gateway.sent("DELETE", f"{FIRM}/failing/0190a7f4-0000-7000-8000-000000000001")) == 1


async def test_without_a_mail_server_the_page_says_what_is_missing() -> None:
    client, _ = mail_page(administration(available=False, sender=""))
    assert "RINGI_MAIL_HOST" in text(await client.get("/mail"))
