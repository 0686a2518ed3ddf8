"""/notifications/mail: what an administrator sees and decides about mail."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.analytics import schemas
from services.analytics.endpoints.dependencies import Administrator
from services.analytics.mail import failures, repository
from services.analytics.mail.wishes import mailed
from services.contracts.states import NotificationType
from services.kit.db.unit_of_work import Reader
from services.kit.errors import NotFound
from services.kit.events import audit
from services.kit.http import Reads, ServiceRoute, Uow, json_response

router = APIRouter(prefix="/notifications/mail", tags=["notifications"], route_class=ServiceRoute)

AUDITED_AS = "mail"


@router.get("", response_model=schemas.MailAdministrationView)
async def read_mail(reader: Reads, _principal: Administrator) -> Response:
    return json_response(await _view(reader))


@router.put("", response_model=schemas.MailAdministrationView)
async def write_mail_defaults(uow: Uow, _principal: Administrator, body: schemas.MailDefaultsChange) -> Response:
    """What goes by mail to everybody who has not chosen otherwise."""
    before = _defaults(await repository.firm_defaults(uow))
    await repository.set_firm_defaults(uow, {item.type: item.mail for item in body.defaults})
    after = _defaults(await repository.firm_defaults(uow))
    detail = audit.changes(before, after, after)
    if detail["changed"]:
        await audit.record_audit(
            uow, action="mail.defaults_changed", resource_type=AUDITED_AS, resource_id=None, detail=detail
        )
    return json_response(await _view(uow))


@router.delete("/failing/{user_id}", status_code=204)
async def try_address_again(uow: Uow, _principal: Administrator, user_id: UUID) -> Response:
    """Mail goes to this person's address again, after it had refused some."""
    failing = await failures.of(uow, user_id)
    if failing is None or not await failures.forget(uow, user_id):
        raise NotFound
    await audit.record_audit(
        uow,
        action="mail.address_tried_again",
        resource_type="user",
        resource_id=user_id,
        detail={"since": failing["since"].isoformat(), "reason": failing["reason"]},
    )
    return Response(status_code=204)


def _defaults(firm: dict[str, bool]) -> dict[str, bool]:
    return {kind.value: mailed(kind, firm) for kind in NotificationType}


async def _view(reader: Reader) -> dict[str, Any]:
    available, sender = await repository.switch(reader)
    defaults = _defaults(await repository.firm_defaults(reader))
    return {
        "available": available,
        "sender": sender,
        "counts": await failures.counts(reader),
        "defaults": [{"type": kind, "mail": by_mail} for kind, by_mail in defaults.items()],
        "failing": await failures.everybody(reader),
    }
