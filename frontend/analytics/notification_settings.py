"""Notification settings: which kinds reach a person where, and when mail may come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from frontend.analytics.manifest import SETTINGS
from frontend.analytics.words import languages, mail_timings
from frontend.ui import notification_words
from frontend.ui.drafts import Draft
from frontend.ui.gateway import Answer, GatewayProblem, Json
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.saving import FRESH, INVALID, NotSaved, refused

PATH = "/notifications/preferences"


@dataclass(slots=True)
class SettingsDraft(Draft):
    """`inApp` and `mail` name the kinds that are ticked; `businessDaysOnly` and `holdWhenAway` are boxes."""

    PARTS: ClassVar = {
        "inApp": ("inApp",),
        "mail": ("mail",),
        "timing": ("timing",),
        "digestAt": ("digestAt",),
        "businessDaysOnly": ("businessDaysOnly",),
        "holdWhenAway": ("holdWhenAway",),
        "language": ("language",),
    }
    LISTS: ClassVar = frozenset({"inApp", "mail", "businessDaysOnly", "holdWhenAway"})
    PLACES: ClassVar = {"whenAway": "holdWhenAway"}

    @classmethod
    def rendered(cls, record: Json) -> Mapping[str, Sequence[str]]:
        mail = record["mail"]
        return {
            "inApp": [item["type"] for item in record["items"] if item["inApp"]],
            "mail": [item["type"] for item in record["items"] if item["mail"]],
            "timing": [mail["timing"]],
            "digestAt": [mail["digestAt"]],
            "businessDaysOnly": ["1"] if mail["businessDaysOnly"] else [],
            "holdWhenAway": ["1"] if mail["whenAway"] == "HOLD" else [],
            "language": [mail["language"]],
        }

    def check(self) -> bool:
        if self.get("timing") == "DIGEST" and not self.get("digestAt"):
            self.problems["digestAt"] = gettext("Enter a time.")
        return not self.problems

    def change(self, parts: Set[str], record: Json | None = None, /) -> dict[str, Any]:
        """The kinds of which something was changed; and if anything was changed of how mail comes, all of that."""
        before = record or {"items": [], "mail": {}}
        in_app, mail = set(self.all("inApp")), set(self.all("mail"))
        items = [
            {"type": item["type"], "inApp": item["type"] in in_app}
            | ({"mail": item["type"] in mail} if item["mail"] != (item["type"] in mail) else {})
            for item in before["items"]
            if item["inApp"] != (item["type"] in in_app) or item["mail"] != (item["type"] in mail)
        ]
        sent: dict[str, Any] = {"items": items if parts & {"inApp", "mail"} else []}
        if parts - {"inApp", "mail"}:
            sent["mail"] = {
                "timing": self.get("timing"),
                "digestAt": self.get("digestAt") or before["mail"]["digestAt"],
                "businessDaysOnly": bool(self.all("businessDaysOnly")),
                "whenAway": "HOLD" if self.all("holdWhenAway") else "SEND",
                "language": self.get("language"),
            }
        return sent


async def show(request: Request) -> Response:
    """GET /notification-settings; `saved` says so after a change."""
    page = Page.of(request)
    current = await page.gateway.read(PATH)
    return _render(page, SettingsDraft.of(current), current)


async def save(request: Request) -> Response:
    """POST /notification-settings."""
    page = Page.of(request)
    draft = SettingsDraft.from_form(await page.form())
    current = await page.gateway.read(PATH)
    if not draft.check():
        return _render(page, draft, current, INVALID)
    try:
        await page.gateway.send("PUT", PATH, draft.change(draft.touched, current.body))
    except GatewayProblem as problem:
        return _render(page, draft, current, await refused(page, draft, problem))
    return page.redirect(f"{SETTINGS}?saved=1")


def _render(page: Page, draft: SettingsDraft, current: Answer, outcome: NotSaved = FRESH) -> Response:
    return page.render(
        "analytics/notification_settings.html",
        status=outcome.status,
        draft=draft,
        message=outcome.message,
        saved=bool(page.query("saved")) and outcome is FRESH,
        groups=notification_words.groups(),
        known_kinds=notification_words.known(),
        mail_state=current.body["mailState"],
        timings=list(mail_timings().items()),
        languages=list(languages().items()),
    )
