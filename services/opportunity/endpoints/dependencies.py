"""What the endpoints of this service ask for beyond the kit's dependencies."""

from typing import Annotated, Any

from fastapi import Depends, Request

from services.contracts.permissions import Permission
from services.kit.http import KitDep, actor_context, idempotency, requires
from services.kit.trust.principal import Principal
from services.opportunity.actions import Action
from services.opportunity.references import References
from services.opportunity.service.attachments import Shelf
from services.opportunity.service.command_sender import CommandSender, Sender

ApprovalReader = Annotated[Principal, Depends(requires(Permission.APPROVAL_READ))]
ApprovalRequester = Annotated[Principal, Depends(requires(Permission.APPROVAL_REQUEST))]
ApprovalCommenter = Annotated[Principal, Depends(requires(Permission.APPROVAL_COMMENT))]
ApprovalDecider = Annotated[Principal, Depends(requires(Permission.APPROVAL_DECIDE))]
ProxyMaker = Annotated[Principal, Depends(requires(Permission.APPROVAL_DECIDE, Permission.APPROVAL_REASSIGN_ANY))]
Examiner = Annotated[Principal, Depends(requires(Permission.AUDIT_EXAMINE))]
AuditReader = Annotated[Principal, Depends(requires(Permission.AUDIT_READ))]
RouteEditor = Annotated[Principal, Depends(requires(Permission.APPROVAL_REASSIGN_ANY))]
HoldKeeper = Annotated[Principal, Depends(requires(Permission.APPROVAL_REASSIGN_ANY, Permission.AUDIT_EXAMINE))]
RouteOverseer = Annotated[Principal, Depends(requires(Permission.APPROVAL_REASSIGN_ANY, Permission.AUDIT_READ))]


async def _references(kit: KitDep) -> References:
    return References(kit.db, kit.internal)


async def _shelf(request: Request) -> Shelf:
    shelf: Shelf = request.app.state.shelf
    return shelf


async def _command_sender(kit: KitDep) -> CommandSender:
    return CommandSender(kit.db, kit.temporal, kit.updates)


def may(action: Action) -> Any:
    """Dependency: the Sender of a request, if their roles open the action at all; Forbidden otherwise."""
    assert action.permission is not None, "no user asks for this action"
    check = requires(action.permission)

    async def sender(request: Request, principal: Annotated[Principal, Depends(check)]) -> Sender:
        claim = await idempotency.claim_for(request, principal, "")
        return Sender(
            principal,
            actor_context(request, principal),
            None if claim is None else claim.key,
            None if claim is None else claim.fingerprint,
        )

    return Depends(sender)


ReferencesDep = Annotated[References, Depends(_references)]
ShelfDep = Annotated[Shelf, Depends(_shelf)]
CommandSenderDep = Annotated[CommandSender, Depends(_command_sender)]
