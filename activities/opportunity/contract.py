"""Steps that change the opportunity service's database, as a workflow may call them."""

from temporalio import activity

from services.contracts.processes import (
    AddApproverCommand,
    ApprovalInput,
    ApprovalOutcome,
    AskOpinionCommand,
    DecideCommand,
    DeclineOpinionCommand,
    GiveOpinionCommand,
    ProcessCommand,
    PurgeInput,
    ReassignCommand,
    RecallCommand,
    ResubmitCommand,
    TakeBackCommand,
    WithdrawOpinionCommand,
)
from services.contracts.steps import (
    Acknowledged,
    ProcessStep,
    ReassignStep,
    RestoreStep,
    ReturnStep,
    SliceResult,
    SweepResult,
)

# Approval (home): each of these is one short transaction and runs as a local activity --------------


@activity.defn(name="opportunity.load_approval")
async def load_approval(request: ApprovalInput) -> ApprovalOutcome:
    """Where the row stands now, with the absolute times of the next reminder and of the deadline."""
    raise NotImplementedError


@activity.defn(name="opportunity.decide")
async def decide(command: DecideCommand) -> ApprovalOutcome:
    """Approve, reject or return: right, stage and revision are checked on the locked row, then all commits at once."""
    raise NotImplementedError


@activity.defn(name="opportunity.recall")
async def recall(command: RecallCommand) -> ApprovalOutcome:
    raise NotImplementedError


@activity.defn(name="opportunity.take_back")
async def take_back(command: TakeBackCommand) -> ApprovalOutcome:
    raise NotImplementedError


@activity.defn(name="opportunity.add_approver")
async def add_approver(command: AddApproverCommand) -> ApprovalOutcome:
    raise NotImplementedError


@activity.defn(name="opportunity.ask_opinion")
async def ask_opinion(command: AskOpinionCommand) -> ApprovalOutcome:
    raise NotImplementedError


@activity.defn(name="opportunity.give_opinion")
async def give_opinion(command: GiveOpinionCommand) -> ApprovalOutcome:
    raise NotImplementedError


@activity.defn(name="opportunity.decline_opinion")
async def decline_opinion(command: DeclineOpinionCommand) -> ApprovalOutcome:
    raise NotImplementedError


@activity.defn(name="opportunity.withdraw_opinion")
async def withdraw_opinion(command: WithdrawOpinionCommand) -> ApprovalOutcome:
    raise NotImplementedError


@activity.defn(name="opportunity.resubmit")
async def resubmit(command: ResubmitCommand) -> ApprovalOutcome:
    raise NotImplementedError


@activity.defn(name="opportunity.reassign")
async def reassign(command: ReassignCommand) -> ApprovalOutcome:
    raise NotImplementedError


@activity.defn(name="opportunity.hold")
async def hold(command: ProcessCommand) -> ApprovalOutcome:
    raise NotImplementedError


@activity.defn(name="opportunity.release")
async def release(command: ProcessCommand) -> ApprovalOutcome:
    raise NotImplementedError


@activity.defn(name="opportunity.cancel")
async def cancel(command: ProcessCommand) -> ApprovalOutcome:
    raise NotImplementedError


@activity.defn(name="opportunity.remind")
async def remind(request: ApprovalInput) -> ApprovalOutcome:
    """Tell those whom the stage waits for that its deadline is near; once per stage, revision and deadline."""
    raise NotImplementedError


@activity.defn(name="opportunity.escalate")
async def escalate(request: ApprovalInput) -> ApprovalOutcome:
    """The deadline has passed: add whom the stage escalates to. Never decides anything."""
    raise NotImplementedError


# Bulk decision (home) -----------------------------------------------------------------------------


@activity.defn(name="opportunity.decide_items")
async def decide_items(step: ProcessStep) -> SliceResult:
    """Decide up to a slice of the batch `resource_id`, each request through its workflow; `remaining` counts those that
    still wait. What is refused, or can't be reached, ends its item and not the step."""
    raise NotImplementedError


# Purge of attachments -----------------------------------------------------------------------------


@activity.defn(name="opportunity.purge_files")
async def purge_files(call: PurgeInput) -> SliceResult:
    """Delete the files of up to a slice of requests whose retention has passed; `remaining` is 0 when none is left."""
    raise NotImplementedError


# Customer deletion and restoration ----------------------------------------------------------------


@activity.defn(name="opportunity.fence_customer")
async def fence_customer(step: ProcessStep) -> SliceResult:
    """Block the local copy of the customer; `remaining` counts the open requests to hold."""
    raise NotImplementedError


@activity.defn(name="opportunity.hold_approvals")
async def hold_approvals(step: ProcessStep) -> SliceResult:
    """Put up to a slice of the customer's open requests ON_HOLD, each through its workflow; drafts as rows."""
    raise NotImplementedError


@activity.defn(name="opportunity.release_approvals")
async def release_approvals(step: ProcessStep) -> SliceResult:
    """Undo of `hold_approvals`: each request this process holds goes back to the state before."""
    raise NotImplementedError


@activity.defn(name="opportunity.unfence_customer")
async def unfence_customer(step: ProcessStep) -> Acknowledged:
    raise NotImplementedError


@activity.defn(name="opportunity.sweep_customer")
async def sweep_customer(step: ProcessStep) -> SweepResult:
    """Count requests of the customer that are open and not held by this process."""
    raise NotImplementedError


@activity.defn(name="opportunity.cancel_approvals")
async def cancel_approvals(step: ProcessStep) -> SliceResult:
    """After the pivot: what this process holds becomes CANCELLED."""
    raise NotImplementedError


@activity.defn(name="opportunity.restore_approvals")
async def restore_approvals(step: RestoreStep) -> SliceResult:
    """What the deletion cancelled becomes RETURNED to its owner as a new generation."""
    raise NotImplementedError


@activity.defn(name="opportunity.recancel_approvals")
async def recancel_approvals(step: RestoreStep) -> SliceResult:
    """Undo of `restore_approvals`."""
    raise NotImplementedError


# User deletion and restoration --------------------------------------------------------------------


@activity.defn(name="opportunity.fence_user")
async def fence_user(step: ProcessStep) -> Acknowledged:
    raise NotImplementedError


@activity.defn(name="opportunity.unfence_user")
async def unfence_user(step: ProcessStep) -> Acknowledged:
    raise NotImplementedError


@activity.defn(name="opportunity.reassign_approvals")
async def reassign_approvals(step: ReassignStep) -> SliceResult:
    """Replace the user as approver (current and later stages), owner, in routes, escalations and proxies."""
    raise NotImplementedError


@activity.defn(name="opportunity.return_approvals")
async def return_approvals(step: ReturnStep) -> SliceResult:
    raise NotImplementedError


@activity.defn(name="opportunity.sweep_user")
async def sweep_user(step: ProcessStep) -> SweepResult:
    raise NotImplementedError
