"""Drill-down: the list endpoint and the filters that lead to exactly the rows that a figure counts.

A figure has no link where no list shows just these rows: the lists know the present only, so a stock of the past has
none; neither has a team of the past. A rate leads to the rows of its numerator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from services.analytics.reports.period import Bucket
from services.analytics.reports.sql import By

API: Final = "/api/v1"

Filters = Mapping[str, str | datetime | Sequence[str] | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose rows are counted. ``reps`` None: everyone's; ``approver``: requests that name this user as well."""

    caller: UUID
    reps: Sequence[UUID] | None
    approver: UUID | None


@dataclass(frozen=True, slots=True)
class Links:
    """``key``: the rep or team that the figure is for; None: all whose figures the caller sees."""

    bucket: Bucket
    by: By | None
    key: UUID | None
    asked: Asked
    now: datetime

    def meetings(self, *, state: str | None = None) -> str | None:
        span = {"startsAfter": self.bucket.start_at, "startsBefore": self.bucket.end_at}
        return self._link("/meetings", self._owners("userId"), {"state": state, **span})

    def tasks(self, *states: str) -> str | None:
        span = {"dueAfter": self.bucket.start_at, "dueBefore": self.bucket.end_at}
        return self._link("/tasks", self._owners("userId"), {"state": states, **span})

    def overdue_tasks(self) -> str | None:
        return self._link("/tasks/overdue", self._owners("userId"), {})

    def active_customers(self) -> str | None:
        if self.bucket.end_at <= self.now:
            return None
        return self._link("/customers", self._owners("assignedSalesId"), {"state": "ACTIVE"})

    def new_customers(self) -> str | None:
        """Those who are still there: the list shows no others."""
        span = {"createdAfter": self.bucket.start_at, "createdBefore": self.bucket.end_at}
        return self._link("/customers", self._owners("assignedSalesId"), span)

    def approvals(self, *, time: str, state: str | None = None) -> str | None:
        """``time``: which of its times falls into the bucket, "submitted" or "decided"."""
        span = {f"{time}After": self.bucket.start_at, f"{time}Before": self.bucket.end_at}
        return self._link("/approvals", self._requesters(), {"state": state, **span})

    def _owners(self, rep: str) -> dict[str, str] | None:
        """The filter that leaves the rows of whom the figure is about; None if there is none."""
        if self.key is not None:
            return None if self.by is By.TEAM else {rep: str(self.key)}
        if self.asked.reps is None:
            return {}
        if list(self.asked.reps) == [self.asked.caller]:
            return {rep: str(self.asked.caller)}
        return {"teamOf": str(self.asked.caller)}

    def _requesters(self) -> dict[str, str] | None:
        """As the owners of other records; but the list of requests knows no teams, and shows more than the requests
        that name the caller as an approver (those that they stand in for, those they may only read)."""
        if self.asked.reps is not None and self.asked.approver is not None and self.key not in self.asked.reps:
            return None
        owners = self._owners("ownerId")
        return None if owners is None or "teamOf" in owners else owners

    def _link(self, path: str, owners: Mapping[str, str] | None, filters: Filters) -> str | None:
        if owners is None:
            return None
        query = {
            name: value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value
            for name, value in {**filters, **owners}.items()
            if value is not None
        }
        return f"{API}{path}?{urlencode(query, doseq=True)}" if query else f"{API}{path}"
