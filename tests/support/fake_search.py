"""Customers and the search over everything, as the stand-in for the gateway answers them."""

from __future__ import annotations

from typing import Any

from tests.support.fake_answers import Ask, Json, problem

_ACTIONS = {"rep": ["CHANGE"], "manager": ["CHANGE", "ASSIGN", "DELETE"], "admin": ["CHANGE", "ASSIGN", "DELETE"]}
"""What a role may do with an active customer of its own."""


class SearchAnswers:
    """Handlers over what can be found."""

    approvals: dict[str, Json]
    customers: dict[str, Json]

    def _customer_search(self, ask: Ask) -> Json:
        text = ask.request.query_params["q"]
        return {"items": [c for c in self.customers.values() if text in c["name"]], "nextCursor": None}

    def _customer(self, ask: Ask) -> Any:
        found = self.customers.get(ask.request.path_params["id"])
        if found is None:
            return problem(404, "not_found", "見つかりません")
        return found | {"allowedActions": _ACTIONS.get(ask.user["roles"][0], [])}

    def _search(self, ask: Ask) -> Json:
        text = ask.request.query_params["q"]
        found = [
            {"type": "customer", "id": c["id"], "title": c["name"]}
            for c in self.customers.values()
            if text in c["name"]
        ]
        found += [
            {"type": "approval", "id": a["id"], "title": a["title"], "subtitle": a["number"]}
            for a in self.approvals.values()
            if text in a["title"]
        ]
        empty = {"subtitle": None, "state": None}
        return {"items": [empty | item for item in found], "partial": False, "missing": []}
