"""The way of a command from an endpoint to the workflow of its request, and back.

The command is sent as update-with-start, so that it neither comes too early (before the relay has started the
workflow) nor too late unnoticed. No database connection is held while Temporal is awaited.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowUpdateFailedError
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError as UpdateTimeoutError
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from services.contracts.processes import (
    WORKFLOW_ENDED,
    ApprovalCommand,
    ApprovalInput,
    ApprovalOutcome,
    ProcessType,
    TaskQueue,
    approval_id,
)
from services.kit.errors import Unavailable
from services.kit.processes.failures import problem_in
from services.kit.processes.search_attributes import PROCESS_TYPE, RESOURCE_ID

RPC_DEADLINE: Final = timedelta(seconds=5)
RETRY_AFTER_SECONDS: Final = 2
COMPLETED_BEFORE_UPDATE: Final = "AcceptedUpdateCompletedWorkflow"
NOT_READY_PAUSE_SECONDS: Final = 0.05
PROCESS_DEADLINE: Final = timedelta(seconds=20)
_GONE: Final = frozenset({RPCStatusCode.NOT_FOUND, RPCStatusCode.ALREADY_EXISTS})
_NOT_READY: Final = frozenset({RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.ABORTED})


TemporalSource = Callable[[], Awaitable[Client]]
"""Gives the client, connected at first use; raises Unavailable."""


class WorkflowGone(Exception):
    """The workflow of this generation has ended, or an update could not reach it any more: the row answers."""


def command_key(actor_id: UUID, route: str, approval_id: UUID, key: str, fingerprint: bytes | None) -> str:
    """The id of an update and of its recorded effect: one key of one caller for one action on one request, with one
    body. Anything less, and a key that is used again once its 24 hours are over would answer for another request."""
    parts = (str(actor_id), route, str(approval_id), key, (fingerprint or b"").hex())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def claim_key(actor_id: UUID, route: str, key: str) -> str:
    """What a caller must not use for anything else within 24 hours."""
    return hashlib.sha256(f"{actor_id}\0{route}\0{key}".encode()).hexdigest()


async def send(
    client: Client, update: str, command: ApprovalCommand, *, generation: int, number: str
) -> ApprovalOutcome:
    """What the command committed. Raises the workflow's business error, WorkflowGone, or Unavailable (503).

    An update that nobody has accepted is not durable, so a timeout is never success: repeat it with the same key.
    """
    try:
        async with asyncio.timeout(RPC_DEADLINE.total_seconds()):
            return await _until_ready(lambda: _update_with_start(client, update, command, generation, number))
    except WorkflowAlreadyStartedError as error:
        raise WorkflowGone from error
    except WorkflowUpdateFailedError as error:
        raise _problem(error) from error
    except RPCError as error:
        if error.status in _GONE:
            raise WorkflowGone from error
        raise Unavailable(retry_after=RETRY_AFTER_SECONDS) from error
    except (TimeoutError, UpdateTimeoutError) as error:
        raise Unavailable(retry_after=RETRY_AFTER_SECONDS) from error


async def _update_with_start(
    client: Client, update: str, command: ApprovalCommand, generation: int, number: str
) -> ApprovalOutcome:
    start = _start(command, generation, number)
    # The operation reports every failure to whoever asks for its handle as well. Nobody does, so it is taken here.
    unasked = asyncio.ensure_future(start.workflow_handle())
    unasked.add_done_callback(lambda handle: handle.cancelled() or handle.exception())
    outcome: ApprovalOutcome = await client.execute_update_with_start_workflow(
        update,
        command,
        start_workflow_operation=start,
        id=command.command_key,
        result_type=ApprovalOutcome,
        rpc_timeout=RPC_DEADLINE,
    )
    return outcome


def _start(command: ApprovalCommand, generation: int, number: str) -> WithStartWorkflowOperation[Any, ApprovalOutcome]:
    """The start that goes along; an operation object serves one call only."""
    return WithStartWorkflowOperation(
        ProcessType.APPROVAL,
        ApprovalInput(approval_id=command.approval_id, generation=generation),
        id=approval_id(command.approval_id, generation),
        task_queue=TaskQueue.OPPORTUNITY,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        search_attributes=TypedSearchAttributes(
            [
                SearchAttributePair(PROCESS_TYPE, ProcessType.APPROVAL.value),
                SearchAttributePair(RESOURCE_ID, str(command.approval_id)),
            ]
        ),
        static_summary=number,
    )


async def _until_ready(call: Callable[[], Awaitable[ApprovalOutcome]]) -> ApprovalOutcome:
    """Repeats the call (its update id makes that harmless) while Temporal says that a workflow task was dropped:
    something reached the workflow just as it was about to end. The caller's deadline ends this."""
    while True:
        try:
            return await call()
        except RPCError as error:
            if error.status not in _NOT_READY:
                raise
        await asyncio.sleep(NOT_READY_PAUSE_SECONDS)


async def update_running(client: Client, update: str, command: ApprovalCommand, *, generation: int) -> ApprovalOutcome:
    """The same for a process, which never starts the workflow of a request itself. Raises WorkflowGone where the
    row has to be changed without it."""
    handle = client.get_workflow_handle(approval_id(command.approval_id, generation))
    try:
        async with asyncio.timeout(PROCESS_DEADLINE.total_seconds()):
            return await _until_ready(
                lambda: handle.execute_update(
                    update, command, id=command.command_key, result_type=ApprovalOutcome, rpc_timeout=RPC_DEADLINE
                )
            )
    except WorkflowUpdateFailedError as error:
        raise _problem(error) from error
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise WorkflowGone from error
        raise


def _problem(error: WorkflowUpdateFailedError) -> Exception:
    """The refusal as the endpoint raises it."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == WORKFLOW_ENDED:
        return WorkflowGone()
    problem = problem_in(cause)
    if problem is not None:
        return problem
    # "The workflow completed before the update did": Temporal's own error type for an update that came last.
    if isinstance(cause, ApplicationError) and cause.type == COMPLETED_BEFORE_UPDATE:
        return WorkflowGone()
    return Unavailable(retry_after=RETRY_AFTER_SECONDS)
