"""Absences and their proxies, as the stand-in for the gateway keeps and answers them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem


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
            "takesWaiting": True,
            "ended": False,
            "version": 1,
            "createdAt": records.iso(-30),
        }

    def _standing(self) -> list[Json]:
        now = datetime.now(UTC)
        begun = [proxy for proxy in self.proxies.values() if at(proxy["startsAt"]) <= now < at(proxy["endsAt"])]
        return [proxy for proxy in begun if not proxy["ended"]]

    def principals(self, user_id: str) -> list[str]:
        """For whom the user stands in at this moment."""
        return [proxy["fromId"] for proxy in self._standing() if proxy["toId"] == user_id]

    def proxy_routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [
            ("GET", "/proxies", self._list_proxies),
            ("POST", "/proxies", self._give_proxy),
            ("GET", "/proxies/{id}", self._one_proxy),
            ("PUT", "/proxies/{id}", self._change_proxy),
            ("DELETE", "/proxies/{id}", self._end_proxy),
        ]

    def _list_proxies(self, ask: Ask) -> Json:
        params, me = ask.request.query_params, ask.user["id"]
        sees_all = bool({"admin", "auditor"} & set(ask.user["roles"]))
        team = {me, *(user["id"] for user in self.users.values() if user["managerId"] == me)}
        if params.get("scope") == "TEAM":
            found = [one for one in self.proxies.values() if sees_all or one["fromId"] in team]
        else:
            found = [one for one in self.proxies.values() if me in (one["fromId"], one["toId"])]
        begin, end = params.get("from"), params.get("to")
        found = [one for one in found if not begin or at(one["endsAt"]) > at(begin)]
        found = [one for one in found if not end or at(one["startsAt"]) < at(end)]
        return {"items": sorted(found, key=lambda one: str(one["startsAt"]), reverse=True), "nextCursor": None}

    def _one_proxy(self, ask: Ask) -> Any:
        return self.proxies.get(ask.request.path_params["id"]) or problem(404, "not_found", "見つかりません")

    def _give_proxy(self, ask: Ask) -> Any:
        absent = self.users[ask.body.get("fromId") or ask.user["id"]]
        if at(ask.body["endsAt"]) <= datetime.now(UTC):
            error = {
                "pointer": "/endsAt",
                "in": "body",
                "code": "period_over",
                "message": "終了日時は未来にしてください",
            }
            return problem(422, "unprocessable", "入力内容に誤りがあります", errors=[error])
        period = {name: ask.body[name] for name in ("startsAt", "endsAt")}
        given = self._proxy(absent, self.users[ask.body["toId"]], period)
        self.proxies[given["id"]] = given | {"takesWaiting": ask.body.get("takesWaiting", True)}
        return self.proxies[given["id"]]

    def _change_proxy(self, ask: Ask) -> Any:
        given = self.proxies[ask.request.path_params["id"]]
        if ask.request.headers.get("if-match") != f'"{given["version"]}"':
            return problem(412, "precondition_failed", "ほかの人が先に変更しました", currentVersion=given["version"])
        given |= {name: ask.body[name] for name in ("toId", "startsAt", "endsAt", "takesWaiting")}
        given |= {"toName": self.users[given["toId"]]["name"], "version": given["version"] + 1}
        return given

    def _end_proxy(self, ask: Ask) -> Response:
        given = self.proxies[ask.request.path_params["id"]]
        if at(given["startsAt"]) > datetime.now(UTC):
            del self.proxies[given["id"]]
        else:
            given |= {"endsAt": records.iso(), "ended": True, "version": given["version"] + 1}
        return Response(status_code=204)

    def _waits_for(self, item: Json, user_id: str) -> bool:
        return item["state"] == "PENDING" and self._place_of(item, user_id) is not None

    def _place_of(self, item: Json, user_id: str) -> Json | None:
        """The approver in whose place the user decides: themselves, or whom they stand in for."""
        places = {person["id"]: person for person in item["stages"][item["stage"]]["approvers"]}
        return next((places[who] for who in (user_id, *self.principals(user_id)) if who in places), None)

    def principal_in(self, item: Json, user: Json) -> Json | None:
        """In whose place the user decides as a proxy; None for their own."""
        place = self._place_of(item, user["id"])
        return None if place is None or place["id"] == user["id"] else place

    def on_behalf(self, item: Json, user: Json) -> Json:
        """What the history says of it."""
        absent = self.principal_in(item, user)
        return {"role": "PROXY", "onBehalfOfId": absent["id"], "onBehalfOfName": absent["name"]} if absent else {}

    def _absence_of(self, person: Json) -> Json:
        """What the preview of a route says of an approver."""
        away = [proxy for proxy in self._standing() if proxy["fromId"] == person["id"]]
        return {
            "absent": bool(away),
            "absentFrom": min((proxy["startsAt"] for proxy in away), default=None),
            "absentUntil": max((proxy["endsAt"] for proxy in away), default=None),
            "proxies": [{"id": proxy["toId"], "name": proxy["toName"]} for proxy in away],
        }
