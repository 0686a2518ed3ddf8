"""Absences and their proxies, as the stand-in for the gateway keeps and answers them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.support import fake_records as records
from tests.support.fake_answers import Json


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


class AbsenceAnswers:
    """Who stands in for whom. `add_absence` is what a test does, the handlers what the API does."""

    users: dict[str, Json]
    proxies: dict[str, Json]

    def add_absence(self, absent: str, stand_in: str, starts: float = -24, ends: float = 48, **members: Any) -> Json:
        """By the beginnings of their addresses, and hours from now."""
        period = {"startsAt": records.iso(starts), "endsAt": records.iso(ends)}
        given = self._proxy(records.by_email(self.users, absent), records.by_email(self.users, stand_in), period)
        self.proxies[given["id"]] = given | members
        return self.proxies[given["id"]]

    def _proxy(self, absent: Json, stand_in: Json, period: Json) -> Json:
        return {
            "id": records.uuid_of(f"proxy {len(self.proxies)}"),
            "fromId": absent["id"],
            "fromName": absent["name"],
            "toId": stand_in["id"],
            "toName": stand_in["name"],
            **period,
            "version": 1,
            "createdAt": records.iso(-30),
        }

    def _standing(self) -> list[Json]:
        now = datetime.now(UTC)
        return [proxy for proxy in self.proxies.values() if at(proxy["startsAt"]) <= now < at(proxy["endsAt"])]

    def principals(self, user_id: str) -> list[str]:
        """For whom the user stands in at this moment."""
        return [proxy["fromId"] for proxy in self._standing() if proxy["toId"] == user_id]

    def _absence_of(self, person: Json) -> Json:
        """What the preview of a route says of an approver."""
        away = [proxy for proxy in self._standing() if proxy["fromId"] == person["id"]]
        return {
            "absent": bool(away),
            "absentFrom": min((proxy["startsAt"] for proxy in away), default=None),
            "absentUntil": max((proxy["endsAt"] for proxy in away), default=None),
            "proxies": [{"id": proxy["toId"], "name": proxy["toName"]} for proxy in away],
        }
