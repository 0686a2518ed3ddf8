"""One decision on many requests: asked for in one transaction, decided by a process, tried again, called off."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.contracts.permissions import Permission
from services.contracts.processes import (
    BulkDecisionInput,
    BulkDecisionStep,
    ProcessType,
    TaskQueue,
    bulk_decision_id,
)
from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.errors import NotFound, RemoteProblemError
from services.kit.events.audit import record_audit
from services.kit.http.paging import Cursors
from services.kit.http.paging import page as page_of
from services.kit.processes import ledger
from services.kit.processes.beginning import AuditedAs, NewProcess, begin_process
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal
from services.opportunity import actions
from services.opportunity.access import VISIBLE, view_of
from services.opportunity.actions import CommentRule
from services.opportunity.errors import BulkDecisionRuns, NothingToRetry, TooManyBulkDecisions, comment_required
from services.opportunity.references import References
from services.opportunity.repository import bulk_decisions as repository
from services.opportunity.schemas.bulk import BulkItemQuery, BulkRetryInput, NewBulkDecision
from services.opportunity.schemas.fields import PageQuery

RESOURCE: Final = "bulk_decision"
OPEN_AT_ONCE: Final = 3
"""Batches of one person that are not finished: everybody else's decisions want their turn in between."""
_COUNTS: Final = ("waiting", "decided", "refused", "failed", "cancelled")


async def create(uow: UnitOfWork, principal: Principal, wish: NewBulkDecision, references: References) -> UUID:
    """The batch's id. What may be done to each request is asked when its turn comes."""
    if actions.BY_DECISION[wish.decision].comment is CommentRule.REQUIRED and wish.comment is None:
        raise comment_required()
    # Whoever has just been hired is known by the time of their first item.
    await references.user(uow, principal.user_id)
    await _require_room(uow, principal.user_id)
    batch_id, process_id = new_id(), new_id()
    batch = {
        "id": batch_id,
        "actor_id": principal.user_id,
        "decision": wish.decision.value,
        "comment": wish.comment,
        "attempt": 1,
        "process_id": process_id,
        "ip": uow.context.ip,
        "request_id": uow.context.request_id,
        "at": clock.now(),
    }
    items = [
        {"position": position, "id": item.id, "revision": item.revision, "stage": item.stage}
        | {"flags": [flag.value for flag in item.acknowledged_flags]}
        for position, item in enumerate(wish.items)
    ]
    await repository.insert(uow, batch, items)
    audited = AuditedAs(
        action="bulk_decision.start",
        resource_type=RESOURCE,
        detail={"decision": wish.decision.value, "items": len(items)},
    )
    await _begin(uow, principal, batch_id, process_id, attempt=1, items=len(items), audited=audited)
    return batch_id


async def retry(uow: UnitOfWork, principal: Principal, batch_id: UUID, wish: BulkRetryInput) -> None:
    """What failed waits again, and what was refused for points to note that are noted by now: a new attempt.

    Raises BulkDecisionRuns before the present attempt has ended.
    """
    batch = await _own(uow, principal, batch_id)
    if not batch["ended"]:
        raise BulkDecisionRuns()
    await _require_room(uow, principal.user_id)
    attempt, process_id = batch["attempt"] + 1, new_id()
    noted = [{"id": item.id, "flags": [flag.value for flag in item.acknowledged_flags]} for item in wish.noted]
    items = await repository.wait_again(uow, batch_id, attempt, noted)
    if not items:
        raise NothingToRetry()
    await repository.begin_attempt(uow, batch_id, attempt=attempt, process_id=process_id, at=clock.now())
    audited = AuditedAs(
        action="bulk_decision.retry", resource_type=RESOURCE, detail={"attempt": attempt, "items": items}
    )
    await _begin(uow, principal, batch_id, process_id, attempt=attempt, items=items, audited=audited)


async def cancel(uow: UnitOfWork, principal: Principal, batch_id: UUID) -> None:
    """What has not had its turn is left alone. What is being decided at this moment is decided."""
    await _own(uow, principal, batch_id)
    now = clock.now()
    items = await repository.cancel_waiting(uow, batch_id, now)
    if items:
        await repository.note_cancel(uow, batch_id, now)
        await record_audit(
            uow,
            action="bulk_decision.cancel",
            resource_type=RESOURCE,
            resource_id=batch_id,
            detail={"items": items},
        )


async def show(reader: Reader, principal: Principal, batch_id: UUID) -> dict[str, Any]:
    row = await repository.one(reader, batch_id, actor_id=_whose(principal))
    if row is None:
        raise NotFound()
    return _shown(row)


async def page(reader: Reader, principal: Principal, cursors: Cursors, query: PageQuery) -> dict[str, Any]:
    """The newest first."""
    key = cursors.decode("bulk-decisions", query.cursor, [datetime, UUID])
    rows = await repository.page(
        reader,
        actor_id=_whose(principal),
        after=None if key is None else (key[0], key[1]),
        limit=query.limit + 1,
    )
    return page_of(
        [_shown(row) for row in rows],
        query.limit,
        lambda row: cursors.encode("bulk-decisions", [row["createdAt"], row["id"]]),
    )


async def items(
    reader: Reader, principal: Principal, cursors: Cursors, batch_id: UUID, query: BulkItemQuery, *, locale: str
) -> dict[str, Any]:
    """In the order in which they were asked for; of a request that the caller may not see, only what became of it."""
    await show(reader, principal, batch_id)
    key = cursors.decode("bulk-decision-items", query.cursor, [int])
    view = await view_of(reader, principal)
    rows = await repository.items(
        reader,
        batch_id,
        visible=VISIBLE,
        params=view.params,
        status=query.status,
        after=None if key is None else key[0],
        limit=query.limit + 1,
    )
    told = [row | {"problem": _problem(row["problem"], locale)} for row in rows]
    return page_of(told, query.limit, lambda row: cursors.encode("bulk-decision-items", [row["position"]]))


def _problem(kept: dict[str, Any] | None, locale: str) -> dict[str, Any] | None:
    return None if kept is None else RemoteProblemError.from_payload(kept).problem(locale, "")


def _shown(row: Row) -> dict[str, Any]:
    counts = {name: row[name] for name in _COUNTS}
    return {name: value for name, value in row.items() if name not in counts} | {"counts": counts}


def _whose(principal: Principal) -> UUID | None:
    """Auditors see everybody's."""
    return None if principal.has(Permission.AUDIT_READ) else principal.user_id


async def _own(uow: UnitOfWork, principal: Principal, batch_id: UUID) -> Row:
    batch = await repository.lock(uow, batch_id, principal.user_id)
    if batch is None:
        raise NotFound()
    return batch


async def _require_room(uow: UnitOfWork, user_id: UUID) -> None:
    if await repository.hold_open_ones(uow, user_id) >= OPEN_AT_ONCE:
        raise TooManyBulkDecisions(OPEN_AT_ONCE)


async def _begin(
    uow: UnitOfWork,
    principal: Principal,
    batch_id: UUID,
    process_id: UUID,
    *,
    attempt: int,
    items: int,
    audited: AuditedAs,
) -> None:
    process = NewProcess(
        id=process_id,
        workflow_id=bulk_decision_id(batch_id, attempt),
        type=ProcessType.BULK_DECISION,
        task_queue=TaskQueue.OPPORTUNITY,
        resource_id=batch_id,
        actor_id=principal.user_id,
        argument=BulkDecisionInput(
            process_id=process_id, actor_id=principal.user_id, generation=attempt, batch_id=batch_id
        ),
        summary=f"{items} requests",
        steps=list(BulkDecisionStep),
        done=[BulkDecisionStep.REQUEST, BulkDecisionStep.CONFIRM],
        total=items,
    )
    await begin_process(uow, process, audited=audited)
    # The request is the pivot: there is nothing that could be undone, only a rest that can be called off.
    await ledger.decide(uow, process_id)
