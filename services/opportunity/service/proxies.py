"""Proxies: who may answer for whom, in which period."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.contracts.events.proxy import ProxyChanged, ProxyEnded, ProxyGiven
from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.errors import FieldError, Forbidden, NotFound, Text, Unprocessable
from services.kit.events import audit, outbox
from services.kit.processes import fences
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal
from services.opportunity import access, events
from services.opportunity.errors import ProxyOver
from services.opportunity.references import References
from services.opportunity.repository import proxies
from services.opportunity.schemas.proxies import ProxyChange, ProxyInput, ProxyQuery, ProxyScope
from services.opportunity.service.stages import approver_faults

_TERMS = ("toId", "startsAt", "endsAt", "takesWaiting")
"""What a proxy is about, as the API calls it."""


async def create_proxy(uow: UnitOfWork, principal: Principal, content: ProxyInput, references: References) -> Row:
    """By the absent approver, or by an administrator for them."""
    from_id = content.from_id or principal.user_id
    if not access.may_give_proxy(principal, from_id):
        raise Forbidden()
    await _check_people(uow, from_id, content.to_id, references)
    _check_end(content)
    proxy_id = new_id()
    values = content.model_dump() | {"id": proxy_id, "from_id": from_id}
    await proxies.insert(uow, values, clock.now())
    row = await tell_given(uow, proxy_id)
    await _audit_proxy(uow, "approval_proxy.create", None, row)
    return row


async def page(
    reader: Reader, principal: Principal, query: ProxyQuery, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """Of the scope that was asked for, as far as the caller sees."""
    of_user: UUID | None = principal.user_id
    given_by: list[UUID] | None = None
    if query.scope is ProxyScope.TEAM:
        of_user, given_by = None, await _team(reader, principal)
    elif query.scope is None and access.sees_all_proxies(principal):
        of_user = None
    return await proxies.page(
        reader, of_user=of_user, given_by=given_by, touching=(query.from_, query.to), after=after, limit=limit
    )


async def visible(reader: Reader, principal: Principal, proxy_id: UUID) -> Row:
    """Raises NotFound for one that the caller may not see: neither theirs nor their team's."""
    row = await _proxy(reader, proxy_id)
    if principal.user_id not in (row["fromId"], row["toId"]):
        team = await _team(reader, principal)
        if team is not None and row["fromId"] not in team:
            raise NotFound()
    return row


async def _team(reader: Reader, principal: Principal) -> list[UUID] | None:
    """Whose absences the caller sees; None for everybody's."""
    return (await access.view_of(reader, principal)).leads


async def change_proxy(
    uow: UnitOfWork, principal: Principal, proxy_id: UUID, version: int, content: ProxyChange, references: References
) -> Row:
    """By the absent approver, or by an administrator for them. Raises PreconditionFailed, ProxyOver, Unprocessable.

    What was decided by a proxy has its evidence in the row: once it has begun, it is nobody else's, begins at no other
    time, covers neither more nor less, and does not end before its last decision.
    """
    await proxies.lock(uow, proxy_id)
    row = await visible(uow, principal, proxy_id)
    if not access.may_give_proxy(principal, row["fromId"]):
        raise Forbidden()
    if row["version"] != version:
        raise await audit.outrun(uow, "approval_proxy", proxy_id, row["version"], by=["approval_proxy.update"])
    now, decided_at = clock.now(), await proxies.last_decision(uow, proxy_id)
    if row["ended"] or row["endsAt"] <= now:
        raise ProxyOver()
    if row["startsAt"] <= now or decided_at is not None:
        _check_only_the_end(row, content)
    elif row["toId"] != content.to_id:
        await _check_people(uow, row["fromId"], content.to_id, references)
    _check_end(content)
    ends_at = max(content.ends_at, decided_at or content.ends_at)
    await proxies.change(uow, proxy_id, content.model_dump() | {"ends_at": ends_at}, now)
    after = await _proxy(uow, proxy_id)
    await _audit_proxy(uow, "approval_proxy.update", row, after)
    changed = events.of_proxy(ProxyChanged, after, previous_to_id=row["toId"])
    await outbox.record_fact(uow, aggregate_id=proxy_id, event=changed)
    return after


def _check_only_the_end(row: Row, content: ProxyChange) -> None:
    asked = {"toId": content.to_id, "startsAt": content.starts_at, "takesWaiting": content.takes_waiting}
    message = Text("開始後は変更できません", "It has begun: this can't be changed any more")
    faults = [FieldError(f"/{name}", "begun", message) for name, value in asked.items() if row[name] != value]
    if faults:
        raise Unprocessable(errors=faults)


async def _check_people(uow: UnitOfWork, from_id: UUID, to_id: UUID, references: References) -> None:
    if from_id == to_id:
        message = Text("自分を代理人にはできません", "Nobody is their own proxy")
        raise Unprocessable.field("/toId", "own_proxy", message)
    known = await references.users(uow, [from_id, to_id])
    faults = [*approver_faults(from_id, known, "/fromId"), *approver_faults(to_id, known, "/toId")]
    if faults:
        raise Unprocessable(errors=faults)
    for user_id in sorted({from_id, to_id}):
        await fences.check_unblocked(uow, "user_copies", user_id)


def _check_end(content: ProxyChange) -> None:
    if content.ends_at <= clock.now():
        message = Text("終了日時は未来にしてください", "The period has ended already")
        raise Unprocessable.field("/endsAt", "period_over", message)


async def end_proxy(uow: UnitOfWork, principal: Principal, proxy_id: UUID) -> None:
    """By the absent one, the stand-in or an administrator. One that is over stays as it is."""
    row = await visible(uow, principal, proxy_id)
    if not access.may_give_proxy(principal, row["fromId"]) and principal.user_id not in (row["fromId"], row["toId"]):
        raise Forbidden()
    if await end_now(uow, proxy_id):
        await _audit_proxy(uow, "approval_proxy.delete", row, await proxies.one(uow, proxy_id))


async def end_now(uow: UnitOfWork, proxy_id: UUID) -> bool:
    """Once decisions that are being made by it have committed; none is later than the end. False if it was over."""
    await proxies.lock(uow, proxy_id)
    row = await proxies.one(uow, proxy_id)
    if row is None or not await proxies.end(uow, proxy_id, clock.now()):
        return False
    await outbox.record_fact(uow, aggregate_id=proxy_id, event=events.of_proxy(ProxyEnded, row))
    return True


async def tell_given(uow: UnitOfWork, proxy_id: UUID) -> Row:
    """Announces a proxy that was just made, or given to somebody else, and returns it."""
    row = await _proxy(uow, proxy_id)
    await outbox.record_fact(uow, aggregate_id=proxy_id, event=events.of_proxy(ProxyGiven, row))
    return row


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
    detail |= audit.changes(before, after, _TERMS)
    await audit.record_audit(uow, action=action, resource_type="approval_proxy", resource_id=proxy["id"], detail=detail)
