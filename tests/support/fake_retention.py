"""Legal holds and the purge of files, in the stand-in for the gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem
from tests.support.fake_beside import FakeFiles

_OFFICE = {"auditor": "AUDIT", "admin": "ADMINISTRATION"}


class RetentionAnswers:
    """The part of FirmAnswers about what is kept. ``holds``: those that are not released, the newest first."""

    approvals: dict[str, Json]
    files: FakeFiles
    _record: Callable[..., None]

    def reset_retention(self) -> None:
        self.holds: list[Json] = []

    def retention_routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [
            ("GET", "/approval-settings/retention", lambda _ask: self._outlook()),
            ("GET", "/legal-holds", lambda _ask: {"items": self.holds, "nextCursor": None}),
            ("POST", "/approvals/{id}/legal-holds", self._hold),
            ("POST", "/legal-holds/{id}/release", self._release),
        ]

    def purge(self, item: Json, file: Json) -> None:
        """As if ten years had gone by."""
        file |= {"purgedAt": records.iso(), "purgeRule": "RETENTION", "purgeTerm": 10}
        self._record(item, {"id": None, "name": None}, "PURGE_FILES", "")

    def holds_of(self, item: Json, user: Json) -> Json:
        """What the answer for one request says of them."""
        told = self._office(user) is not None
        hidden = {} if told else {"reason": None, "setBy": None, "setByName": None}
        return {
            "legalHolds": [
                hold | hidden | {"mayRelease": hold["office"] == self._office(user)}
                for hold in self.holds
                if hold["approvalId"] == item["id"]
            ]
        }

    def _office(self, user: Json) -> str | None:
        return next((office for role, office in _OFFICE.items() if role in user["roles"]), None)

    def _outlook(self) -> Json:
        return {
            "nextRunAt": records.iso(8),
            "due": {"requests": 2, "files": 5, "bytes": 3_400_000, "heldFiles": len(self.holds)},
            "heldRequests": len(self.holds),
            "lastRun": {
                "startedAt": records.iso(-16),
                "finishedAt": records.iso(-16),
                "requests": 1,
                "files": 2,
                "bytes": 120_000,
            },
        }

    def _hold(self, ask: Ask) -> Any:
        item, office = self.approvals[ask.request.path_params["id"]], self._office(ask.user)
        if any((hold["approvalId"], hold["office"]) == (item["id"], office) for hold in self.holds):
            return problem(409, "already_on_legal_hold", "すでに訴訟ホールドの対象です")
        hold = {
            "id": records.uuid_of(f"hold {item['id']} {office}"),
            "approvalId": item["id"],
            "number": item["number"],
            "title": item["title"],
            "state": item["state"],
            "office": office,
            "reason": ask.body["reason"],
            "setBy": ask.user["id"],
            "setByName": ask.user["name"],
            "setAt": records.iso(),
            "releasedBy": None,
            "releasedByName": None,
            "releasedAt": None,
            "releaseReason": None,
        }
        self.holds.insert(0, hold)
        self._record(item, ask.user, "LEGAL_HOLD", "")
        return hold

    def _release(self, ask: Ask) -> Any:
        hold = next((hold for hold in self.holds if hold["id"] == ask.request.path_params["id"]), None)
        if hold is None:
            return problem(409, "legal_hold_released", "この訴訟ホールドはすでに解除されています")
        self.holds.remove(hold)
        self._record(self.approvals[hold["approvalId"]], ask.user, "LEGAL_RELEASE", "")
        return hold
