"""What the reports must say, told by walking through the events: no SQL, no validity periods, no indexes."""

import statistics
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.kit.events.envelope import Envelope

GONE = ("DELETED", "PURGING", "PURGED")


class Truth:
    def __init__(self, events: Iterable[Envelope], start: datetime, end: datetime, now: datetime) -> None:
        self.start, self.end, self.now = start, end, now
        self.at = min(end, now)
        self.versions: dict[str, dict[UUID, list[Envelope]]] = defaultdict(lambda: defaultdict(list))
        for event in sorted(events, key=lambda e: e.aggregate_version or 0):
            self.versions[event.event_type.partition(".")[0]][event.aggregate_id].append(event)

    def state(self, kind: str, instant: datetime) -> list[dict[str, Any]]:
        """Every aggregate's data as of just before an instant; times parsed."""
        found = []
        for versions in self.versions[kind].values():
            past = [event for event in versions if event.timestamp < instant]
            if past:
                found.append(_parsed(past[-1].data) | {"_versions": past})
        return found

    def within(self, value: datetime | None) -> bool:
        return value is not None and self.start <= value < self.end

    def team_of(self, rep: str) -> str | None:
        for person in self.state("user", self.end):
            if person["userId"] == rep:
                return person["userId"] if "manager" in person["roles"] else person["managerId"]
        return None


def _parsed(data: dict[str, Any]) -> dict[str, Any]:
    times = ("At", "Date")
    return {
        name: datetime.fromisoformat(value)
        if isinstance(value, str) and name.endswith(times) and len(value) > 10
        else value
        for name, value in data.items()
    }


def _median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None


def sales_summary(truth: Truth, reps: set[str] | None) -> dict[str, Any]:
    def seen(rep: str) -> bool:
        return reps is None or rep in reps

    meetings = [m for m in truth.state("meeting", truth.end) if not m["deleted"] and truth.within(m["startsAt"])]
    held = {m["customerId"] for m in meetings if m["state"] == "HELD"}
    requests = truth.state("approval", truth.end)
    submitted = [r for r in requests if truth.within(r["submittedAt"])]
    approved = [r for r in requests if r["state"] == "APPROVED" and truth.within(r["decidedAt"])]
    asked = {r["customerId"] for r in submitted}
    won = {r["customerId"] for r in submitted if r["state"] == "APPROVED"}
    active = {
        c["customerId"]
        for c in truth.state("customer", truth.end)
        if c["state"] == "ACTIVE" and seen(c["assignedSalesId"])
    }
    own = [m for m in meetings if seen(m["userId"])]
    mine = [r for r in submitted if seen(r["ownerId"])]
    got = [r for r in approved if seen(r["ownerId"])]
    return {
        "meetingsScheduled": len(own),
        "meetingsHeld": sum(m["state"] == "HELD" for m in own),
        "activeCustomers": len(active),
        "customersMet": len(active & held),
        "requestsSubmitted": len(mine),
        "requestsSubmittedAmount": sum(r["amount"] or 0 for r in mine),
        "requestsApproved": len(got),
        "requestsApprovedAmount": sum(r["amount"] or 0 for r in got),
        "funnelRequest": len(active & held & asked),
        "funnelApproved": len(active & held & won),
    }


def customer_statistics(truth: Truth, reps: set[str] | None) -> dict[str, Any]:
    customers = [c for c in truth.state("customer", truth.end) if reps is None or c["assignedSalesId"] in reps]
    gone_before = {c["customerId"] for c in truth.state("customer", truth.start) if c["state"] in GONE}
    active = [c for c in customers if c["state"] == "ACTIVE"]
    recent = {
        m["customerId"]
        for m in truth.state("meeting", truth.end)
        if m["state"] == "HELD" and not m["deleted"] and truth.at - timedelta(days=90) <= m["startsAt"] < truth.end
    }
    new = sum(truth.within(c["createdAt"]) for c in customers)
    deleted = sum(c["state"] in GONE and c["customerId"] not in gone_before for c in customers)
    restored = sum(c["state"] not in GONE and c["customerId"] in gone_before for c in customers)
    return {
        "activeCustomers": len(active),
        "newCustomers": new,
        "deletedCustomers": deleted,
        "restoredCustomers": restored,
        "netCustomers": new + restored - deleted,
        "dormantCustomers": sum(c["customerId"] not in recent for c in active),
        "reviewedProfiles": sum(_reviewed(c, truth.at) for c in active),
    }


def _reviewed(customer: dict[str, Any], at: datetime) -> bool:
    reviewed = customer["profileReviewedAt"]
    return bool(customer["profileComplete"] and reviewed and reviewed >= at.replace(year=at.year - 1))


def approval_statistics(truth: Truth, reps: set[str] | None, approver: str | None = None) -> dict[str, Any]:
    def seen(request: dict[str, Any]) -> bool:
        named = {a for stage in request["stages"] for a in stage["approverIds"]} | set(request["waitingFor"])
        return reps is None or request["ownerId"] in reps or (approver is not None and approver in named)

    requests = [r for r in truth.state("approval", truth.end) if seen(r)]
    decided = [r for r in requests if r["state"] in ("APPROVED", "REJECTED") and truth.within(r["decidedAt"])]
    submitted = [r for r in requests if truth.within(r["submittedAt"])]
    approved = sum(r["state"] == "APPROVED" for r in decided)
    in_time = sum(_in_time(r) for r in decided)
    first = sum(r["state"] == "APPROVED" and _first_pass(r) for r in decided)
    recalled = sum(r["state"] == "RECALLED" for r in submitted)
    median = _median([(r["decidedAt"] - r["submittedAt"]).total_seconds() for r in decided])
    return {
        "approved": approved,
        "rejected": len(decided) - approved,
        "submitted": len(submitted),
        "recalled": recalled,
        "firstPassRate": round(first / len(decided), 4) if decided else None,
        "recallRate": round(recalled / len(submitted), 4) if submitted else None,
        "inTimeRate": round(in_time / len(decided), 4) if decided else None,
        "medianDecisionSeconds": None if median is None else round(median),
        "backlog": sum(r["state"] in ("PENDING", "RETURNED", "ON_HOLD") for r in requests),
    }


def _first_pass(request: dict[str, Any]) -> bool:
    types = {event.event_type for event in request["_versions"]}
    return request["previousId"] is None and not types & {"approval.returned", "approval.resubmitted"}


def _in_time(request: dict[str, Any]) -> bool:
    deadline = request["_versions"][-2].data["deadlineAt"]
    return deadline is None or request["decidedAt"] <= datetime.fromisoformat(deadline)


def task_completion(truth: Truth, reps: set[str] | None) -> dict[str, Any]:
    def seen(task: dict[str, Any]) -> bool:
        return not task["deleted"] and (reps is None or task["userId"] in reps)

    due = [
        t
        for t in truth.state("task", truth.end)
        if seen(t) and t["state"] != "CANCELLED" and truth.within(t["dueDate"])
    ]
    completed = [t for t in due if t["state"] == "COMPLETED"]
    late = [(t["completedAt"] - t["dueDate"]).total_seconds() / 86_400 for t in completed]
    median = _median([days for days in late if days > 0])
    latest = truth.state("task", truth.now + timedelta(days=3650))
    return {
        "due": len(due),
        "completed": len(completed),
        "onTime": sum(days <= 0 for days in late),
        "overdueNow": sum(
            seen(t) and t["state"] in ("OPEN", "IN_PROGRESS") and t["dueDate"] is not None and t["dueDate"] < truth.now
            for t in latest
        ),
        "medianDaysLate": None if median is None else round(median, 1),
    }


REPORTS = {
    "sales-summary": sales_summary,
    "customer-statistics": customer_statistics,
    "approval-statistics": approval_statistics,
    "task-completion": task_completion,
}
