"""Templates: the content of a request under a name, to begin another one with."""

from typing import Any, Final
from uuid import UUID

from services.contracts.money import to_json
from services.contracts.permissions import Permission
from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.errors import Forbidden, NotFound
from services.kit.events import audit
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal
from services.opportunity.errors import TooManyTemplates
from services.opportunity.repository import approvals, templates
from services.opportunity.schemas.templates import TemplateInput
from services.opportunity.service.views import require_visible

MOST_OWN: Final = 50
MOST_OF_THE_FIRM: Final = 100
_CONTENT: Final = ("kind", "title", "description", "amount", "currency", "fields")
"""What is kept of a request, as the API names it: nothing that belongs to one customer, or to one revision."""


async def usable(reader: Reader, principal: Principal) -> list[dict[str, Any]]:
    rows = await templates.usable(reader, principal.user_id, MOST_OWN + MOST_OF_THE_FIRM)
    return [_shown(row, principal) for row in rows]


async def one(reader: Reader, principal: Principal, template_id: UUID) -> dict[str, Any]:
    """Raises NotFound for what is neither the caller's nor the firm's."""
    row = await templates.one(reader, principal.user_id, template_id)
    if row is None:
        raise NotFound()
    return _shown(row, principal)


async def keep(uow: UnitOfWork, principal: Principal, wanted: TemplateInput) -> UUID:
    """Raises NotFound for a request that the caller may not see, Forbidden for who keeps none for the firm,
    TooManyTemplates."""
    if wanted.firm_wide and not _keeps_the_firms(principal):
        raise Forbidden()
    await require_visible(uow, principal, wanted.approval_id)
    approval = await approvals.read(uow, wanted.approval_id)
    assert approval is not None
    owner_id = None if wanted.firm_wide else principal.user_id
    most = MOST_OF_THE_FIRM if wanted.firm_wide else MOST_OWN
    if await templates.hold_place(uow, owner_id) >= most:
        raise TooManyTemplates(most)
    template_id = new_id()
    content = {name: getattr(approval, name) for name in _CONTENT} | {"amount": to_json(approval.amount)}
    await templates.insert(
        uow,
        template_id=template_id,
        owner_id=owner_id,
        name=wanted.name,
        content=content,
        created_by=principal.user_id,
        at=clock.now(),
    )
    await _audit(uow, "approval_template.create", template_id, firmWide=wanted.firm_wide, number=approval.number)
    return template_id


async def rename(uow: UnitOfWork, principal: Principal, template_id: UUID, name: str) -> None:
    await _changeable(uow, principal, template_id)
    await templates.rename(uow, template_id, name, clock.now())
    await _audit(uow, "approval_template.rename", template_id)


async def delete(uow: UnitOfWork, principal: Principal, template_id: UUID) -> None:
    await _changeable(uow, principal, template_id)
    await templates.delete(uow, template_id)
    await _audit(uow, "approval_template.delete", template_id)


async def _changeable(uow: UnitOfWork, principal: Principal, template_id: UUID) -> None:
    shown = await one(uow, principal, template_id)
    if not shown["mayChange"]:
        raise Forbidden()


def _keeps_the_firms(principal: Principal) -> bool:
    return principal.has(Permission.APPROVAL_REASSIGN_ANY)


def _shown(row: Row, principal: Principal) -> dict[str, Any]:
    return row | {"mayChange": row["ownerId"] is not None or _keeps_the_firms(principal)}


async def _audit(uow: UnitOfWork, action: str, template_id: UUID, **detail: Any) -> None:
    await audit.record_audit(
        uow, action=action, resource_type="approval_template", resource_id=template_id, detail=detail or None
    )
