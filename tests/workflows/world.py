"""What the customer's processes act on, in memory: the services' side of every step, with faults where wanted.

A step takes effect once, as in the services: the answer is recorded beside the effect, and a repeat gets the record.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.ledger.contract import (
    KnownProcess,
    KnownStep,
    ProcessRecord,
    ProcessReference,
    StepRecord,
    Turned,
    Turning,
)
from services.contracts.steps import Acknowledged, ProcessStep, RestoreStep, SliceResult, SweepResult
from services.kit.processes.statuses import ProcessStatus, StepStatus

Answer = Acknowledged | SliceResult | SweepResult
Hook = Callable[[], Awaitable[None]]

WORLDS: dict[UUID, "World"] = {}
"""By the ids of the processes that act on them: one set of workers serves all tests."""


class DatabaseAwayError(RuntimeError):
    """What Temporal retries."""


@dataclass
class Fault:
    """Strikes at the step's n-th effect; `times` None: for ever. `lost`: the effect stands, the answer never comes.
    `until_attention`: somebody mends it as soon as the process asks for attention."""

    refusal: bool
    at: int = 0
    times: int | None = None
    lost: bool = False
    until_attention: bool = False

    def strike(self, world: "World") -> None:
        if self.times == 0 or (self.until_attention and world.asked_for_attention):
            return
        if self.times is not None:
            self.times -= 1
        if self.refusal:
            raise ApplicationError("no", type="injected", non_retryable=True)
        raise DatabaseAwayError


@dataclass
class Held:
    """One approval request, meeting or task."""

    state: str
    before: str | None = None
    by: UUID | None = None


@dataclass
class World:
    """A customer with open requests, meetings and tasks. `slice_size`: rows that one call moves."""

    process_id: UUID = field(default_factory=uuid4)
    deletion_process_id: UUID = field(default_factory=uuid4)
    customer_id: UUID = field(default_factory=uuid4)
    slice_size: int = 2
    state: str = "DELETING"
    approvals: list[Held] = field(default_factory=list)
    activities: list[Held] = field(default_factory=list)
    fences: dict[str, UUID | None] = field(default_factory=lambda: {"opportunity": None, "sales_activity": None})
    faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    hooks: dict[str, Hook] = field(default_factory=dict)
    """Awaited once, when the step with this name (and `#n` for its n-th effect) has taken effect."""
    calls: list[str] = field(default_factory=list)
    steps: dict[str, StepRecord] = field(default_factory=dict)
    statuses: list[ProcessStatus] = field(default_factory=list)
    records: list[StepRecord] = field(default_factory=list)
    recorded: dict[tuple[UUID, str, int], Answer] = field(default_factory=dict)
    decided: bool = False
    turned_back_for: str | None = None
    stuck: bool = False
    """Slices find rows that somebody else holds, until the process asks for attention."""

    @classmethod
    def to_delete(cls, approvals: int = 3, activities: int = 5, **more: Any) -> "World":
        """A customer in DELETING, every request PENDING or RETURNED, every activity live."""
        world = cls(
            approvals=[Held("RETURNED" if n % 3 == 2 else "PENDING") for n in range(approvals)],
            activities=[Held("LIVE") for _ in range(activities)],
            **more,
        )
        WORLDS[world.process_id] = world
        return world

    @classmethod
    def to_restore(cls, approvals: int = 3, activities: int = 5, **more: Any) -> "World":
        """A customer in RESTORING, as a deletion left it."""
        world = cls(state="RESTORING", **more)
        world.approvals = [Held("CANCELLED", by=world.deletion_process_id) for _ in range(approvals)]
        world.activities = [Held("HIDDEN", by=world.deletion_process_id) for _ in range(activities)]
        world.fences = dict.fromkeys(world.fences, world.deletion_process_id)
        WORLDS[world.process_id] = WORLDS[world.deletion_process_id] = world
        return world

    @property
    def asked_for_attention(self) -> bool:
        return any(record.status is StepStatus.NEEDS_ATTENTION for record in self.records)

    def picture(self) -> tuple[Any, ...]:
        """Everything that an undo must bring back, save for the customer's own state."""
        return (
            [(held.state, held.by) for held in self.approvals],
            [(held.state, held.by) for held in self.activities],
            dict(self.fences),
        )

    def fault(self, step: str, **fault: Any) -> None:
        self.faults[step].append(Fault(**fault))

    async def take_effect(self, name: str, call: ProcessStep) -> Answer:
        """One call of a step, with the faults and hooks that the test laid out for it."""
        key = (call.process_id, name, call.sequence)
        faults = [fault for fault in self.faults[name] if fault.at == call.sequence]
        if key not in self.recorded:
            for fault in faults:
                if not fault.lost:
                    fault.strike(self)
            self.calls.append(name)
            self.recorded[key] = getattr(self, "_" + name.replace(".", "_"))(call)
        for fault in faults:
            if fault.lost:
                fault.strike(self)
        hook = self.hooks.pop(f"{name}#{call.sequence}", None)
        if hook is not None:
            await hook()
        return self.recorded[key]

    # The ledger -----------------------------------------------------------------------------------

    def note_step(self, record: StepRecord) -> None:
        self.records.append(record)
        self.steps[record.step] = record

    def known(self) -> KnownProcess:
        steps = {step: KnownStep(status=record.status, detail=record.detail) for step, record in self.steps.items()}
        waits = any(step.status is StepStatus.NEEDS_ATTENTION for step in steps.values())
        return KnownProcess(
            status=ProcessStatus.NEEDS_ATTENTION if waits else ProcessStatus.RUNNING,
            decided=self.decided,
            turned_back_for=self.turned_back_for,
            steps={"request": KnownStep(status=StepStatus.DONE)} | steps,
        )

    def note_status(self, record: ProcessRecord) -> None:
        self.statuses.append(record.status)

    def statuses_of(self, steps: Iterator[str]) -> dict[str, StepStatus]:
        return {step: self.steps[step].status for step in steps if step in self.steps}

    # The services ---------------------------------------------------------------------------------

    def _fence(self, service: str, call: ProcessStep, rows: int) -> SliceResult:
        if self.fences[service] not in (None, call.process_id):
            raise ApplicationError("blocked", type="blocked_by_process", non_retryable=True)
        self.fences[service] = call.process_id
        return SliceResult(done=0, remaining=rows)

    def _unfence(self, service: str, call: ProcessStep) -> Acknowledged:
        if self.fences[service] == call.process_id:
            self.fences[service] = None
        return Acknowledged()

    def _slice(self, rows: list[Held], change: Callable[[Held], None]) -> SliceResult:
        if self.stuck and not self.asked_for_attention:
            return SliceResult(done=0, remaining=len(rows))
        for row in rows[: self.slice_size]:
            change(row)
        done = min(len(rows), self.slice_size)
        return SliceResult(done=done, remaining=len(rows) - done)

    def _open(self) -> list[Held]:
        return [held for held in self.approvals if held.state in ("PENDING", "RETURNED")]

    def _held(self, call: ProcessStep) -> list[Held]:
        return [held for held in self.approvals if held.state == "ON_HOLD" and held.by == call.process_id]

    def _opportunity_fence_customer(self, call: ProcessStep) -> Answer:
        return self._fence("opportunity", call, len(self._open()))

    def _opportunity_unfence_customer(self, call: ProcessStep) -> Answer:
        return self._unfence("opportunity", call)

    def _opportunity_hold_approvals(self, call: ProcessStep) -> Answer:
        def hold(held: Held) -> None:
            held.state, held.before, held.by = "ON_HOLD", held.state, call.process_id

        return self._slice(self._open(), hold)

    def _opportunity_release_approvals(self, call: ProcessStep) -> Answer:
        def release(held: Held) -> None:
            held.state, held.before, held.by = held.before or "", None, None

        return self._slice(self._held(call), release)

    def _opportunity_sweep_customer(self, _call: ProcessStep) -> Answer:
        return SweepResult(found=len(self._open()))

    def _opportunity_cancel_approvals(self, call: ProcessStep) -> Answer:
        assert self.state == "DELETED", "requests must not be cancelled before the pivot"

        def cancel(held: Held) -> None:
            held.state = "CANCELLED"

        return self._slice(self._held(call), cancel)

    def _opportunity_restore_approvals(self, call: RestoreStep) -> Answer:
        def restore(held: Held) -> None:
            held.state, held.by = "RETURNED", call.process_id

        cancelled = [h for h in self.approvals if h.state == "CANCELLED" and h.by == call.deletion_process_id]
        return self._slice(cancelled, restore)

    def _opportunity_recancel_approvals(self, call: RestoreStep) -> Answer:
        def recancel(held: Held) -> None:
            held.state, held.by = "CANCELLED", call.deletion_process_id

        return self._slice([h for h in self.approvals if h.by == call.process_id], recancel)

    def _sales_activity_fence_customer(self, call: ProcessStep) -> Answer:
        return self._fence("sales_activity", call, sum(held.state == "LIVE" for held in self.activities))

    def _sales_activity_unfence_customer(self, call: ProcessStep) -> Answer:
        return self._unfence("sales_activity", call)

    def _sales_activity_hide_activities(self, call: ProcessStep) -> Answer:
        def hide(held: Held) -> None:
            held.state, held.by = "HIDDEN", call.process_id

        return self._slice([held for held in self.activities if held.state == "LIVE"], hide)

    def _sales_activity_reveal_activities(self, call: ProcessStep) -> Answer:
        def reveal(held: Held) -> None:
            held.state, held.by = "LIVE", None

        return self._slice([held for held in self.activities if held.by == call.process_id], reveal)

    def _sales_activity_sweep_customer(self, _call: ProcessStep) -> Answer:
        return SweepResult(found=sum(held.state == "LIVE" for held in self.activities))

    def _sales_activity_restore_activities(self, call: RestoreStep) -> Answer:
        def restore(held: Held) -> None:
            held.state, held.by = "LIVE", call.process_id

        return self._slice([held for held in self.activities if held.by == call.deletion_process_id], restore)

    def _sales_activity_rehide_activities(self, call: RestoreStep) -> Answer:
        def rehide(held: Held) -> None:
            held.state, held.by = "HIDDEN", call.deletion_process_id

        return self._slice([held for held in self.activities if held.by == call.process_id], rehide)

    def _move(self, before: str, after: str, *, or_refuse: bool) -> Acknowledged:
        if self.state == before:
            self.state = after
        elif or_refuse:
            raise ApplicationError("not held", type="not_held_by_process", non_retryable=True)
        return Acknowledged()

    def _decide(self, before: str, after: str) -> Acknowledged:
        answer = self._move(before, after, or_refuse=True)
        self.decided = True
        return answer

    def _customer_confirm_deletion(self, _call: ProcessStep) -> Answer:
        return self._decide("DELETING", "DELETED")

    def _customer_undo_deletion(self, _call: ProcessStep) -> Answer:
        return self._move("DELETING", "ACTIVE", or_refuse=False)

    def _customer_confirm_restoration(self, _call: ProcessStep) -> Answer:
        return self._decide("RESTORING", "ACTIVE")

    def _customer_undo_restoration(self, _call: ProcessStep) -> Answer:
        return self._move("RESTORING", "DELETED", or_refuse=False)


_STEP_TYPES: dict[str, type[ProcessStep]] = {
    "opportunity.restore_approvals": RestoreStep,
    "opportunity.recancel_approvals": RestoreStep,
    "sales_activity.restore_activities": RestoreStep,
    "sales_activity.rehide_activities": RestoreStep,
}


def fakes_of(service: str) -> list[Callable[..., Any]]:
    """Activities under the names of a service's stubs, which act on the world of the process that calls."""
    prefix = f"_{service}_"
    names = [name.removeprefix(prefix) for name in vars(World) if name.startswith(prefix)]
    return [_fake(f"{service}.{name}") for name in names]


def _fake(name: str) -> Callable[..., Any]:
    kind = _STEP_TYPES.get(name, ProcessStep)

    async def act(call: ProcessStep) -> Any:
        return await WORLDS[call.process_id].take_effect(name, call)

    act.__annotations__["call"] = kind
    return activity.defn(name=name)(act)


@activity.defn(name="ledger.record_step")
async def record_step(record: StepRecord) -> Acknowledged:
    WORLDS[record.process_id].note_step(record)
    return Acknowledged()


@activity.defn(name="ledger.record_status")
async def record_status(record: ProcessRecord) -> Acknowledged:
    WORLDS[record.process_id].note_status(record)
    return Acknowledged()


@activity.defn(name="ledger.load_process")
async def load_process(process: ProcessReference) -> KnownProcess:
    return WORLDS[process.process_id].known()


@activity.defn(name="ledger.turn_back")
async def turn_back(turning: Turning) -> Turned:
    world = WORLDS[turning.process_id]
    if not world.decided:
        world.turned_back_for = world.turned_back_for or turning.reason
    return Turned(decided=world.decided)


LEDGER: list[Callable[..., Any]] = [load_process, turn_back, record_step, record_status]
