"""The route that a request would take, in the stand-in for the gateway."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, too_large


class PreviewAnswers:
    """A part of FakeGateway: the superior, and from a million yen an approver as well."""

    users: dict[str, Json]
    compared: Callable[[int | str | None, str], Json]
    _absence_of: Callable[[Json], Json]

    def _route(self, ask: Ask) -> list[Json]:
        manager, approver = records.by_email(self.users, "manager"), records.by_email(self.users, "approver")
        last = Decimal(ask.body.get("amount") or 0) >= 1_000_000
        return [
            records.stage("上長承認", [manager], 48),
            *([records.stage("最終承認", [approver], 72)] if last else []),
        ]

    def _preview(self, ask: Ask) -> Any:
        if refused := too_large(ask):
            return refused
        stages = self._route(ask)
        for stage in stages:
            stage.pop("approvedBy")
            stage["approvers"] = [person | self._absence_of(person) for person in stage["approvers"]]
        flags = ["SENIOR_75"] if ask.body.get("kind") == "SUITABILITY_EXCEPTION" else []
        worth = self.compared(ask.body.get("amount"), ask.body.get("currency", "JPY"))
        return {"routeId": None, "stages": stages, "flags": flags, "flagGrounds": {}} | worth
