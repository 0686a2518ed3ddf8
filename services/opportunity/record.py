"""An approval request as the rules handle it: the typed side of one row of ``approvals``."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.contracts.states import ApprovalKind, ApprovalState, StageMode, StepIn, ViewWhen
from services.kit.db.database import Row
from services.kit.db.record import members
from services.opportunity import amounts, exchange
from services.opportunity.exchange import Rate
from services.opportunity.progress import LastApproval, Opinion, Progress, Stage


@dataclass(frozen=True, slots=True)
class Approval:
    id: UUID
    number: str
    customer_id: UUID | None
    kind: ApprovalKind
    title: str
    description: str
    amount: Decimal | None
    """With the decimals of ``currency``."""
    currency: str
    rates: tuple[Rate, ...]
    """By which the amount was compared when it was submitted, and that of its currency; empty before."""
    fields: dict[str, Any]
    """What its kind asks for (``kinds``), by the names of the API; a draft may lack some."""
    flags: list[str]
    flag_grounds: dict[str, Any]
    """By flag, for those that compare: what the request was compared with when it was submitted."""
    progress: Progress
    route_id: UUID | None
    route_version: int | None
    """The version of the route that was taken when it was submitted; None before, and where no route was taken."""
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
    short_since: datetime | None
    """Since when the current stage has fewer people who can decide than it asks for; None while it has enough."""
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
        step_in=StepIn(stage.get("stepIn", StepIn.NEVER)),
        viewer_ids=tuple(UUID(viewer) for viewer in stage.get("viewerIds", ())),
        view_when=ViewWhen(stage.get("viewWhen", ViewWhen.STAGE)),
        reviewer_ids=tuple(UUID(reviewer) for reviewer in stage.get("reviewerIds", ())),
        vacant_ids=tuple(UUID(leaver) for leaver in stage.get("vacantIds", ())),
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
        "stepIn": stage.step_in.value,
        "viewerIds": [str(viewer) for viewer in stage.viewer_ids],
        "viewWhen": stage.view_when.value,
        "reviewerIds": [str(reviewer) for reviewer in stage.reviewer_ids],
        "vacantIds": [str(leaver) for leaver in stage.vacant_ids],
    }


def stages_to_json(stages: Sequence[Stage]) -> list[dict[str, Any]]:
    return [stage_to_json(stage) for stage in stages]


def _last_approval(stored: dict[str, Any] | None) -> LastApproval | None:
    if stored is None:
        return None
    return LastApproval(
        generation=stored["generation"],
        revision=stored["revision"],
        stage=stored["stage"],
        approver_id=UUID(stored["approverId"]),
        voter_id=UUID(stored["voterId"]),
        approved_by=frozenset(UUID(who) for who in stored["approvedBy"]),
        voted_by=frozenset(UUID(who) for who in stored["votedBy"]),
        stepped_in=stored.get("steppedIn", False),
    )


def _last_approval_to_json(last: LastApproval | None) -> dict[str, Any] | None:
    if last is None:
        return None
    return {
        "generation": last.generation,
        "revision": last.revision,
        "stage": last.stage,
        "approverId": str(last.approver_id),
        "voterId": str(last.voter_id),
        "approvedBy": sorted(map(str, last.approved_by)),
        "votedBy": sorted(map(str, last.voted_by)),
        "steppedIn": last.stepped_in,
    }


def _opinion(stored: dict[str, Any]) -> Opinion:
    return Opinion(
        generation=stored["generation"],
        revision=stored["revision"],
        stage=stored["stage"],
        asked_id=UUID(stored["askedId"]),
        asker_id=UUID(stored["askerId"]),
        approver_id=UUID(stored["approverId"]),
        blocks=stored["blocks"],
        question_id=UUID(stored["questionId"]),
        answer_id=_uuid(stored["answerId"]),
    )


def _opinion_to_json(opinion: Opinion) -> dict[str, Any]:
    return {
        "generation": opinion.generation,
        "revision": opinion.revision,
        "stage": opinion.stage,
        "askedId": str(opinion.asked_id),
        "askerId": str(opinion.asker_id),
        "approverId": str(opinion.approver_id),
        "blocks": opinion.blocks,
        "questionId": str(opinion.question_id),
        "answerId": None if opinion.answer_id is None else str(opinion.answer_id),
    }


def progress_from_row(row: Row) -> Progress:
    """From the columns of ``approvals`` that decide what may happen."""
    return Progress(
        **members(Progress, row)
        | {
            "state": ApprovalState(row["state"]),
            "stages": tuple(stage_from_json(stage) for stage in row["stages"]),
            "approved_by": frozenset(row["approved_by"]),
            "voted_by": frozenset(row["voted_by"]),
            "last_approval": _last_approval(row["last_approval"]),
            "opinions": tuple(_opinion(stored) for stored in row["opinions"] or ()),
            "state_before": None if row["state_before"] is None else ApprovalState(row["state_before"]),
        }
    )


def approval_from_row(row: Row) -> Approval:
    values = {field.name: row[field.name] for field in fields(Approval) if field.name != "progress"}
    typed = {
        "kind": ApprovalKind(row["kind"]),
        "amount": amounts.from_row(row),
        "rates": exchange.from_json(row["rates"]),
    }
    return Approval(**values | typed | {"progress": progress_from_row(row)})


def approval_to_row(approval: Approval) -> Row:
    """The columns of ``approvals``; JSON is left to the repository."""
    row = {field.name: getattr(approval, field.name) for field in fields(Approval) if field.name != "progress"}
    row |= {field.name: getattr(approval.progress, field.name) for field in fields(Progress)}
    row |= amounts.to_row(approval.amount)
    return row | {
        "rates": exchange.to_json(approval.rates),
        "stages": stages_to_json(approval.progress.stages),
        "approved_by": sorted(approval.progress.approved_by),
        "voted_by": sorted(approval.progress.voted_by),
        "last_approval": _last_approval_to_json(approval.progress.last_approval),
        "opinions": [_opinion_to_json(opinion) for opinion in approval.progress.opinions],
    }


def _uuid(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)
