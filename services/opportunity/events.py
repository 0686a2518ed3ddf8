"""From a request to its events."""

from typing import Any, TypeVar
from uuid import UUID

from services.contracts.events.approval import (
    ApprovalActed,
    ApprovalDue,
    ApprovalSnapshot,
    StageSnapshot,
    StandInSnapshot,
)
from services.contracts.events.proxy import ProxyFact
from services.kit.db.database import Row
from services.opportunity.progress import Opinion
from services.opportunity.record import Approval

ProxyT = TypeVar("ProxyT", bound=ProxyFact)
ActedT = TypeVar("ActedT", bound=ApprovalActed)


def _snapshot(approval: Approval) -> dict[str, Any]:
    progress = approval.progress
    return {
        "approval_id": approval.id,
        "number": approval.number,
        "customer_id": approval.customer_id,
        "requester_id": progress.requester_id,
        "owner_id": progress.owner_id,
        "kind": approval.kind,
        "title": approval.title,
        "amount": approval.amount,
        "currency": approval.currency,
        "fields": approval.fields,
        "state": progress.state,
        "generation": progress.generation,
        "revision": progress.revision,
        "stage": progress.stage,
        "stages": [
            StageSnapshot(
                name=stage.name,
                approver_ids=list(stage.voters),
                mode=stage.mode,
                quorum=stage.quorum,
                deadline_hours=stage.deadline_hours,
                escalate_to=stage.escalate_to,
            )
            for stage in progress.stages
        ],
        "waiting_for": list(progress.waiting_for),
        "opinion_from": [opinion.asked_id for opinion in progress.awaited_opinions],
        "deadline_at": approval.deadline_at,
        "previous_id": approval.previous_id,
        "submitted_at": approval.submitted_at,
        "decided_at": approval.decided_at,
        "created_at": approval.created_at,
    }


def acted(
    event: type[ActedT],
    approval: Approval,
    *,
    acted_by: UUID | None,
    on_behalf_of: UUID | None = None,
    stepped_in: bool = False,
    comment: str | None = None,
    **extra: Any,
) -> ActedT:
    """``approval`` is the request as it stands after the action."""
    return event(
        **_snapshot(approval),
        acted_by=acted_by,
        on_behalf_of=on_behalf_of,
        stepped_in=stepped_in,
        comment=comment,
        **extra,
    )


def of_opinion(opinion: Opinion) -> dict[str, Any]:
    """What an event about a question says of it."""
    return {
        "asked_id": opinion.asked_id,
        "asker_id": opinion.asker_id,
        "approver_id": opinion.approver_id,
        "blocks": opinion.blocks,
    }


def due(approval: Approval, standing: list[StandInSnapshot]) -> ApprovalDue:
    return ApprovalDue(**_snapshot(approval), stand_ins=standing)


def of_proxy(event: type[ProxyT], proxy: Row, **extra: Any) -> ProxyT:
    """``proxy`` as the API shows it."""
    return event(
        proxy_id=proxy["id"],
        from_id=proxy["fromId"],
        to_id=proxy["toId"],
        starts_at=proxy["startsAt"],
        ends_at=proxy["endsAt"],
        takes_waiting=proxy["takesWaiting"],
        **extra,
    )


__all__ = ["ApprovalSnapshot", "acted", "due", "of_opinion", "of_proxy"]
