"""HTTP of the ledger of approvals: whoever sees a request sees its process."""

from typing import Any
from uuid import UUID

from starlette.requests import Request

from services.contracts.permissions import Permission
from services.contracts.processes import UPDATE_COMPENSATE, UPDATE_RETRY, OperatorCommand
from services.kit.http import Kit
from services.kit.processes.router import ProcessAccess, processes_router
from services.kit.trust.principal import Principal
from services.opportunity.access import VISIBLE, view_of
from services.opportunity.repository import lists


async def _may_see(request: Request, principal: Principal, process: dict[str, Any]) -> bool:
    if not principal.has(Permission.APPROVAL_READ):
        return False
    kit: Kit = request.app.state.kit
    async with kit.db.reader() as reader:
        view = await view_of(reader, principal)
        return await lists.sees(reader, UUID(process["resourceId"]), VISIBLE, view.params)


router = processes_router(
    ProcessAccess(
        see=Permission.PROCESS_READ,
        operate=Permission.PROCESS_OPERATE,
        retry=UPDATE_RETRY,
        compensate=UPDATE_COMPENSATE,
        command=lambda actor_id, reason: OperatorCommand(actor_id=actor_id, reason=reason),
        may_see=_may_see,
        turns_back=False,
    )
)
