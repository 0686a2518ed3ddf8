"""Processes of one home service over HTTP: the ledger's view, and what operators may ask a running one.

The gateway shows these as ``/sagas/{id}``. Names of permissions and updates are the published language's, so they are
parameters here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import Conflict, Forbidden, NotFound, Text, Unavailable
from services.kit.events.audit import record_audit
from services.kit.http.dependencies import CurrentUser, KitDep, actor_context
from services.kit.http.kit import Kit
from services.kit.http.responses import json_response
from services.kit.models import CamelModel, ResponseModel
from services.kit.processes.errors import COMPENSATION_REQUESTED, PastPivot
from services.kit.processes.failures import problem_in
from services.kit.processes.ledger import process_view, turn_back
from services.kit.processes.restarting import awaits_its_start, restart
from services.kit.processes.saga_parts import SagaProgress, SagaStep
from services.kit.processes.statuses import TERMINAL_PROCESS_STATUSES, ProcessStatus
from services.kit.running.temporal import is_away, workflow_url
from services.kit.trust.principal import Principal

UPDATE_TIMEOUT_SECONDS: Final = 10.0


class SagaView(ResponseModel):
    """A process as its home service knows it; ``sagaId`` repeats ``id`` where the process has just been started."""

    id: UUID
    saga_id: UUID
    type: str
    resource_id: UUID
    actor_id: UUID | None
    status: ProcessStatus
    detail: str | None
    steps: list[SagaStep]
    progress: SagaProgress
    started_at: datetime
    finished_at: datetime | None
    temporal_url: str | None = None


class OperatorRequest(CamelModel):
    """Why an operator intervenes; stands in the audit log."""

    reason: str | None = Field(default=None, max_length=500)


MaySee = Callable[[Request, Principal, dict[str, Any]], Awaitable[bool]]
MakeCommand = Callable[[UUID, str | None], BaseModel]


@dataclass(frozen=True, slots=True)
class ProcessAccess:
    """``see`` and ``operate`` are permissions; who started a process sees it too.

    ``may_see`` asks the service whether the caller may see the process's resource; ``command`` makes the updates'
    argument from the actor and a reason; ``retry`` and ``compensate`` are the updates' names. ``turns_back``: whether
    these processes can be undone at all.
    """

    see: str
    operate: str
    retry: str
    compensate: str
    command: MakeCommand
    may_see: MaySee | None = None
    turns_back: bool = True


def processes_router(access: ProcessAccess) -> APIRouter:
    """``GET /processes/{id}`` and ``POST /processes/{id}/retry`` and ``/compensate`` of one home service."""
    router = APIRouter(tags=["processes"])

    @router.get("/processes/{process_id}", response_model=SagaView)
    async def get_process(request: Request, process_id: UUID, caller: CurrentUser, kit: KitDep) -> Response:
        view = await _visible(request, access, caller, kit, process_id)
        return json_response(_document(kit, view))

    @router.post("/processes/{process_id}/retry", response_model=SagaView)
    async def retry_process(
        request: Request, process_id: UUID, caller: CurrentUser, kit: KitDep, body: OperatorRequest | None = None
    ) -> Response:
        """Try at once what waits for its next try."""
        return await _operate(request, access, caller, kit, process_id, access.retry, body)

    @router.post("/processes/{process_id}/compensate", response_model=SagaView)
    async def compensate_process(
        request: Request, process_id: UUID, caller: CurrentUser, kit: KitDep, body: OperatorRequest | None = None
    ) -> Response:
        """Undo a process that has not passed its pivot; 409 after it."""
        return await _operate(request, access, caller, kit, process_id, access.compensate, body)

    return router


async def _visible(
    request: Request, access: ProcessAccess, caller: Principal, kit: Kit, process_id: UUID
) -> dict[str, Any]:
    """The view; NotFound also for those who may not know that there is such a process."""
    async with kit.db.reader() as reader:
        view = await process_view(reader, process_id)
    if view is None:
        raise NotFound()
    started_it = view["actorId"] == str(caller.user_id)
    if caller.has(access.see) or started_it:
        return view
    if access.may_see is not None and await access.may_see(request, caller, view):
        return view
    raise NotFound()


def _document(kit: Kit, view: dict[str, Any]) -> dict[str, Any]:
    url = workflow_url(kit.settings.temporal_ui_url, kit.settings.temporal_namespace, view["workflowId"])
    shown = {name: value for name, value in view.items() if name != "workflowId"}
    return shown | {"sagaId": view["id"], "temporalUrl": url}


async def _operate(
    request: Request,
    access: ProcessAccess,
    caller: Principal,
    kit: Kit,
    process_id: UUID,
    update: str,
    body: OperatorRequest | None,
) -> Response:
    # First: who may not see a process is not told by a 403 that there is one.
    view = await _visible(request, access, caller, kit, process_id)
    if not caller.has(access.operate):
        raise Forbidden()
    if view["status"] in TERMINAL_PROCESS_STATUSES:
        raise Conflict(Text("処理は既に終了しています", "The process has ended already"), processStatus=view["status"])
    reason = body.reason if body is not None else None
    reached = await _update(kit, view["workflowId"], update, access.command(caller.user_id, reason))
    async with kit.db.transaction(actor_context(request, caller).within(process_id)) as uow:
        if not reached:
            await _help_lost(uow, process_id, compensate=update == access.compensate, may_turn_back=access.turns_back)
        await record_audit(
            uow,
            action=f"process.{update}",
            resource_type="process",
            resource_id=process_id,
            detail={"reason": reason, "type": view["type"]},
        )
        after = await process_view(uow, process_id)
    return json_response(_document(kit, after or view))


async def _update(kit: Kit, workflow_id: str, update: str, command: BaseModel) -> bool:
    """Whether there was a workflow to ask. No database connection is held meanwhile.

    Raises Conflict for a refusal, Unavailable when nobody answers.
    """
    client = await kit.temporal()
    handle = client.get_workflow_handle(workflow_id)
    try:
        async with asyncio.timeout(UPDATE_TIMEOUT_SECONDS):
            await handle.execute_update(update, command)
    except WorkflowUpdateFailedError as error:
        problem = problem_in(error)
        if problem is not None:
            raise problem from error
        raise Conflict(Text("この時点では実行できません", "The process is past the point for this")) from error
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise Unavailable() from error
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise Unavailable() from error
    except RuntimeError as error:
        if not is_away(error):
            raise
        raise Unavailable() from error
    return True


async def _help_lost(uow: UnitOfWork, process_id: UUID, *, compensate: bool, may_turn_back: bool) -> None:
    """A process without a workflow is started again, in the direction that was asked for.

    One that the relay has not started yet only needs to be told the direction: it reads the ledger first.
    """
    if compensate and not (may_turn_back and await turn_back(uow, process_id, COMPENSATION_REQUESTED)):
        raise PastPivot()
    if not await awaits_its_start(uow, process_id):
        await restart(uow, process_id, was="LOST", asked=True)
