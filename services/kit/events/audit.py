"""Audit entries: who did what to which record, in the transaction that did it.

The table takes inserts only. The event carries the entry to auth, whose sealer chains all services' entries in order.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import orjson

from services.kit.db.unit_of_work import Reader, UnitOfWork
from services.kit.errors import PreconditionFailed
from services.kit.events.envelope import AuditRecorded
from services.kit.events.outbox import record_fact
from services.kit.running import clock
from services.kit.running.ids import new_id

Outcome = Literal["SUCCESS", "DENIED", "FAILURE"]


async def record_audit(
    uow: UnitOfWork,
    *,
    action: str,
    resource_type: str,
    resource_id: UUID | None,
    outcome: Outcome = "SUCCESS",
    detail: dict[str, Any] | None = None,
    actor_id: UUID | None = None,
) -> None:
    """``detail`` is JSON: what changed, never a secret. ``actor_id``: of somebody whom this request only made known."""
    context = uow.context
    entry = AuditRecorded(
        audit_id=new_id(),
        service=uow.service,
        at=clock.now(),
        actor_id=context.actor_id or actor_id,
        on_behalf_of=context.on_behalf_of,
        action=action,
        resource_type=resource_type,
        resource_id=resource_id,
        outcome=outcome,
        ip=context.ip,
        request_id=context.request_id,
        process_id=context.process_id,
        detail=detail,
    )
    await uow.execute(
        "INSERT INTO audit_entries (id, at, actor_id, on_behalf_of, action, resource_type, resource_id, outcome, ip,"
        " request_id, process_id, detail) VALUES (%(audit_id)s, %(at)s, %(actor_id)s, %(on_behalf_of)s, %(action)s,"
        " %(resource_type)s, %(resource_id)s, %(outcome)s, %(ip)s, %(request_id)s, %(process_id)s, %(detail)s::jsonb)",
        entry.model_dump(exclude={"detail"}) | {"detail": orjson.dumps(detail, default=str).decode()},
    )
    await record_fact(uow, aggregate_id=resource_id or entry.audit_id, event=entry)


def changes(before: Any, after: Any, fields: Iterable[str], *, hidden: Collection[str] = ()) -> dict[str, Any]:
    """What a detail says of a change: ``changed`` names the fields that differ, ``changes`` has their values before
    (``from``) and after (``to``).

    ``before`` and ``after`` are records or mappings; None for what was not there. Of ``hidden`` fields only the name is
    kept: free text and what concerns a customer as a person stay where they can be erased.
    """
    pairs = {name: (_value(before, name), _value(after, name)) for name in fields}
    differing = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    told = {name: {"from": old, "to": new} for name, (old, new) in differing.items() if name not in hidden}
    return {"changed": list(differing), "changes": told}


def _value(record: Any, name: str) -> Any:
    if record is None:
        return None
    return record.get(name) if isinstance(record, Mapping) else getattr(record, name)


async def outrun(
    reader: Reader, resource_type: str, resource_id: UUID, current_version: int, *, by: Sequence[str]
) -> PreconditionFailed:
    """What to raise for a stale version: ``changedBy`` and ``changedAt`` are those of the newest action that made one.

    ``by``: the actions that make a new version of the content.
    """
    row = await reader.one(
        'SELECT actor_id AS "changedBy", at AS "changedAt" FROM audit_entries WHERE resource_type = %(type)s'
        " AND resource_id = %(id)s AND outcome = 'SUCCESS' AND action = ANY(%(actions)s) ORDER BY at DESC LIMIT 1",
        {"type": resource_type, "id": resource_id, "actions": list(by)},
    )
    return PreconditionFailed(current_version, **(row or {}))
