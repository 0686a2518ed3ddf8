"""Bulk decisions as the gateway answers them, with the words for what became of each request."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from frontend.opportunity.deciding import ALREADY_DECIDED, NOT_NOTED, lost_race
from frontend.ui.formats import Amount
from frontend.ui.gateway import CONFLICT, GatewayProblem
from frontend.ui.i18n import gettext, pgettext
from frontend.ui.looks import Look
from frontend.ui.views import View

STATUSES = ("DECIDED", "REFUSED", "FAILED", "CANCELLED", "WAITING")


class Counts(View):
    waiting: int = 0
    decided: int = 0
    refused: int = 0
    failed: int = 0
    cancelled: int = 0

    def of(self, status: str) -> int:
        count: int = getattr(self, status.lower())
        return count


class Batch(View):
    """A batch; `attempt` counts the tries of what had failed, from 1."""

    id: str
    decision: str
    comment: str | None = None
    state: str = "RUNNING"
    total: int
    counts: Counts
    attempt: int = 1
    process_id: str
    actor_id: str
    actor_name: str | None = None
    created_at: str
    cancelled_at: str | None = None

    @property
    def is_running(self) -> bool:
        return self.state == "RUNNING"

    @property
    def ended(self) -> int:
        return self.total - self.counts.waiting


class BatchPage(View):
    items: list[Batch]
    next_cursor: str | None = None


class Item(View):
    """One request of a batch. What tells of it is None for who may not see it."""

    id: str
    position: int
    status: str
    attempt: int = 1
    ended_at: str | None = None
    problem: dict[str, Any] | None = None
    number: str | None = None
    title: str | None = None
    customer_name: str | None = None
    amount: Amount | None = None
    currency: str | None = None
    approval_state: str | None = None

    @property
    def code(self) -> str:
        return str((self.problem or {}).get("code", ""))

    @property
    def flags(self) -> list[str]:
        """What has to be noted before it can be approved among many."""
        return list((self.problem or {}).get("flags", ())) if self.code == NOT_NOTED else []

    @property
    def message(self) -> str:
        """Why it was not decided."""
        if self.problem is None:
            return ""
        problem = GatewayProblem(int(self.problem.get("status", CONFLICT)), self.problem)
        return lost_race(problem) if self.code == ALREADY_DECIDED else problem.message


class ItemPage(View):
    items: list[Item] = Field(default_factory=list)
    next_cursor: str | None = None


def status_look(status: str) -> Look:
    return {
        "WAITING": Look(pgettext("bulk", "Waiting for its turn"), "info", "clock"),
        "DECIDED": Look(pgettext("bulk", "Done"), "ok", "circle-check"),
        "REFUSED": Look(pgettext("bulk", "Not possible"), "warn", "ban"),
        "FAILED": Look(pgettext("bulk", "Failed"), "bad", "circle-alert"),
        "CANCELLED": Look(pgettext("bulk", "Called off"), "muted", "circle-slash"),
    }.get(status, Look(status, "muted", "circle"))


def state_look(batch: Batch) -> Look:
    if batch.is_running:
        return Look(gettext("Running"), "info", "loader")
    if batch.cancelled_at is not None:
        return Look(gettext("Ended, the rest was called off"), "muted", "circle-slash")
    if batch.counts.failed:
        return Look(gettext("Ended, some failed"), "bad", "circle-alert")
    return Look(gettext("Finished"), "ok", "circle-check")
