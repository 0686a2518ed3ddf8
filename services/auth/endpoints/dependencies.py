"""What auth's endpoints ask for beside the kit's dependencies."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from services.auth.service.state import Auth
from services.contracts.permissions import Permission
from services.kit.http import Kit, requires
from services.kit.http.service_route import after_commit
from services.kit.trust.principal import Principal


async def _auth(request: Request) -> Auth:
    auth: Auth = request.app.state.auth
    return auth


AuthDep = Annotated[Auth, Depends(_auth)]
UserReader = Annotated[Principal, Depends(requires(Permission.USER_READ))]
UserManager = Annotated[Principal, Depends(requires(Permission.USER_MANAGE))]
ProcessOperator = Annotated[Principal, Depends(requires(Permission.PROCESS_OPERATE))]
AuditReader = Annotated[Principal, Depends(requires(Permission.AUDIT_READ))]


def revoke_at_once(request: Request) -> None:
    """Here, revocations count as soon as they are committed; other processes see them at their next poll."""
    kit: Kit = request.app.state.kit

    async def poll(response: Response) -> Response:
        await kit.revocations.poll_soon()
        return response

    after_commit(request, poll)
