"""What the stand-in for the gateway answers about evidence."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse, Response

from tests.support import fake_dossiers
from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem


class EvidenceAnswers:
    """A part of FakeGateway."""

    approvals: dict[str, Json]
    history: dict[str, list[Json]]
    customers: dict[str, Json]
    users: dict[str, Json]
    remarks: dict[str, list[Json]]

    def evidence_routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [
            ("GET", "/approvals/dossiers", self._sample),
            ("GET", "/approvals/evidence-keys", self._evidence_keys),
            ("GET", "/approvals/{id}/history", self._history),
            ("GET", "/approvals/{id}/history/{entry}", self._entry),
            ("GET", "/approvals/{id}/dossier", self._dossier),
        ]

    def _evidence_keys(self, _ask: Ask) -> Json:
        return fake_dossiers.keys()

    def _history(self, ask: Ask) -> Any:
        entries = self.history.get(ask.request.path_params["id"])
        return (
            problem(404, "not_found", "見つかりません") if entries is None else {"items": entries, "nextCursor": None}
        )

    def _entry(self, ask: Ask) -> Any:
        """What was seen: as it is now, but for the customer's risk tolerance, which was another one then."""
        item = self.approvals[ask.request.path_params["id"]]
        entry = next((e for e in self.history[item["id"]] if e["id"] == ask.request.path_params["entry"]), None)
        if entry is None:
            return problem(404, "not_found", "見つかりません")
        seen = records.seen(item, self.customers.get(item["customerId"] or ""), self.users)
        then = seen | {"customer": seen["customer"] and seen["customer"] | {"riskTolerance": "STABLE"}}
        return {"entry": entry, "seen": None if entry["erased"] else then, "now": seen}

    def _dossier(self, ask: Ask) -> Any:
        item = self.approvals.get(ask.request.path_params["id"])
        if item is None:
            return problem(404, "not_found", "見つかりません")
        headers = {"Content-Disposition": f'attachment; filename="{item["number"]}.json"'}
        return JSONResponse(self._document(item, ask.user), headers=headers)

    def _document(self, item: Json, user: Json) -> Json:
        remarks, customer = self.remarks.get(item["id"], []), self.customers.get(item["customerId"] or "")
        return fake_dossiers.dossier_of(item, self.history[item["id"]], remarks, customer, self.users, user)

    def _sample(self, ask: Ask) -> Response:
        """Without an index, which no page reads."""
        state, buffer = ask.request.query_params.get("state"), io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for item in self.approvals.values():
                if state in (None, item["state"]):
                    content = json.dumps(self._document(item, ask.user))
                    archive.writestr(f"dossiers/{item['number']}.json", content)
        headers = {"Content-Disposition": 'attachment; filename="dossiers.zip"'}
        return Response(buffer.getvalue(), media_type="application/zip", headers=headers)
