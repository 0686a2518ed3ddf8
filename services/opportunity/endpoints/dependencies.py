"""What the endpoints of this service ask for beyond the kit's dependencies."""

from typing import Annotated

from fastapi import Depends, Request

from services.contracts.permissions import Permission
from services.kit.http import CurrentUser, KitDep, actor_context, idempotency, requires
from services.kit.trust.principal import Principal
from services.opportunity.references import References
from services.opportunity.service.desk import Desk, Sender

Reading = Annotated[Principal, Depends(requires(Permission.APPROVAL_READ))]
Requesting = Annotated[Principal, Depends(requires(Permission.APPROVAL_REQUEST))]
Administering = Annotated[Principal, Depends(requires(Permission.APPROVAL_REASSIGN_ANY))]


async def _references(kit: KitDep) -> References:
    return References(kit.internal)


async def _desk(kit: KitDep) -> Desk:
    return Desk(kit.db, kit.temporal, kit.updates)


async def _sender(request: Request, principal: CurrentUser) -> Sender:
    claim = await idempotency.claim_for(request, principal, "")
    return Sender(
        principal,
        actor_context(request, principal),
        None if claim is None else claim.key,
        None if claim is None else claim.fingerprint,
    )


ReferencesDep = Annotated[References, Depends(_references)]
DeskDep = Annotated[Desk, Depends(_desk)]
SenderDep = Annotated[Sender, Depends(_sender)]
