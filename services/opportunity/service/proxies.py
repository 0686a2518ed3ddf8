"""Proxies: who may answer for whom, in which period."""

from typing import Any
from uuid import UUID

from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.errors import Forbidden, NotFound, Text, Unprocessable
from services.kit.events import audit
from services.kit.processes import fences
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal
from services.opportunity import access
from services.opportunity.references import References
from services.opportunity.repository import proxies
from services.opportunity.schemas.proxies import ProxyInput
from services.opportunity.service.stages import approver_faults


async def create_proxy(uow: UnitOfWork, principal: Principal, content: ProxyInput, references: References) -> Row:
    """By the absent approver, or by an administrator for them."""
    from_id = content.from_id or principal.user_id
    if not access.may_give_proxy(principal, from_id):
        raise Forbidden()
    if from_id == content.to_id:
        message = Text("自分を代理人にはできません", "Nobody is their own proxy")
        raise Unprocessable.field("/toId", "own_proxy", message)
    known = await references.users(uow, [from_id, content.to_id])
    faults = [*approver_faults(from_id, known, "/fromId"), *approver_faults(content.to_id, known, "/toId")]
    if faults:
        raise Unprocessable(errors=faults)
    for user_id in sorted({from_id, content.to_id}):
        await fences.check_unblocked(uow, "user_copies", user_id)
    if content.ends_at <= clock.now():
        message = Text("終了日時は未来にしてください", "The period has ended already")
        raise Unprocessable.field("/endsAt", "period_over", message)
    proxy_id = new_id()
    values = content.model_dump() | {"id": proxy_id, "from_id": from_id}
    await proxies.insert(uow, values, clock.now())
    made = await _proxy(uow, proxy_id)
    await _audit_proxy(uow, "approval_proxy.create", None, made)
    return made


async def end_proxy(uow: UnitOfWork, principal: Principal, proxy_id: UUID) -> None:
    """By the absent one, the stand-in or an administrator. One that is over stays as it is."""
    row = await _proxy(uow, proxy_id)
    if not access.may_give_proxy(principal, row["fromId"]) and principal.user_id not in (row["fromId"], row["toId"]):
        raise Forbidden() if access.sees_all_proxies(principal) else NotFound()
    if await end_now(uow, proxy_id):
        await _audit_proxy(uow, "approval_proxy.delete", row, await proxies.one(uow, proxy_id))


async def end_now(uow: UnitOfWork, proxy_id: UUID) -> bool:
    """Once decisions that are being made by it have committed; none is later than the end. False if it was over."""
    await proxies.lock(uow, proxy_id)
    return await proxies.end(uow, proxy_id, clock.now())


async def _proxy(reader: Reader, proxy_id: UUID) -> Row:
    row = await proxies.one(reader, proxy_id)
    if row is None:
        raise NotFound()
    return row


async def _audit_proxy(uow: UnitOfWork, action: str, before: Row | None, after: Row | None) -> None:
    """``after`` None: it had not begun and is gone."""
    proxy = after or before
    assert proxy is not None
    detail: dict[str, Any] = {"fromId": str(proxy["fromId"]), "toId": str(proxy["toId"])}
    detail |= audit.changes(before, after, ("startsAt", "endsAt"))
    await audit.record_audit(uow, action=action, resource_type="approval_proxy", resource_id=proxy["id"], detail=detail)
