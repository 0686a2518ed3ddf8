"""Who is told of what by mail, as the stand-in for the gateway keeps and answers it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from services.analytics.mail.wishes import MAILED_BY_DEFAULT
from services.contracts.states import NotificationType
from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem

WISHES: Json = {
    "timing": "IMMEDIATE",
    "digestAt": "08:30",
    "businessDaysOnly": True,
    "whenAway": "HOLD",
    "language": "ja",
}


def preferences(**state: Any) -> Json:
    """What somebody gets who has chosen nothing. `state`: members of `mailState`."""
    items = [{"type": kind, "inApp": True, "mail": kind in MAILED_BY_DEFAULT} for kind in NotificationType]
    return {"items": items, "mail": dict(WISHES), "mailState": {"available": True, "failing": None} | state}


def administration(*failing: Json, **members: Any) -> Json:
    return {
        "available": True,
        "sender": "ringi@firm.example",
        "counts": {"WAITING": 3, "SENT": 412, "LEFT_OUT": 18, "GIVEN_UP": 1, "BOUNCED": 2},
        "defaults": [{"type": kind, "mail": kind in MAILED_BY_DEFAULT} for kind in NotificationType],
        "failing": list(failing),
    } | members


class MailAnswers:
    """Handlers of the settings, one's own and the firm's."""

    users: dict[str, Json]
    mail_settings: Json
    mail_administration: Json

    def reset_mail(self) -> None:
        rep = records.by_email(self.users, "rep")
        failing = {
            "userId": rep["id"],
            "name": rep["name"],
            "since": records.iso(-30),
            "reason": "550 5.1.1 user unknown",
        }
        self.mail_settings = preferences()
        self.mail_administration = administration(failing)

    def mail_routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [
            ("GET", "/notifications/preferences", lambda _ask: self.mail_settings),
            ("PUT", "/notifications/preferences", self._prefer),
            ("GET", "/notifications/mail", lambda _ask: self.mail_administration),
            ("PUT", "/notifications/mail", self._set_defaults),
            ("DELETE", "/notifications/mail/failing/{id}", self._try_address_again),
        ]

    def _prefer(self, ask: Ask) -> Json:
        changes = {item["type"]: item for item in ask.body.get("items", [])}
        for item in self.mail_settings["items"]:
            item |= changes.get(item["type"], {})
        self.mail_settings["mail"] |= ask.body.get("mail") or {}
        return self.mail_settings

    def _set_defaults(self, ask: Ask) -> Json:
        changes = {item["type"]: item["mail"] for item in ask.body["defaults"]}
        for item in self.mail_administration["defaults"]:
            item["mail"] = changes.get(item["type"], item["mail"])
        return self.mail_administration

    def _try_address_again(self, ask: Ask) -> Response:
        wanted = ask.request.path_params["id"]
        kept = [one for one in self.mail_administration["failing"] if one["userId"] != wanted]
        if len(kept) == len(self.mail_administration["failing"]):
            return problem(404, "not_found", "見つかりません")
        self.mail_administration["failing"] = kept
        return Response(status_code=204)
