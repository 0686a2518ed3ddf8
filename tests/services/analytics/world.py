"""Random but valid histories of users, customers, meetings, tasks and requests, as the events that tell them."""

import random
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.contracts.events import approval, customer, sales, user
from services.kit.events.envelope import Envelope, EventPayload

START = datetime(2026, 7, 1, tzinfo=UTC)
DAYS = 120


def envelope(
    payload: EventPayload,
    aggregate_id: UUID,
    version: int | None,
    at: datetime,
    *,
    actor_id: UUID | None = None,
    process_id: UUID | None = None,
) -> Envelope:
    return Envelope(
        event_id=uuid.uuid4(),
        event_type=payload.event_type,
        timestamp=at,
        data=payload.model_dump(mode="json", by_alias=True),
        aggregate_id=aggregate_id,
        aggregate_version=version,
        actor_id=actor_id,
        process_id=process_id,
    )


@dataclass
class Aggregate:
    kind: str
    id: UUID
    fields: dict[str, Any]
    version: int = 0
    at: datetime = START


@dataclass
class World:
    """``events`` in the order in which they happened."""

    seed: int
    events: list[Envelope] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311
        self.managers = [self._uuid() for _ in range(2)]
        self.reps = [self._uuid() for _ in range(5)]
        self.approvers = [self._uuid() for _ in range(2)]

    def _uuid(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def emit(self, aggregate: Aggregate, payload: type[EventPayload], at: datetime, **changes: Any) -> Envelope:
        aggregate.fields |= changes
        aggregate.version += 1
        aggregate.at = max(aggregate.at, at)
        event = envelope(payload.model_validate(aggregate.fields), aggregate.id, aggregate.version, aggregate.at)
        self.events.append(event)
        return event

    def moment(self, after: datetime | None = None, within: float = DAYS) -> datetime:
        return (after or START) + timedelta(seconds=self.random.uniform(1, within * 86_400))

    def populate(self, customers: int = 25, meetings: int = 60, tasks: int = 40, requests: int = 45) -> "World":
        self._users()
        owned = [self._customer() for _ in range(customers)]
        for _ in range(meetings):
            self._meeting(self.random.choice(owned).id)
        for _ in range(tasks):
            self._task(self.random.choice(owned).id)
        for _ in range(requests):
            self._request(self.random.choice(owned).id)
        self.events.sort(key=lambda event: event.timestamp)
        return self

    def _users(self) -> None:
        people = [(u, ["manager"], None) for u in self.managers]
        people += [(u, ["rep"], self.random.choice([*self.managers, None])) for u in self.reps]
        people += [(u, ["approver"], None) for u in self.approvers]
        for number, (user_id, roles, manager_id) in enumerate(people):
            aggregate = Aggregate("user", user_id, {"user_id": user_id})
            self.emit(
                aggregate,
                user.UserCreated,
                START - timedelta(days=30),
                name=f"社員{number}",
                email=f"u{number}@ringi.example",
                state="ACTIVE",
                manager_id=manager_id,
                roles=roles,
            )
            if "rep" in roles and self.random.random() < 0.5:
                self.emit(aggregate, user.UserUpdated, self.moment(), manager_id=self.random.choice(self.managers))

    def customer_at(self, at: datetime) -> Aggregate:
        aggregate = Aggregate("customer", self._uuid(), {}, at=at)
        self.emit(
            aggregate,
            customer.CustomerCreated,
            at,
            customer_id=aggregate.id,
            name="顧客",
            kind=self.random.choice(["INDIVIDUAL", "CORPORATE"]),
            relationship="CLIENT",
            state="ACTIVE",
            assigned_sales_id=self.random.choice(self.reps),
            birth_date=self.random.choice([None, f"{self.random.randint(1930, 2000)}-05-17"]),
            risk_tolerance=self.random.choice([None, "STABLE", "BALANCED"]),
            assets_band=self.random.choice([None, "M10_30"]),
            profile_complete=self.random.random() < 0.6,
            profile_reviewed_at=self.random.choice([None, START - timedelta(days=self.random.randint(1, 500))]),
            created_at=at,
        )
        return aggregate

    def _customer(self) -> Aggregate:
        aggregate = self.customer_at(self.moment(START - timedelta(days=60)))
        for _ in range(self.random.randint(0, 3)):
            at = self.moment(aggregate.at, 40)
            fate = self.random.random()
            if fate < 0.4:
                self.emit(aggregate, customer.CustomerAssigned, at, assigned_sales_id=self.random.choice(self.reps))
            elif fate < 0.6:  # a review that is entered some days after it took place
                reviewed = at - timedelta(days=self.random.uniform(0, 40))
                complete = self.random.random() < 0.8
                changes = {"profile_reviewed_at": reviewed, "profile_complete": complete}
                self.emit(aggregate, customer.CustomerUpdated, at, **changes)
            else:
                self._delete(aggregate, at)
        return aggregate

    def _delete(self, aggregate: Aggregate, at: datetime) -> None:
        self.emit(aggregate, customer.CustomerDeletionStarted, at, state="DELETING")
        self.emit(aggregate, customer.CustomerDeleted, at + timedelta(seconds=3), state="DELETED")
        if self.random.random() < 0.5:
            self.emit(aggregate, customer.CustomerRestored, self.moment(aggregate.at, 20), state="ACTIVE")

    def _meeting(self, customer_id: UUID) -> None:
        at = self.moment()
        late = self.random.random() < 0.25  # entered up to forty days after it was held
        starts = at - timedelta(days=self.random.uniform(0, 40)) if late else self.moment(at, 15)
        aggregate = Aggregate("meeting", self._uuid(), {}, at=at)
        self.emit(
            aggregate,
            sales.MeetingCreated,
            at,
            meeting_id=aggregate.id,
            customer_id=customer_id,
            user_id=self.random.choice(self.reps),
            title="面談",
            state="HELD" if late else "PLANNED",
            starts_at=starts,
            ends_at=starts + timedelta(hours=1),
            created_at=at,
        )
        if not late and self.random.random() < 0.3:
            moved = starts + timedelta(days=4)
            times = {"starts_at": moved, "ends_at": moved + timedelta(hours=1)}
            self.emit(aggregate, sales.MeetingUpdated, self.moment(at, 3), **times)
        if not late and self.random.random() < 0.7:
            held = self.random.choice(["HELD", "HELD", "CANCELLED"])
            self.emit(aggregate, sales.MeetingUpdated, starts + timedelta(hours=self.random.randint(1, 40)), state=held)
        if self.random.random() < 0.15:
            self.emit(aggregate, sales.MeetingDeleted, self.moment(aggregate.at, 10), deleted=True)

    def _task(self, customer_id: UUID) -> None:
        at = self.moment()
        aggregate = Aggregate("task", self._uuid(), {}, at=at)
        self.emit(
            aggregate,
            sales.TaskCreated,
            at,
            task_id=aggregate.id,
            customer_id=customer_id,
            user_id=self.random.choice(self.reps),
            title="資料送付",
            state="OPEN",
            priority="NORMAL",
            due_date=self.random.choice([None, self.moment(at, 10), self.moment(at, 10), self.moment(at, 20)]),
            lead_hours=24,
            created_at=at,
        )
        if self.random.random() < 0.3:
            self.emit(aggregate, sales.TaskUpdated, self.moment(at, 5), user_id=self.random.choice(self.reps))
        fate = self.random.random()
        done = self.moment(aggregate.at, 15)
        if fate < 0.6:
            self.emit(aggregate, sales.TaskCompleted, done, state="COMPLETED", completed_at=done)
        elif fate < 0.75:
            self.emit(aggregate, sales.TaskUpdated, done, state="CANCELLED")
        elif fate < 0.85:
            self.emit(aggregate, sales.TaskDeleted, done, deleted=True)
        if fate < 0.1:
            reopened = self.moment(aggregate.at, 5)
            self.emit(aggregate, sales.TaskUpdated, reopened, state="IN_PROGRESS", completed_at=None)

    def _request(self, customer_id: UUID) -> None:
        at = self.moment()
        rep, approver = self.random.choice(self.reps), self.random.choice(self.approvers)
        aggregate = Aggregate("approval", self._uuid(), {}, at=at)
        figure = self.random.choice([None, self.random.randint(1, 10**9)])
        currency = self.random.choice(["JPY", "JPY", "JPY", "USD"])
        self.emit(
            aggregate,
            approval.ApprovalDrafted,
            at,
            approval_id=aggregate.id,
            number="RNG-2026-000001",
            customer_id=customer_id,
            requester_id=rep,
            owner_id=rep,
            kind="FEE_DISCOUNT",
            title="特別手数料率の適用",
            amount=Decimal(figure).scaleb(-2) if figure and currency == "USD" else figure,
            currency=currency,
            state="DRAFT",
            generation=1,
            revision=1,
            stage=0,
            stages=[{"name": "課長", "approver_ids": [approver], "mode": "ANY"}],
            waiting_for=[],
            previous_id=self.random.choice([None, None, None, self._uuid()]),
            created_at=at,
        )
        if self.random.random() < 0.1:
            return
        at = self.moment(aggregate.at, 4)
        self._pend(aggregate, approval.ApprovalRequested, at, approver, submitted_at=at)
        if self.random.random() < 0.25:
            at = self.moment(aggregate.at, 3)
            self.emit(aggregate, approval.ApprovalReturned, at, state="RETURNED", waiting_for=[], acted_by=approver)
            if self.random.random() < 0.7:
                revision = aggregate.fields["revision"] + 1
                self._pend(aggregate, approval.ApprovalResubmitted, self.moment(at, 3), approver, revision=revision)
        self._end(aggregate, approver)

    def _pend(
        self, aggregate: Aggregate, payload: type[EventPayload], at: datetime, approver: UUID, **changes: Any
    ) -> None:
        deadline = self.random.choice([None, at + timedelta(days=self.random.randint(1, 6))])
        self.emit(
            aggregate,
            payload,
            at,
            state="PENDING",
            waiting_for=[approver],
            deadline_at=deadline,
            acted_by=None,
            **changes,
        )

    def _end(self, aggregate: Aggregate, approver: UUID) -> None:
        at, fate = self.moment(aggregate.at, 8), self.random.random()
        if aggregate.fields["state"] == "PENDING" and fate < 0.7:
            state, payload = self.random.choice(
                [("APPROVED", approval.ApprovalApproved)] * 2 + [("REJECTED", approval.ApprovalRejected)]
            )
            decided = {"state": state, "decided_at": at, "deadline_at": None, "waiting_for": [], "acted_by": approver}
            self.emit(aggregate, payload, at, **decided)
        elif fate < 0.85:
            self.emit(aggregate, approval.ApprovalRecalled, at, state="RECALLED", waiting_for=[])


def doubled_and_reordered(events: Iterable[Envelope], seed: int) -> list[Envelope]:
    """Every event once or twice, in any order: a consumer of several partitions and a relay that repeats itself."""
    shuffled = [event for event in events for _ in range(1 + (event.event_id.int + seed) % 3 // 2)]
    random.Random(seed).shuffle(shuffled)  # noqa: S311
    return shuffled
