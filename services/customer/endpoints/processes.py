"""The processes whose home this service is."""

from typing import Any
from uuid import UUID

from starlette.requests import Request

from services.contracts.permissions import Permission
from services.contracts.processes import UPDATE_COMPENSATE, UPDATE_RETRY, OperatorCommand
from services.customer.access import reader
from services.customer.repository import reading
from services.kit.http.kit import Kit
from services.kit.processes.router import ProcessAccess, processes_router
from services.kit.trust.principal import Principal


def _command(actor_id: UUID, reason: str | None) -> OperatorCommand:
    return OperatorCommand(actor_id=actor_id, reason=reason)


async def _may_see(request: Request, caller: Principal, view: dict[str, Any]) -> bool:
    """Who may see a customer in any state may follow what happens to it."""
    if not caller.has(Permission.CUSTOMER_READ):
        return False
    kit: Kit = request.app.state.kit
    async with kit.db.reader() as reads:
        return await reading.reaches(reads, reader(caller), UUID(view["resourceId"]))


router = processes_router(
    ProcessAccess(
        see=Permission.PROCESS_READ,
        operate=Permission.PROCESS_OPERATE,
        retry=UPDATE_RETRY,
        compensate=UPDATE_COMPENSATE,
        command=_command,
        may_see=_may_see,
    )
)
