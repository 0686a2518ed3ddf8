"""Routes and proxies: who is asked, and who may answer for whom."""

from typing import Any
from uuid import UUID

from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.errors import Forbidden, NotFound, PreconditionFailed, Text, Unprocessable
from services.kit.events import audit
from services.kit.processes import fences
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal
from services.opportunity import access
from services.opportunity.references import References
from services.opportunity.repository import people, proxies, routes
from services.opportunity.schemas import ProxyInput, RouteInput


async def save_route(
    uow: UnitOfWork, content: RouteInput, references: References, *, route_id: UUID | None = None, version: int = 0
) -> Row:
    """A new route, or the next version of one. Raises PreconditionFailed, NotFound, Unprocessable."""
    action = "approval_route.create"
    if route_id is not None:
        action, current = "approval_route.update", await routes.lock_version(uow, route_id)
        if current is None:
            raise NotFound()
        if current != version:
            raise PreconditionFailed(current)
    for position, stage in enumerate(content.stages):
        named = {"approverIds": stage.approver_ids, "escalateTo": [stage.escalate_to] if stage.escalate_to else []}
        for field, users in named.items():
            for user_id in users:
                await _require_decider(uow, references, user_id, f"/stages/{position}/{field}")
    saved_id = route_id or new_id()
    values = content.model_dump()
    values["stages"] = [stage.model_dump(mode="json", by_alias=True) for stage in content.stages]
    await routes.write(uow, saved_id, values, clock.now())
    detail = {"name": content.name, "active": content.active}
    await audit.record_audit(uow, action=action, resource_type="approval_route", resource_id=saved_id, detail=detail)
    return await route(uow, saved_id)


async def route(reader: Reader, route_id: UUID) -> Row:
    row = await routes.one(reader, route_id)
    if row is None:
        raise NotFound()
    return row


async def _require_decider(uow: UnitOfWork, references: References, user_id: UUID, pointer: str) -> None:
    known = await references.user(uow, user_id)
    if known is None or not people.can_decide(known):
        message = Text("承認者になれないユーザーです", "This user can't be an approver")
        raise Unprocessable.field(pointer, "not_an_approver", message)
    await fences.check_unblocked(uow, "user_copies", user_id)


async def create_proxy(uow: UnitOfWork, principal: Principal, content: ProxyInput, references: References) -> Row:
    """By the absent approver, or by an administrator for them."""
    from_id = content.from_id or principal.user_id
    if not access.may_give_proxy(principal, from_id):
        raise Forbidden()
    if from_id == content.to_id:
        message = Text("自分を代理人にはできません", "Nobody is their own proxy")
        raise Unprocessable.field("/toId", "own_proxy", message)
    await _require_decider(uow, references, from_id, "/fromId")
    await _require_decider(uow, references, content.to_id, "/toId")
    if content.ends_at <= clock.now():
        message = Text("終了日時は未来にしてください", "The period has ended already")
        raise Unprocessable.field("/endsAt", "period_over", message)
    proxy_id = new_id()
    values = content.model_dump() | {"id": proxy_id, "from_id": from_id}
    await proxies.insert(uow, values, clock.now())
    await _audit_proxy(uow, "approval_proxy.create", proxy_id, from_id, content.to_id)
    return await _proxy(uow, proxy_id)


async def end_proxy(uow: UnitOfWork, principal: Principal, proxy_id: UUID) -> None:
    """The absent one, the stand-in or an administrator; past decisions keep both names."""
    row = await _proxy(uow, proxy_id)
    if not access.may_give_proxy(principal, row["fromId"]) and principal.user_id not in (row["fromId"], row["toId"]):
        raise Forbidden() if access.sees_all_proxies(principal) else NotFound()
    await proxies.delete(uow, proxy_id)
    await _audit_proxy(uow, "approval_proxy.delete", proxy_id, row["fromId"], row["toId"])


async def _proxy(reader: Reader, proxy_id: UUID) -> Row:
    row = await proxies.one(reader, proxy_id)
    if row is None:
        raise NotFound()
    return row


async def _audit_proxy(uow: UnitOfWork, action: str, proxy_id: UUID, from_id: UUID, to_id: UUID) -> None:
    detail: dict[str, Any] = {"fromId": str(from_id), "toId": str(to_id)}
    await audit.record_audit(uow, action=action, resource_type="approval_proxy", resource_id=proxy_id, detail=detail)
