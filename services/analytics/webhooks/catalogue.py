"""Which events webhooks tell, and what of them: ids, numbers and states, no text that people typed and no names."""

from collections.abc import Mapping
from typing import Any, Final

from services.contracts.events import approval
from services.kit.events.envelope import Envelope
from services.kit.processes.events import ProcessCompensated, ProcessCompleted, ProcessNeedsAttention
from services.kit.running import clock

_OF_APPROVAL: Final = (
    "approvalId", "number", "kind", "state", "requesterId", "ownerId", "customerId", "amount", "currency", "generation",
    "revision", "stage", "waitingFor", "deadlineAt", "submittedAt", "decidedAt",
)  # fmt: skip
_OF_PROCESS: Final = ("processId", "type", "resourceId", "status", "startedAt", "finishedAt")
_APPROVAL_EVENTS: Final = (
    approval.ApprovalRequested,
    approval.ApprovalStageCompleted,
    approval.ApprovalApproved,
    approval.ApprovalRejected,
    approval.ApprovalReturned,
    approval.ApprovalResubmitted,
    approval.ApprovalRecalled,
    approval.ApprovalReassigned,
    approval.ApprovalEscalated,
    approval.ApprovalCancelled,
    approval.ApprovalRestored,
)
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {payload.event_type: _OF_APPROVAL for payload in _APPROVAL_EVENTS} | {
    payload.event_type: _OF_PROCESS for payload in (ProcessCompleted, ProcessCompensated, ProcessNeedsAttention)
}
"""By event type, the fields of its data that are told."""
EVENT_TYPES: Final = tuple(FIELDS)
TEST_EVENT: Final = "webhook.test"
"""What an administrator sends to see whether an endpoint answers."""


def content(event: Envelope) -> dict[str, Any]:
    """The body of a delivery."""
    data = {name: event.data.get(name) for name in FIELDS[event.event_type]}
    return {"type": event.event_type, "timestamp": event.timestamp, "data": data}


def test_content() -> dict[str, Any]:
    return {"type": TEST_EVENT, "timestamp": clock.now(), "data": {}}
