"""An approval request as the rules handle it: the typed side of one row of ``approvals``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contracts.states import ApprovalKind, ApprovalState, StageMode
from services.kit.db.database import Row
from services.opportunity.machine import Progress, Stage


@dataclass(frozen=True, slots=True)
class Approval:
    id: UUID
    number: str
    customer_id: UUID | None
    kind: ApprovalKind
    title: str
    description: str
    amount: int | None
    """Whole yen (or whole units of ``currency``)."""
    currency: str
    flags: list[str]
    progress: Progress
    route_id: UUID | None
    wish: dict[str, Any] | None
    """Approvers as its author named them (approverId or stages); None: the policy chooses when it is submitted."""
    previous_id: UUID | None
    process_id: UUID | None
    """The ledger's process of the present generation; None for a draft."""
    restored_by: UUID | None
    """The restoration that brought the request back."""
    deadline_at: datetime | None
    """When the current stage's time ends; None while the clock stands."""
    clock_left_seconds: float | None
    """What was left of the stage's time when the clock stopped."""
    reminded_at: datetime | None
    escalated_at: datetime | None
    submitted_at: datetime | None
    decided_at: datetime | None
    decided_by: UUID | None
    history_length: int
    history_head: str
    version: int
    event_version: int
    created_at: datetime
    updated_at: datetime

    @property
    def state(self) -> ApprovalState:
        return self.progress.state


def stage_from_json(stage: dict[str, Any]) -> Stage:
    return Stage(
        name=stage["name"],
        # A person has one place in a stage, whatever was stored before doors checked that.
        approver_ids=tuple(dict.fromkeys(UUID(approver) for approver in stage["approverIds"])),
        mode=StageMode(stage["mode"]),
        quorum=stage.get("quorum"),
        deadline_hours=stage.get("deadlineHours"),
        business_days=stage.get("businessDays", False),
        escalate_to=_uuid(stage.get("escalateTo")),
        escalated_to=_uuid(stage.get("escalatedTo")),
        viewer_ids=tuple(UUID(viewer) for viewer in stage.get("viewerIds", ())),
    )


def stage_to_json(stage: Stage) -> dict[str, Any]:
    """The form in which stages are stored and shown."""
    return {
        "name": stage.name,
        "approverIds": [str(approver) for approver in stage.approver_ids],
        "mode": stage.mode.value,
        "quorum": stage.quorum,
        "deadlineHours": stage.deadline_hours,
        "businessDays": stage.business_days,
        "escalateTo": None if stage.escalate_to is None else str(stage.escalate_to),
        "escalatedTo": None if stage.escalated_to is None else str(stage.escalated_to),
        "viewerIds": [str(viewer) for viewer in stage.viewer_ids],
    }


def stages_to_json(stages: Sequence[Stage]) -> list[dict[str, Any]]:
    return [stage_to_json(stage) for stage in stages]


def progress_from_row(row: Row) -> Progress:
    """From the snake_case columns of ``approvals``."""
    return Progress(
        state=ApprovalState(row["state"]),
        requester_id=row["requester_id"],
        owner_id=row["owner_id"],
        stages=tuple(stage_from_json(stage) for stage in row["stages"]),
        stage=row["stage"],
        revision=row["revision"],
        generation=row["generation"],
        approved_by=frozenset(row["approved_by"]),
        state_before=None if row["state_before"] is None else ApprovalState(row["state_before"]),
        held_by=row["held_by"],
        cancelled_by=row["cancelled_by"],
    )


def approval_from_row(row: Row) -> Approval:
    return Approval(
        id=row["id"],
        number=row["number"],
        customer_id=row["customer_id"],
        kind=ApprovalKind(row["kind"]),
        title=row["title"],
        description=row["description"],
        amount=row["amount"],
        currency=row["currency"],
        flags=row["flags"],
        progress=progress_from_row(row),
        route_id=row["route_id"],
        wish=row["wish"],
        previous_id=row["previous_id"],
        process_id=row["process_id"],
        restored_by=row["restored_by"],
        deadline_at=row["deadline_at"],
        clock_left_seconds=row["clock_left_seconds"],
        reminded_at=row["reminded_at"],
        escalated_at=row["escalated_at"],
        submitted_at=row["submitted_at"],
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
        history_length=row["history_length"],
        history_head=row["history_head"],
        version=row["version"],
        event_version=row["event_version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _uuid(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)
