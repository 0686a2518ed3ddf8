"""Webhooks and their log, as the stand-in for the gateway keeps and answers them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse, Response

from services.analytics.webhooks.catalogue import EVENT_TYPES
from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem

SECRET = "whsec_" + "c2VjcmV0" * 5
URL = "https://hooks.firm.example/ringi"


def webhook(**members: Any) -> Json:
    return {
        "id": records.uuid_of("webhook"),
        "url": URL,
        "description": "基幹システムへの連携",
        "eventTypes": ["approval.requested", "approval.approved"],
        "active": True,
        "failingSince": None,
        "disabledReason": None,
        "previousSecretUntil": None,
        "version": 1,
        "createdAt": records.iso(-200),
        "updatedAt": records.iso(-200),
    } | members


def delivery(name: str = "delivery", **members: Any) -> Json:
    return {
        "id": records.uuid_of(name),
        "eventType": "approval.approved",
        "state": "DELIVERED",
        "attempts": 1,
        "createdAt": records.iso(-3),
        "nextAt": None,
        "triedAt": records.iso(-3),
        "durationMs": 41,
        "status": 204,
        "answer": "",
        "reason": "",
    } | members


class WebhookAnswers:
    """Handlers of webhooks; versions count up with each change."""

    webhooks: dict[str, Json]
    deliveries: list[Json]

    def reset_webhooks(self) -> None:
        made = webhook()
        self.webhooks = {made["id"]: made}
        failed = {"state": "GIVEN_UP", "attempts": 10, "status": 503, "answer": "Service Unavailable"}
        self.deliveries = [delivery(), delivery("failed", eventType="approval.requested", **failed)]

    def webhook_routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        one = "/webhooks/{id}"
        return [
            ("GET", "/webhooks", self._list_webhooks),
            ("POST", "/webhooks", self._add_webhook),
            ("GET", one, self._one_webhook),
            ("PUT", one, self._change_webhook),
            ("DELETE", one, self._delete_webhook),
            ("POST", f"{one}/secret", self._replace_secret),
            ("POST", f"{one}/test", self._send_test),
            ("GET", f"{one}/deliveries", self._log),
            ("POST", f"{one}/deliveries/{{delivery}}/redeliver", self._send_again),
        ]

    def _list_webhooks(self, _ask: Ask) -> Json:
        return {"items": list(self.webhooks.values()), "eventTypes": list(EVENT_TYPES)}

    def _add_webhook(self, ask: Ask) -> Response:
        if "//10." in ask.body["url"]:
            error = {
                "pointer": "/url",
                "in": "body",
                "code": "url_private",
                "message": "社内のアドレスには送信できません",
            }
            return problem(422, "unprocessable", "入力内容に誤りがあります", errors=[error])
        made = webhook(**{"description": ""} | ask.body, id=records.uuid_of(f"webhook {len(self.webhooks)}"))
        self.webhooks[made["id"]] = made
        return self._versioned(made | {"secret": SECRET}, 201)

    def _versioned(self, item: Json, status: int = 200) -> Response:
        return JSONResponse(item, status, {"ETag": f'"{item["version"]}"'})

    def _one_webhook(self, ask: Ask) -> Response:
        found = self.webhooks.get(ask.request.path_params["id"])
        return problem(404, "not_found", "見つかりません") if found is None else self._versioned(found)

    def _change_webhook(self, ask: Ask) -> Response:
        found = self.webhooks[ask.request.path_params["id"]]
        found |= ask.body | {"version": found["version"] + 1}
        if found["active"]:
            found |= {"failingSince": None, "disabledReason": None}
        return self._versioned(found)

    def _delete_webhook(self, ask: Ask) -> Response:
        del self.webhooks[ask.request.path_params["id"]]
        return Response(status_code=204)

    def _replace_secret(self, ask: Ask) -> Response:
        found = self.webhooks[ask.request.path_params["id"]]
        found |= {"previousSecretUntil": records.iso(24), "version": found["version"] + 1}
        return self._versioned(found | {"secret": SECRET[:-4] + "bmV3"})

    def _send_test(self, _ask: Ask) -> Response:
        self.deliveries.insert(0, delivery(f"test {len(self.deliveries)}", eventType="webhook.test"))
        return Response(status_code=204)

    def _log(self, ask: Ask) -> Json:
        state = ask.request.query_params.get("state")
        found = [item for item in self.deliveries if state in (None, "", item["state"])]
        return {"items": found, "nextCursor": None}

    def _send_again(self, ask: Ask) -> Json:
        wanted = ask.request.path_params["delivery"]
        item = next(item for item in self.deliveries if item["id"] == wanted)
        item |= {"state": "WAITING", "attempts": 0, "nextAt": records.iso()}
        return item
