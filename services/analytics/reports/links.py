"""Drill-down: the list endpoint and the filters that show what a figure counts, where these can express it."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from services.analytics.reports.period import Bucket
from services.analytics.reports.sql import By

API: str = "/api/v1"


@dataclass(frozen=True, slots=True)
class Links:
    """``key`` is the rep or team that the figure is for; the lists know no teams, so a team's figure has no link."""

    bucket: Bucket
    by: By | None
    key: UUID | None

    def meetings(self, *, state: str | None = None) -> str | None:
        span = {"startsAfter": self.bucket.start_at, "startsBefore": self.bucket.end_at}
        return self._link("/meetings", "userId", {"state": state, **span})

    def tasks(self, *, state: str) -> str | None:
        span = {"dueAfter": self.bucket.start_at, "dueBefore": self.bucket.end_at}
        return self._link("/tasks", "userId", {"state": state, **span})

    def overdue_tasks(self) -> str | None:
        return self._link("/tasks/overdue", "userId", {})

    def customers(self, *, created: bool = False) -> str | None:
        span = {"createdAfter": self.bucket.start_at, "createdBefore": self.bucket.end_at} if created else {}
        return self._link("/customers", "assignedSalesId", {"state": "ACTIVE", **span})

    def approvals(self, *, time: str, state: str | None = None) -> str | None:
        """``time``: which of its times falls into the bucket, "submitted" or "decided"."""
        span = {f"{time}After": self.bucket.start_at, f"{time}Before": self.bucket.end_at}
        return self._link("/approvals", "ownerId", {"state": state, **span})

    def _link(self, path: str, rep: str, filters: dict[str, datetime | str | None]) -> str | None:
        if self.by is By.TEAM and self.key is not None:
            return None
        given = {name: value for name, value in filters.items() if value is not None}
        if self.key is not None:
            given[rep] = str(self.key)
        query = {
            name: value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value
            for name, value in given.items()
        }
        return f"{API}{path}?{urlencode(query)}" if query else f"{API}{path}"
