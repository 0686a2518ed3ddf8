"""Legal holds 訴訟ホールド: as long as there is one, nothing is deleted of a request."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.contracts.states import ApprovalAction, HoldOffice
from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.errors import NotFound
from services.kit.events import audit
from services.kit.http.paging import Cursors, page
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal
from services.opportunity.errors import AlreadyHeld, HeldByOtherOffice, HoldReleased
from services.opportunity.holding import may_release, office_of
from services.opportunity.record import Approval
from services.opportunity.repository import legal_holds
from services.opportunity.schemas.fields import PageQuery
from services.opportunity.service.commands import locked
from services.opportunity.service.transition import Transition
from services.opportunity.service.unmoved import note
from services.opportunity.service.views import require_visible

_ROLE: Final = {HoldOffice.ADMINISTRATION: "ADMIN", HoldOffice.AUDIT: "AUDITOR"}
_SCOPE: Final = "legal-holds"


async def listed(reader: Reader, cursors: Cursors, query: PageQuery) -> dict[str, Any]:
    """What is held now, the newest hold first."""
    key = cursors.decode(_SCOPE, query.cursor, [datetime, UUID])
    rows = await legal_holds.page(reader, after=key, limit=query.limit + 1)
    return page(rows, query.limit, lambda row: cursors.encode(_SCOPE, [row["setAt"], row["id"]]))


async def put(uow: UnitOfWork, principal: Principal, approval_id: UUID, reason: str) -> Row:
    """In whatever state the request is. Raises NotFound, and AlreadyHeld by the same office."""
    await require_visible(uow, principal, approval_id)
    approval = await locked(uow, approval_id)
    office = office_of(principal)
    if await legal_holds.is_held_by(uow, approval_id, office):
        raise AlreadyHeld()
    hold_id = new_id()
    await legal_holds.insert(
        uow,
        {
            "id": hold_id,
            "approval_id": approval_id,
            "office": office,
            "reason": reason,
            "set_by": principal.user_id,
            "set_at": clock.now(),
        },
    )
    await _note(uow, approval, principal, ApprovalAction.LEGAL_HOLD, office, hold_id)
    return await _one(uow, hold_id)


async def release(uow: UnitOfWork, principal: Principal, hold_id: UUID, reason: str) -> Row:
    """Raises NotFound, HeldByOtherOffice (also for a hold on a request of one's own), HoldReleased."""
    approval = await locked(uow, (await _one(uow, hold_id))["approvalId"])
    hold = await _one(uow, hold_id)
    office = HoldOffice(hold["office"])
    if not may_release(principal, office, own=approval.progress.is_own(principal.user_id)):
        raise HeldByOtherOffice()
    if hold["releasedAt"] is not None:
        raise HoldReleased()
    await legal_holds.release(uow, hold_id, by=principal.user_id, at=clock.now(), reason=reason)
    await _note(uow, approval, principal, ApprovalAction.LEGAL_RELEASE, office, hold_id)
    return await _one(uow, hold_id)


async def _one(reader: Reader, hold_id: UUID) -> Row:
    row = await legal_holds.one(reader, hold_id)
    if row is None:
        raise NotFound()
    return row


async def _note(
    uow: UnitOfWork, approval: Approval, principal: Principal, action: ApprovalAction, office: HoldOffice, hold_id: UUID
) -> None:
    """The reason stays with the hold: the history is read by whoever sees the request, the person that it may be about
    among them."""
    await note(uow, approval, Transition(action, _ROLE[office], principal.user_id))
    await audit.record_audit(
        uow,
        action=f"approval.{action.value.lower()}",
        resource_type="approval",
        resource_id=approval.id,
        detail={"number": approval.number, "office": office.value, "holdId": str(hold_id)},
    )
