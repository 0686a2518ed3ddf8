"""What the stand-in for the gateway answers about kinds and comparisons, by the rules of the service itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from starlette.responses import JSONResponse

from services.contracts.states import ApprovalKind
from services.opportunity.comparison import compared
from services.opportunity.kinds import missing
from services.opportunity.schemas.evidence import RequestSeen
from services.opportunity.schemas.kind_fields import parsed
from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem
from tests.support.kind_fields import definitions

_DECISIONS = ("APPROVE", "REJECT", "RETURN")
_SUBMISSIONS = ("SUBMIT", "RESUBMIT")


def refused_fields(content: Json, *, whole: bool) -> JSONResponse | None:
    """`whole`: nothing that the kind asks for may lack."""
    kind, given = ApprovalKind(content["kind"]), content.get("fields") or {}
    try:
        wrong = dict.fromkeys(missing(kind, parsed(kind, given)), "申請するには入力が必要です") if whole else {}
    except ValidationError as error:
        wrong = {str(fault["loc"][0]): fault["msg"] for fault in error.errors()}
    errors = [
        {"pointer": f"/fields/{name}", "in": "body", "code": "field_missing", "message": message}
        for name, message in wrong.items()
    ]
    return problem(422, "unprocessable", "入力内容に誤りがあります", errors=errors) if errors else None


class KindAnswers:
    """A part of FakeGateway. `kept` holds what was seen, by the id of the entry."""

    approvals: dict[str, Json]
    history: dict[str, list[Json]]
    customers: dict[str, Json]
    users: dict[str, Json]
    kept: dict[str, RequestSeen]

    def kind_routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [("GET", "/approvals/kinds", self._kinds), ("GET", "/approvals/{id}/changes", self._changes)]

    def reset_kept(self) -> None:
        self.kept = {
            entry["id"]: self._look(item) for item in self.approvals.values() for entry in self.history[item["id"]]
        }

    def _kinds(self, _ask: Ask) -> Json:
        return definitions()

    def keep_what_was_seen(self, item: Json) -> None:
        """With the newest entry."""
        self.kept[self.history[item["id"]][-1]["id"]] = self._look(item)

    def _look(self, item: Json) -> RequestSeen:
        seen = records.seen(item, self.customers.get(item["customerId"] or ""), self.users)
        return RequestSeen.model_validate(seen)

    def _changes(self, ask: Ask) -> Any:
        item = self.approvals.get(ask.request.path_params["id"])
        if item is None:
            return problem(404, "not_found", "見つかりません")
        entries = self.history[item["id"]]
        submitted = [entry for entry in entries if entry["action"] in _SUBMISSIONS]
        since = ask.request.query_params.get("since")
        earlier = item["revision"] - (item["state"] != "RETURNED")
        own = [e for e in entries if e["action"] in _DECISIONS and e["actorId"] == ask.user["id"] and since is None]
        before = [e for e in submitted if (e["revision"] == int(since) if since else e["revision"] <= earlier)]
        entry = next(reversed(own or before), None)
        content = None
        if entry is not None and entry["id"] in self.kept:
            content = compared(self.kept[entry["id"]], self._look(item)).model_dump(mode="json", by_alias=True)
        told = {name: entry[name] for name in ("revision", "at", "action", "actorName")} if entry else {}
        return {
            "revision": item["revision"],
            "revisions": sorted({entry["revision"] for entry in submitted}),
            "since": told | {"entryId": entry["id"], "own": bool(own)} if entry else None,
            "content": content,
        }
