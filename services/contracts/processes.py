"""The processes that cross services: their names, queues, ids, messages and inputs.

A service starts and signals workflows by these names, a workflow takes these inputs, and neither imports
the other. Inputs carry ids only: no personal data may reach a workflow's history.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import SerializerFunctionWrapHandler, model_serializer
from pydantic.alias_generators import to_camel

from services.contracts.states import ApprovalState
from services.kit.models import CamelModel


class ProcessType(StrEnum):
    """Also the workflow's type name and the value of the search attribute `ProcessType`."""

    CUSTOMER_DELETION = "customer_deletion"
    CUSTOMER_RESTORATION = "customer_restoration"
    APPROVAL = "approval"
    BULK_DECISION = "bulk_decision"
    USER_DELETION = "user_deletion"
    USER_RESTORATION = "user_restoration"
    TASK_DUE_SOON = "task_due_soon"


class TaskQueue(StrEnum):
    """One queue a service; whoever changes that service's database listens on it."""

    AUTH = "ringi-auth"
    CUSTOMER = "ringi-customer"
    SALES_ACTIVITY = "ringi-sales-activity"
    OPPORTUNITY = "ringi-opportunity"


def customer_deletion_id(customer_id: UUID, generation: int) -> str:
    return f"customer-deletion:{customer_id}:{generation}"


def customer_restoration_id(customer_id: UUID, generation: int) -> str:
    return f"customer-restoration:{customer_id}:{generation}"


def user_deletion_id(user_id: UUID, generation: int) -> str:
    return f"user-deletion:{user_id}:{generation}"


def user_restoration_id(user_id: UUID, generation: int) -> str:
    return f"user-restoration:{user_id}:{generation}"


def approval_id(request_id: UUID, generation: int) -> str:
    return f"approval:{request_id}:{generation}"


def bulk_decision_id(batch_id: UUID, attempt: int) -> str:
    return f"bulk-decision:{batch_id}:{attempt}"


def task_due_id(task_id: UUID) -> str:
    return f"task-due:{task_id}"


RECONCILE_PROCESSES = "reconcile_processes"
"""Workflow that compares a home service's open processes with the workflows that Temporal runs."""


def reconciliation_id(queue: TaskQueue) -> str:
    """Of the Schedule that starts it on this queue, and of what it starts."""
    return f"{RECONCILE_PROCESSES}:{queue}"


# Messages that every saga understands -------------------------------------------------------------

UPDATE_RETRY = "retry"
"""Wakes the loop that waits between two tries of a step that needs attention."""
UPDATE_COMPENSATE = "compensate"
"""Asks for the undo; refused (ApplicationError `past_pivot`, HTTP 409) once the pivot has decided."""


class OperatorCommand(CamelModel):
    actor_id: UUID
    reason: str | None = None


# Customer deletion and restoration ----------------------------------------------------------------


class SagaInput(CamelModel):
    """What every saga is started with."""

    process_id: UUID
    actor_id: UUID
    generation: int


class CustomerDeletionInput(SagaInput):
    customer_id: UUID


class CustomerRestorationInput(SagaInput):
    customer_id: UUID
    deletion_process_id: UUID
    """The deletion whose rows come back: exactly those that carry this id."""


class CustomerDeletionStep(StrEnum):
    """Steps as the ledger and the process page name them, in order. `request` is done by the request itself."""

    REQUEST = "request"
    HOLD_APPROVALS = "hold_approvals"
    HIDE_ACTIVITIES = "hide_activities"
    CONFIRM = "confirm"
    CANCEL_APPROVALS = "cancel_approvals"


class CustomerRestorationStep(StrEnum):
    REQUEST = "request"
    RESTORE_APPROVALS = "restore_approvals"
    REVEAL_ACTIVITIES = "reveal_activities"
    CONFIRM = "confirm"
    UNBLOCK = "unblock"


# User deletion and restoration --------------------------------------------------------------------


class UserDeletionInput(SagaInput):
    user_id: UUID
    customers_to: UUID | None = None
    activities_to: UUID | None = None
    approvals_to: UUID | None = None


class UserRestorationInput(SagaInput):
    user_id: UUID
    deletion_process_id: UUID


class UserDeletionStep(StrEnum):
    REQUEST = "request"
    FENCE = "fence"
    REASSIGN_CUSTOMERS = "reassign_customers"
    REASSIGN_ACTIVITIES = "reassign_activities"
    REASSIGN_APPROVALS = "reassign_approvals"
    REASSIGN_REPORTS = "reassign_reports"
    CONFIRM = "confirm"


class UserRestorationStep(StrEnum):
    """The pivot (`confirm`) comes first: what is given back afterwards goes to somebody who is there."""

    REQUEST = "request"
    CONFIRM = "confirm"
    RETURN_CUSTOMERS = "return_customers"
    RETURN_ACTIVITIES = "return_activities"
    RETURN_APPROVALS = "return_approvals"
    RETURN_REPORTS = "return_reports"


# Bulk decision ------------------------------------------------------------------------------------


class BulkDecisionInput(SagaInput):
    """`generation` counts the attempts of the batch: what failed may be tried again."""

    batch_id: UUID


class BulkDecisionStep(StrEnum):
    """What has been asked for is decided item by item, and each item ends for itself: the request is the pivot too."""

    REQUEST = "request"
    CONFIRM = "confirm"
    DECIDE_ITEMS = "decide_items"


# Approval -----------------------------------------------------------------------------------------

UPDATE_DECIDE = "decide"
UPDATE_RECALL = "recall"
UPDATE_TAKE_BACK = "take_back"
UPDATE_ADD_APPROVER = "add_approver"
UPDATE_ASK_OPINION = "ask_opinion"
UPDATE_GIVE_OPINION = "give_opinion"
UPDATE_DECLINE_OPINION = "decline_opinion"
UPDATE_WITHDRAW_OPINION = "withdraw_opinion"
UPDATE_RESUBMIT = "resubmit"
UPDATE_REASSIGN = "reassign"
UPDATE_HOLD = "hold"
UPDATE_RELEASE = "release"
UPDATE_CANCEL = "cancel"
SIGNAL_ROW_CHANGED = "row_changed"
WORKFLOW_ENDED = "workflow_ended"
"""Type of the error that refuses an update once the request has ended: the row tells how."""


class ApprovalInput(CamelModel):
    approval_id: UUID
    generation: int


class RowChanged(CamelModel):
    """The row moved on without the workflow; it re-reads the row and goes on from there."""

    version: int


class Decision(StrEnum):
    APPROVE = "APPROVE"
    REJECT = "REJECT"
    RETURN = "RETURN"


class ApprovalCommand(CamelModel):
    """What any update of the approval workflow brings along.

    `command_key` makes the effect and the recorded answer one: a repeat with the same key is answered
    with what the first one committed. `comment_ref` names the row in which the endpoint kept the comment:
    free text stays out of Temporal's history.
    """

    approval_id: UUID
    actor_id: UUID | None
    actor_roles: list[str]
    command_key: str
    comment_ref: UUID | None = None
    request_id: str | None = None
    traceparent: str | None = None
    ip: str | None = None

    @model_serializer(mode="wrap")
    def _what_is_said(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the members that are None by default: a worker of the version before refuses members that it does
        not know, and is to take what asks for nothing new."""
        fields = type(self).model_fields
        unsaid = {name for name, field in fields.items() if field.default is None and getattr(self, name) is None}
        left_out = unsaid | {to_camel(name) for name in unsaid}
        return {name: value for name, value in dump(self).items() if name not in left_out}


class DecideCommand(ApprovalCommand):
    """``acknowledged_flags``: points to note of the request that its approver says to have noted, one decision among
    many; None where the request was decided for itself, with all that its page shows."""

    decision: Decision
    revision: int | None = None
    stage: int | None = None
    acknowledged_flags: list[str] | None = None
    batch_id: UUID | None = None
    """The batch that the decision is an item of; it ends the item in the same transaction."""
    instead_of: UUID | None = None
    """The approver whose superior decides in their place (引上げ承認); a comment says why."""


class RecallCommand(ApprovalCommand):
    pass


class TakeBackCommand(ApprovalCommand):
    pass


class AddApproverCommand(ApprovalCommand):
    """``before``: their turn comes before the present stage, not after it."""

    user_id: UUID
    before: bool


class AskOpinionCommand(ApprovalCommand):
    """``blocks``: the stage is not decided, and its clock stands still, until the question is answered or withdrawn."""

    user_id: UUID
    blocks: bool


class GiveOpinionCommand(ApprovalCommand):
    pass


class DeclineOpinionCommand(ApprovalCommand):
    pass


class WithdrawOpinionCommand(ApprovalCommand):
    """By an approver, or by the process that deletes the user who was asked."""

    user_id: UUID
    process_id: UUID | None = None


class ResubmitCommand(ApprovalCommand):
    pass


class ReassignCommand(ApprovalCommand):
    from_id: UUID
    to_id: UUID
    process_id: UUID | None = None


class ProcessCommand(ApprovalCommand):
    """hold, release and cancel: asked by a process (or an administrator, for cancel)."""

    process_id: UUID | None = None


class ApprovalOutcome(CamelModel):
    """What a command committed: enough for the workflow to go on and for the endpoint to answer from the row."""

    approval_id: UUID
    state: ApprovalState
    stage: int
    revision: int
    event_version: int
    deadline_at: datetime | None = None
    remind_at: datetime | None = None
    escalated: bool = False


# Purge of attachments -----------------------------------------------------------------------------

PURGE_ATTACHMENTS = "purge_attachments"
"""Workflow that deletes files whose retention has passed; also the id of the Schedule that starts it."""
PURGE_EVERY = timedelta(days=1)
PURGE_AT = timedelta(hours=17)
"""After midnight UTC: 02:00 in Japan."""


class PurgeInput(CamelModel):
    run_id: UUID
    """Of the record of this run: what it has done and where it goes on."""


# Task timers --------------------------------------------------------------------------------------


RECONCILE_TASK_TIMERS = "reconcile_task_timers"
"""Workflow that compares tasks with their timers; also the id of the Schedule that starts it."""


class TaskDueInput(CamelModel):
    task_id: UUID
    due_date: datetime
    lead_hours: int
