"""What the stand-in for the gateway knows of a request's customer: the facts beside it, and what was done for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from services.contracts.money import of_json
from services.opportunity.assets import share
from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json

AGE: Final = 77
_KEPT: Final = (
    *("riskTolerance", "assetsBand", "incomeBand", "objectives", "experience", "horizon", "fundSource"),
    "investorClass",
)


def customer_facts(item: Json, client: Json) -> Json:
    """As the API tells them with a request."""
    facts = {name: client[name] for name in ("id", "name", "kind", "relationship", "state")}
    facts |= {name: client["profile"][name] for name in _KEPT}
    found = share(of_json(item["amount"]), item["currency"], client["profile"]["assetsBand"])
    facts |= {"age": AGE if client["kind"] == "INDIVIDUAL" else None, "profileComplete": True}
    facts |= {"assetsShare": found and {"low": found.low, "high": found.high}}
    return facts | {"profileReviewedAt": client["profile"]["reviewedAt"]}


class CardAnswers:
    """Meetings and tasks of customers. The rep's, like the customers."""

    customers: dict[str, Json]
    users: dict[str, Json]

    def card_routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [("GET", "/meetings/customer/{id}", self._held), ("GET", "/tasks", self._open_tasks)]

    def _held(self, ask: Ask) -> Json:
        meeting = {
            "id": records.uuid_of(f"meeting {ask.request.path_params['id']}"),
            "customerId": ask.request.path_params["id"],
            "title": "運用状況のご説明",
            "startsAt": records.iso(-200),
            "endsAt": records.iso(-199),
            "attendeeIds": [],
            "place": None,
            "agenda": "商品の仕組み、元本割れのリスク、手数料を説明",
            "outcome": "リスクをご理解のうえ、前向きにご検討いただく",
            "nextStep": "目論見書を送付",
            "state": "HELD",
        }
        return {"items": [meeting | self._done_by_rep(ask.request.path_params["id"])], "nextCursor": None}

    def _open_tasks(self, ask: Ask) -> Json:
        customer = ask.request.query_params["customerId"]
        task = {
            "id": records.uuid_of(f"task {customer}"),
            "customerId": customer,
            "title": "適合性確認書の回収",
            "description": None,
            "priority": "NORMAL",
            "dueDate": records.iso(30),
            "leadHours": 24,
            "state": "OPEN",
            "completedAt": None,
            "dueSoon": False,
            "overdue": False,
        }
        return {"items": [task | self._done_by_rep(customer)], "nextCursor": None}

    def _done_by_rep(self, customer: str) -> Json:
        rep, client = records.by_email(self.users, "rep"), self.customers[customer]
        members = {"customerName": client["name"], "userId": rep["id"], "userName": rep["name"], "version": 1}
        members |= {"allowedActions": []}
        return members | {"createdAt": records.iso(-300), "updatedAt": records.iso(-190)}
