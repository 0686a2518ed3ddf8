"""Opinions that approvers ask for, as the gateway would answer them."""

from __future__ import annotations

from collections.abc import Callable

from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json

ACTIONS = frozenset({"ask-opinion", "give-opinion", "decline-opinion", "withdraw-opinion"})


class OpinionAnswers:
    """``opinions`` of a request are its open questions."""

    users: dict[str, Json]
    approvals: dict[str, Json]
    history: dict[str, list[Json]]
    _record: Callable[[Json, Json, str, str], None]

    @staticmethod
    def opinion_actions(item: Json, user: Json, actions: list[str]) -> list[str]:
        """``actions`` with those of opinions, and without what waits for one."""
        questions = item["opinions"] if item["state"] == "PENDING" else []
        found = ["ASK_OPINION"] if "APPROVE" in actions else []
        if any(question["asked"]["id"] == user["id"] for question in questions):
            found += ["GIVE_OPINION", "DECLINE_OPINION"]
        waits = any(question["blocks"] for question in questions)
        return [action for action in actions if not (waits and action in ("APPROVE", "REJECT"))] + found

    def wanting(self, ask: Ask) -> list[Json]:
        """Requests that await the caller's opinion."""
        mine = ask.user["id"]
        return [item for item in self.approvals.values() if any(one["asked"]["id"] == mine for one in item["opinions"])]

    def shown_opinions(self, item: Json, user: Json) -> Json:
        """The clock stands while the decision waits for one of them."""
        questions = [one | {"mayWithdraw": one["asker"]["id"] == user["id"]} for one in item["opinions"]]
        stands = any(question["blocks"] for question in questions)
        return {"opinions": questions, "deadlineAt": None if stands else item["deadlineAt"]}

    def act_on_opinion(self, item: Json, ask: Ask, action: str) -> None:
        said = ask.body.get("question") or ask.body.get("opinion") or ask.body.get("reason") or ""
        asked_id = ask.body.get("userId", ask.user["id"])
        asked = self.users[asked_id]
        item["opinions"] = [question for question in item["opinions"] if question["asked"]["id"] != asked_id]
        if action == "ask-opinion":
            question = {"asked": records.person(asked), "asker": records.person(ask.user), "question": said}
            question |= {"blocks": ask.body["blocks"], "askedAt": records.iso()}
            item["opinions"].append(question)
        self._record(item, ask.user, action.replace("-", "_").upper(), said)
        self.history[item["id"]][-1]["askedName"] = asked["name"]
