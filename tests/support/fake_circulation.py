"""Circulation of the stand-in for the gateway: readings, reviews after the decision, consultations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem

OWN_ACTIONS = {
    "DRAFT": ["SUBMIT", "CONSULT"],
    "PENDING": ["NUDGE", "RECALL"],
    "RETURNED": ["RESUBMIT", "CONSULT", "RECALL"],
}
"""What the requester may do, by state."""
_ANSWERS = {"read": ("READ", "READ"), "post-review": ("REVIEW", "POST_REVIEW"), "advise": ("CONSULT", "ADVISE")}


class CirculationAnswers:
    """State and handlers; ``parts`` by request."""

    users: dict[str, Json]
    approvals: dict[str, Json]
    parts: dict[str, list[Json]]
    _record: Callable[..., None]
    _shown: Callable[[Json, Json], Json]

    def reset_circulation(self) -> None:
        self.parts = {}

    def show_to(self, approval_id: str, purpose: str, user: Json, **more: Any) -> Json:
        """What ``user`` is asked."""
        part: Json = {"purpose": purpose, "userId": user["id"], "userName": user["name"], "generation": 1}
        part |= {"revision": 1, "since": records.iso(-2), "dueAt": None, "answeredAt": None, "verdict": None}
        part |= {"comment": None, "endedAt": None} | more
        self.parts.setdefault(approval_id, []).append(part)
        return part

    def circulation_table(self) -> list[tuple[str, str, Callable[..., Any]]]:
        root = "/approvals/{id}"
        answers = [("PATCH", f"{root}/{action}", self._answer(action)) for action in _ANSWERS]
        return [
            ("GET", "/approvals/circulated", self._circulated),
            ("GET", f"{root}/circulation", self._circulation),
            ("POST", f"{root}/consultations", self._consult),
            ("DELETE", f"{root}/consultations/{{user}}", self._end_consultation),
            *answers,
        ]

    def asked(self, user: Json, purpose: str) -> list[tuple[str, Json]]:
        return [
            (approval_id, part)
            for approval_id, parts in self.parts.items()
            for part in parts
            if (part["purpose"], part["userId"], part["endedAt"]) == (purpose, user["id"], None)
        ]

    def circulation_counts(self, user: Json) -> Json:
        purposes = {"toRead": "READ", "toReview": "REVIEW", "consulted": "CONSULT"}
        return {name: len(self.asked(user, purpose)) for name, purpose in purposes.items()}

    def _circulated(self, ask: Ask) -> Json:
        purpose = ask.request.query_params["purpose"]
        found = self.asked(ask.user, purpose)
        if ask.request.query_params.get("answered") == "true":
            found = [
                (approval_id, part)
                for approval_id, parts in self.parts.items()
                for part in parts
                if part["purpose"] == purpose and part["userId"] == ask.user["id"] and part["answeredAt"]
            ]
        items = [
            self._shown(self.approvals[approval_id], ask.user)
            | {"shownSince": part["since"], "reviewDueAt": part["dueAt"], "answeredAt": part["answeredAt"]}
            for approval_id, part in found
        ]
        return {"items": items, "nextCursor": None}

    def _circulation(self, ask: Ask) -> Json:
        approval_id = ask.request.path_params["id"]
        mine = [
            part["purpose"]
            for part in self.parts.get(approval_id, [])
            if part["userId"] == ask.user["id"] and part["endedAt"] is None
        ]
        return {"items": self.parts.get(approval_id, []), "asked": mine}

    def _answer(self, action: str) -> Callable[[Ask], Any]:
        purpose, entry = _ANSWERS[action]

        def handler(ask: Ask) -> Any:
            approval_id = ask.request.path_params["id"]
            mine = [part for found, part in self.asked(ask.user, purpose) if found == approval_id]
            if not mine:
                return problem(409, "not_asked_any_more", "この依頼はすでに終了しています")
            comment = ask.body.get("comment")
            verdict = ask.body.get("verdict")
            if purpose == "REVIEW":
                verdict = "FINDING" if ask.body.get("finding") else "CLEAR"
            mine[0] |= {"answeredAt": records.iso(), "verdict": verdict, "comment": comment}
            if purpose != "CONSULT":
                mine[0]["endedAt"] = records.iso()
            self._record(self.approvals[approval_id], ask.user, entry, comment or "")
            return self._circulation(ask)

        return handler

    def _consult(self, ask: Ask) -> Json:
        approval_id = ask.request.path_params["id"]
        for user_id in ask.body["userIds"]:
            asked = next(user for user in self.users.values() if user["id"] == user_id)
            self.show_to(approval_id, "CONSULT", asked)
        self._record(self.approvals[approval_id], ask.user, "CONSULT", ask.body.get("comment") or "")
        return self._circulation(ask)

    def _end_consultation(self, ask: Ask) -> Json:
        approval_id, user_id = ask.request.path_params["id"], ask.request.path_params["user"]
        for part in self.parts.get(approval_id, []):
            if part["userId"] == user_id:
                part["endedAt"] = records.iso()
        return self._circulation(ask)
