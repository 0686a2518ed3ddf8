"""Bulk decisions, as the stand-in for the gateway keeps and works them off."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse

from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem

NAMES = {"APPROVE": "approve", "REJECT": "reject", "RETURN": "return"}


class BulkAnswers:
    """Each look at a batch works off `bulk_step` of its items. Those in `bulk_failing` can't be reached."""

    approvals: dict[str, Json]
    _decide: Callable[..., None]
    _waits_for: Callable[..., bool]
    _lost: Callable[[Json], JSONResponse]

    def reset_bulk(self) -> None:
        self.batches: dict[str, Json] = {}
        self.bulk_step = 500
        self.bulk_failing: set[str] = set()

    def status_of_bulk(self, handler: Callable[..., Any]) -> int:
        return 202 if handler in (self._create_batch, self._retry_batch) else 200

    def bulk_routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [
            ("POST", "/approvals/bulk-decisions", self._create_batch),
            ("GET", "/approvals/bulk-decisions", self._list_batches),
            ("GET", "/approvals/bulk-decisions/{id}", self._one_batch),
            ("GET", "/approvals/bulk-decisions/{id}/items", self._batch_items),
            ("POST", "/approvals/bulk-decisions/{id}/retry", self._retry_batch),
            ("POST", "/approvals/bulk-decisions/{id}/cancel", self._cancel_batch),
        ]

    def _create_batch(self, ask: Ask) -> Json:
        batch_id = records.uuid_of(f"batch {len(self.batches)}")
        self.batches[batch_id] = {
            "id": batch_id,
            "decision": ask.body["decision"],
            "comment": ask.body.get("comment"),
            "attempt": 1,
            "processId": records.uuid_of(f"process of {batch_id}"),
            "actorId": ask.user["id"],
            "actorName": ask.user["name"],
            "createdAt": records.iso(),
            "cancelledAt": None,
            "items": [
                item | {"position": position, "status": "WAITING", "attempt": 1, "problem": None, "endedAt": None}
                for position, item in enumerate(ask.body["items"])
            ],
            "by": ask.user,
        }
        return self._batch(batch_id)

    def _batch(self, batch_id: str) -> Json:
        batch = self.batches[batch_id]
        statuses = [item["status"] for item in batch["items"]]
        names = ("waiting", "decided", "refused", "failed", "cancelled")
        shown = {name: value for name, value in batch.items() if name not in ("items", "by")}
        return shown | {
            "state": "RUNNING" if "WAITING" in statuses else "FINISHED",
            "total": len(statuses),
            "counts": {name: statuses.count(name.upper()) for name in names},
        }

    def _work_off(self, batch: Json) -> None:
        waiting = [item for item in batch["items"] if item["status"] == "WAITING"]
        for item in waiting[: self.bulk_step]:
            refusal = self._refusal(item, batch["by"])
            if refusal is None:
                self._decide(self.approvals[item["id"]], batch["by"], NAMES[batch["decision"]], batch["comment"] or "")
                item["status"] = "DECIDED"
            else:
                item["status"] = "FAILED" if refusal["status"] == 503 else "REFUSED"
            item |= {"problem": refusal, "endedAt": records.iso()}

    def _refusal(self, item: Json, who: Json) -> Json | None:
        request = self.approvals[item["id"]]
        unnoted = sorted(set(request["flags"]) - set(item["acknowledgedFlags"]))
        if item["id"] in self.bulk_failing:
            return {"status": 503, "code": "unavailable", "title": "一時的に利用できません"}
        if not self._waits_for(request, who["id"]):
            lost: Json = json.loads(self._lost(request).body)
            return lost
        if unnoted:
            return {"status": 409, "code": "flags_not_acknowledged", "title": "注意事項の確認が必要です"} | {
                "flags": unnoted
            }
        return None

    def _of(self, ask: Ask) -> Json | None:
        return self.batches.get(ask.request.path_params["id"])

    def _list_batches(self, _ask: Ask) -> Json:
        return {"items": [self._batch(batch_id) for batch_id in reversed(self.batches)], "nextCursor": None}

    def _one_batch(self, ask: Ask) -> Any:
        batch = self._of(ask)
        if batch is None:
            return problem(404, "not_found", "見つかりません")
        self._work_off(batch)
        return self._batch(batch["id"])

    def _batch_items(self, ask: Ask) -> Any:
        batch = self._of(ask)
        if batch is None:
            return problem(404, "not_found", "見つかりません")
        status = ask.request.query_params.get("status")
        shown = [self._shown_item(item) for item in batch["items"] if status in (None, "", item["status"])]
        return {"items": shown, "nextCursor": None}

    def _shown_item(self, item: Json) -> Json:
        request = self.approvals[item["id"]]
        told = {name: request[name] for name in ("number", "title", "customerName", "amount", "currency")}
        return item | told | {"approvalState": request["state"]}

    def _retry_batch(self, ask: Ask) -> Any:
        batch = self.batches[ask.request.path_params["id"]]
        noted = {item["id"]: item["acknowledgedFlags"] for item in ask.body.get("noted", ())}
        again = [item for item in batch["items"] if item["status"] == "FAILED" or item["id"] in noted]
        if not again:
            return problem(409, "nothing_to_retry", "再試行できる申請はありません")
        batch["attempt"] += 1
        for item in again:
            acknowledged = sorted({*item["acknowledgedFlags"], *noted.get(item["id"], ())})
            item |= {"status": "WAITING", "problem": None, "endedAt": None, "attempt": batch["attempt"]}
            item["acknowledgedFlags"] = acknowledged
        return self._batch(batch["id"])

    def _cancel_batch(self, ask: Ask) -> Json:
        batch = self.batches[ask.request.path_params["id"]]
        for item in batch["items"]:
            if item["status"] == "WAITING":
                item["status"] = "CANCELLED"
        batch["cancelledAt"] = records.iso()
        return self._batch(batch["id"])
