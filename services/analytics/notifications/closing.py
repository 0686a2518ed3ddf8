"""Closes notices of what is over: decided by somebody else, finished, deleted, handed on.

Whether it is over is asked of the read models, which a batch has changed before: so an event that comes late, or again,
opens nothing that a later one has closed.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from services.contracts.events import approval, proxy
from services.contracts.states import NotificationType
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.envelope import Envelope
from services.kit.running import clock

# A notice that counts several records (of a process that moved them) leads to the first and is about all of them.
# What a process holds goes on afterwards where it stood: a hold ends nothing.
_OVER: Final = """
n.resource_id = ANY(%(resources)s::uuid[])
AND coalesce((n.params ->> 'count')::int, 1) = 1 AND CASE n.resource_type
    WHEN 'approval' THEN EXISTS (SELECT FROM read_model.approval_history a
        WHERE a.approval_id = n.resource_id AND a.valid_to = 'infinity' AND CASE
            WHEN n.type IN ('APPROVAL_WAITING', 'APPROVAL_DUE', 'APPROVAL_NUDGED')
                THEN a.state NOT IN ('PENDING', 'ON_HOLD')
                OR a.state = 'PENDING' AND NOT n.recipient_id = ANY(a.waiting_for)
            WHEN n.type = 'PROXY_WAITING' THEN a.state NOT IN ('PENDING', 'ON_HOLD')
                OR a.state = 'PENDING' AND NOT (n.params ->> 'fromId')::uuid = ANY(a.waiting_for)
            WHEN n.type = 'OPINION_ASKED' THEN NOT n.recipient_id = ANY(a.opinion_from)
            WHEN n.type IN ('OPINION_GIVEN', 'OPINION_ENDED', 'APPROVAL_REASSIGNED')
                THEN a.state NOT IN ('PENDING', 'ON_HOLD')
            WHEN n.type = 'APPROVAL_RETURNED' THEN a.state NOT IN ('RETURNED', 'ON_HOLD')
            WHEN n.type IN ('APPROVAL_CONSULTED', 'APPROVAL_ADVISED')
                THEN a.state NOT IN ('DRAFT', 'RETURNED', 'ON_HOLD')
            WHEN n.type = 'APPROVAL_TO_READ' THEN a.state IN ('RECALLED', 'CANCELLED') END)
    WHEN 'task' THEN EXISTS (SELECT FROM read_model.task_history t
        WHERE t.task_id = n.resource_id AND t.valid_to = 'infinity'
        AND (t.deleted OR t.state NOT IN ('OPEN', 'IN_PROGRESS') OR t.user_id <> n.recipient_id
            OR n.params ? 'dueDate' AND t.due_date IS DISTINCT FROM (n.params ->> 'dueDate')::timestamptz))
    WHEN 'customer' THEN EXISTS (SELECT FROM customer_copies c
        WHERE c.id = n.resource_id
        AND (c.state IN ('DELETED', 'PURGING', 'PURGED') OR c.assigned_sales_id <> n.recipient_id))
    WHEN 'saga' THEN n.type = 'PROCESS_NEEDS_ATTENTION' AND EXISTS (SELECT FROM read_model.process_views p
        WHERE p.process_id = n.resource_id AND p.finished_at IS NOT NULL)
END
"""
_CLOSE: Final = (
    "UPDATE notifications AS n SET closed_at = %(now)s, read_at = %(now)s"  # noqa: S608
    f" WHERE n.deleted_at IS NULL AND n.read_at IS NULL AND {_OVER}"
)
_CLOSE_FOR_MAIL: Final = f"UPDATE mail_notices AS n SET closed_at = %(now)s WHERE n.closed_at IS NULL AND {_OVER}"  # noqa: S608


# What somebody was asked and has answered stands in no read model: the fact of the answer closes the older notices.
_ANSWERED_BY: Final = """
FROM unnest(%(resources)s::uuid[], %(recipients)s::uuid[], %(types)s::text[], %(ats)s::timestamptz[])
    AS answered (resource_id, recipient_id, type, at)
WHERE n.resource_id = answered.resource_id AND n.recipient_id = answered.recipient_id AND n.type = answered.type
"""
_CLOSE_ANSWERED: Final = (
    f"UPDATE notifications AS n SET closed_at = %(now)s, read_at = %(now)s {_ANSWERED_BY}"  # noqa: S608
    " AND n.created_at <= answered.at AND n.deleted_at IS NULL AND n.read_at IS NULL"
)
_CLOSE_ANSWERED_FOR_MAIL: Final = (
    f"UPDATE mail_notices AS n SET closed_at = %(now)s {_ANSWERED_BY}"  # noqa: S608
    " AND n.at <= answered.at AND n.closed_at IS NULL"
)


# What waited for somebody's stand-in is over for them with the proxy.
_NO_STAND_IN: Final = """
FROM unnest(%(recipients)s::uuid[], %(absent)s::uuid[], %(ats)s::timestamptz[]) AS ended (recipient_id, from_id, at)
WHERE n.recipient_id = ended.recipient_id AND n.type = 'PROXY_WAITING' AND n.params ->> 'fromId' = ended.from_id::text
"""
_CLOSE_STANDING: Final = (
    f"UPDATE notifications AS n SET closed_at = %(now)s, read_at = %(now)s {_NO_STAND_IN}"  # noqa: S608
    " AND n.created_at <= ended.at AND n.deleted_at IS NULL AND n.read_at IS NULL"
)
_CLOSE_STANDING_FOR_MAIL: Final = (
    f"UPDATE mail_notices AS n SET closed_at = %(now)s {_NO_STAND_IN}"  # noqa: S608
    " AND n.at <= ended.at AND n.closed_at IS NULL"
)


async def apply(uow: UnitOfWork, events: Sequence[Envelope]) -> bool:
    """Whether any was closed in the app. Called after a batch has changed the models and made its notices."""
    params = {"now": clock.now(), "resources": sorted({event.aggregate_id for event in events})}
    await uow.execute(_CLOSE_FOR_MAIL, params)
    closed = await uow.execute(_CLOSE, params)
    return bool(closed + await _close_answered(uow, events) + await _close_standing(uow, events))


async def _close_answered(uow: UnitOfWork, events: Sequence[Envelope]) -> int:
    answers = [(event, *found) for event in events if (found := _answers(event)) is not None]
    if not answers:
        return 0
    params = {
        "now": clock.now(),
        "resources": [event.aggregate_id for event, _, _ in answers],
        "recipients": [recipient for _, recipient, _ in answers],
        "types": [kind.value for _, _, kind in answers],
        "ats": [event.timestamp for event, _, _ in answers],
    }
    await uow.execute(_CLOSE_ANSWERED_FOR_MAIL, params)
    return await uow.execute(_CLOSE_ANSWERED, params)


async def _close_standing(uow: UnitOfWork, events: Sequence[Envelope]) -> int:
    ended = [(fact.from_id, who, event.timestamp) for event in events for fact, who in _no_longer(event)]
    if not ended:
        return 0
    params = {
        "now": clock.now(),
        "absent": [absent for absent, _, _ in ended],
        "recipients": [who for _, who, _ in ended],
        "ats": [at for _, _, at in ended],
    }
    await uow.execute(_CLOSE_STANDING_FOR_MAIL, params)
    return await uow.execute(_CLOSE_STANDING, params)


def _no_longer(event: Envelope) -> Iterator[tuple[proxy.ProxyFact, UUID]]:
    """Who does not stand in any more after the event."""
    if event.event_type == proxy.ProxyEnded.event_type:
        fact = event.payload(proxy.ProxyFact)
        yield fact, fact.to_id
    elif event.event_type == proxy.ProxyChanged.event_type:
        changed = event.payload(proxy.ProxyChanged)
        if changed.previous_to_id != changed.to_id:
            yield changed, changed.previous_to_id


def _answers(event: Envelope) -> tuple[UUID, NotificationType] | None:
    """Whose notice of which kind is over with the event."""
    kind = event.event_type
    if kind == approval.ApprovalConsultationEnded.event_type:
        return event.payload(approval.ApprovalConsultationEnded).consulted_id, NotificationType.APPROVAL_CONSULTED
    answered = _ANSWERED.get(kind)
    return None if answered is None or event.actor_id is None else (event.actor_id, answered)


_ANSWERED: Final = {
    approval.ApprovalRead.event_type: NotificationType.APPROVAL_TO_READ,
    approval.ApprovalReviewed.event_type: NotificationType.APPROVAL_TO_REVIEW,
    approval.ApprovalAdvised.event_type: NotificationType.APPROVAL_CONSULTED,
}
