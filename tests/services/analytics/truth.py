"""What the reports must say, told by walking through the events: no SQL, no validity periods, no indexes.

Facts are taken from what is known at the end of all events, stocks from what the events up to their instant tell.
"""

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.contracts.money import to_json
from services.kit.events.envelope import Envelope

Seen = Callable[[str, datetime], bool]
"""Whether what a rep did at an instant counts: for whoever asks, or for the rep or team that is asked about."""


def of_reps(reps: set[str] | None) -> Seen:
    return lambda rep, _at: reps is None or rep in reps


class Truth:
    def __init__(self, events: Iterable[Envelope], start: datetime, end: datetime, now: datetime) -> None:
        self.start, self.end, self.now = start, end, now
        self.at = min(end, now)
        self.versions: dict[str, dict[UUID, list[Envelope]]] = defaultdict(lambda: defaultdict(list))
        for event in sorted(events, key=lambda e: e.aggregate_version or 0):
            self.versions[event.event_type.partition(".")[0]][event.aggregate_id].append(event)

    def known(self, kind: str) -> list[dict[str, Any]]:
        """Every aggregate's newest data."""
        return [_parsed(versions[-1].data) | {"_versions": versions} for versions in self.versions[kind].values()]

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

    def team_of(self, rep: str, at: datetime) -> str | None:
        """At an instant, or for what happened before they were entered, at first."""
        versions = self.versions["user"].get(UUID(rep), [])
        if not versions:
            return None
        data = next((event.data for event in reversed(versions) if event.timestamp < at), versions[0].data)
        return data["userId"] if "manager" in data["roles"] else data["managerId"]

    def of_team(self, manager: str) -> Seen:
        return lambda rep, at: self.team_of(rep, at) == manager


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


def amounts(requests: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """By currency, of those that name an amount; exact, as JSON has them."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for request in requests:
        if request["amount"] is not None:
            sums[request["currency"]] += Decimal(request["amount"])
    return {currency: to_json(total) for currency, total in sums.items()}


def sales_summary(truth: Truth, seen: Seen) -> dict[str, Any]:
    meetings = [m for m in truth.known("meeting") if not m["deleted"] and truth.within(m["startsAt"])]
    held = {m["customerId"] for m in meetings if m["state"] == "HELD"}
    requests = truth.known("approval")
    submitted = [r for r in requests if truth.within(r["submittedAt"])]
    approved = [r for r in requests if r["state"] == "APPROVED" and truth.within(r["decidedAt"])]
    asked = {r["customerId"] for r in submitted}
    won = {r["customerId"] for r in submitted if r["state"] == "APPROVED"}
    active = {c["customerId"] for c in _active(truth, seen)}
    own = [m for m in meetings if seen(m["userId"], m["startsAt"])]
    mine = [r for r in submitted if seen(r["ownerId"], r["submittedAt"])]
    got = [r for r in approved if seen(r["ownerId"], r["decidedAt"])]
    return {
        "meetingsScheduled": len(own),
        "meetingsHeld": sum(m["state"] == "HELD" for m in own),
        "activeCustomers": len(active),
        "customersMet": len(active & held),
        "requestsSubmitted": len(mine),
        "requestsSubmittedAmount": amounts(mine).get("JPY", 0),
        "requestsApproved": len(got),
        "requestsApprovedAmount": amounts(got).get("JPY", 0),
        "funnelRequest": len(active & held & asked),
        "funnelApproved": len(active & held & won),
    }


def _active(truth: Truth, seen: Seen) -> list[dict[str, Any]]:
    return [
        c
        for c in truth.state("customer", truth.end)
        if c["state"] == "ACTIVE" and seen(c["assignedSalesId"], truth.end)
    ]


def customer_statistics(truth: Truth, seen: Seen) -> dict[str, Any]:
    customers = truth.known("customer")
    active = _active(truth, seen)
    recent = {
        m["customerId"]
        for m in truth.known("meeting")
        if m["state"] == "HELD" and not m["deleted"] and truth.at - timedelta(days=90) <= m["startsAt"] < truth.end
    }
    new = sum(truth.within(c["createdAt"]) and seen(c["assignedSalesId"], c["createdAt"]) for c in customers)

    def counted(event_type: str) -> int:
        return sum(
            event.event_type == event_type
            and truth.within(event.timestamp)
            and seen(c["assignedSalesId"], event.timestamp)
            for c in customers
            for event in c["_versions"]
        )

    deleted, restored = counted("customer.deleted"), counted("customer.restored")
    everything = {c["customerId"]: c["_versions"] for c in customers}
    return {
        "activeCustomers": len(active),
        "newCustomers": new,
        "deletedCustomers": deleted,
        "restoredCustomers": restored,
        "netCustomers": new + restored - deleted,
        "dormantCustomers": sum(c["customerId"] not in recent for c in active),
        "reviewedProfiles": sum(_reviewed(everything[c["customerId"]], truth) for c in active),
    }


def _reviewed(versions: list[Envelope], truth: Truth) -> bool:
    """By the last review that took place before the end of the period, whenever it was entered."""
    reviews = [
        (datetime.fromisoformat(data["profileReviewedAt"]), number, data["profileComplete"])
        for number, data in enumerate(event.data for event in versions)
        if data["profileReviewedAt"] is not None
    ]
    before = [review for review in reviews if review[0] < truth.end]
    if not before:
        return False
    reviewed, _, complete = max(before)
    return bool(complete and reviewed >= truth.at.replace(year=truth.at.year - 1))


def approval_statistics(truth: Truth, seen: Seen, approver: str | None = None) -> dict[str, Any]:
    def counts(request: dict[str, Any], at: datetime) -> bool:
        named = {a for stage in request["stages"] for a in stage["approverIds"]} | set(request["waitingFor"])
        return seen(request["ownerId"], at) or (approver is not None and approver in named)

    requests = truth.known("approval")
    decided = [
        r
        for r in requests
        if r["state"] in ("APPROVED", "REJECTED") and truth.within(r["decidedAt"]) and counts(r, r["decidedAt"])
    ]
    submitted = [r for r in requests if truth.within(r["submittedAt"]) and counts(r, r["submittedAt"])]
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
        "backlog": sum(
            r["state"] in ("PENDING", "RETURNED", "ON_HOLD") and counts(r, truth.end)
            for r in truth.state("approval", truth.end)
        ),
    }


def _first_pass(request: dict[str, Any]) -> bool:
    types = {event.event_type for event in request["_versions"]}
    return request["previousId"] is None and not types & {"approval.returned", "approval.resubmitted"}


def _in_time(request: dict[str, Any]) -> bool:
    deadline = request["_versions"][-2].data["deadlineAt"]
    return deadline is None or request["decidedAt"] <= datetime.fromisoformat(deadline)


def task_completion(truth: Truth, seen: Seen) -> dict[str, Any]:
    tasks = [t for t in truth.known("task") if not t["deleted"]]
    due = [
        t for t in tasks if t["state"] != "CANCELLED" and truth.within(t["dueDate"]) and seen(t["userId"], t["dueDate"])
    ]
    completed = [t for t in due if t["state"] == "COMPLETED"]
    late = [(t["completedAt"] - t["dueDate"]).total_seconds() / 86_400 for t in completed]
    median = _median([days for days in late if days > 0])
    return {
        "due": len(due),
        "completed": len(completed),
        "onTime": sum(days <= 0 for days in late),
        "overdueNow": sum(
            t["state"] in ("OPEN", "IN_PROGRESS")
            and t["dueDate"] is not None
            and t["dueDate"] < truth.now
            and seen(t["userId"], truth.now)
            for t in tasks
        ),
        "medianDaysLate": None if median is None else round(median, 1),
    }


REPORTS = {
    "sales-summary": sales_summary,
    "customer-statistics": customer_statistics,
    "approval-statistics": approval_statistics,
    "task-completion": task_completion,
}
