"""Which event tells whom what (domain model, Notifications). Nobody is told of what they did themselves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.analytics.notifications.notice import Notice, Resource, of_process
from services.contracts.events import approval, customer, proxy, sales
from services.contracts.money import to_json
from services.contracts.permissions import Role
from services.contracts.processes import ProcessType
from services.contracts.states import ApprovalState, NotificationType, TaskState
from services.kit.events.envelope import Envelope
from services.kit.processes.events import ProcessCompensated, ProcessCompleted, ProcessNeedsAttention, ProcessSnapshot

APPROVAL_ENDS: Final = frozenset(
    payload.event_type for payload in (approval.ApprovalApproved, approval.ApprovalRejected, approval.ApprovalCancelled)
)
PROCESS_ENDS: Final = frozenset({ProcessCompleted.event_type, ProcessCompensated.event_type})
APPROVAL_EVENTS: Final = frozenset(
    payload.event_type
    for payload in vars(approval).values()
    if isinstance(payload, type) and issubclass(payload, approval.ApprovalSnapshot) and "event_type" in vars(payload)
)
OPINION_ENDS: Final = frozenset(payload.event_type for payload in (approval.OpinionDeclined, approval.OpinionWithdrawn))
TASK_STATES: Final = frozenset({sales.TaskCreated.event_type, sales.TaskUpdated.event_type})
TASK_TIMES: Final = {
    sales.TaskDueSoon.event_type: NotificationType.TASK_DUE_SOON,
    sales.TaskOverdue.event_type: NotificationType.TASK_OVERDUE,
}
ASSIGNMENTS: Final = frozenset({customer.CustomerCreated.event_type, customer.CustomerAssigned.event_type})
SAID: Final = frozenset(payload.event_type for payload in approval.SAID)
PROXY_EVENTS: Final = frozenset(
    payload.event_type for payload in (proxy.ProxyGiven, proxy.ProxyChanged, proxy.ProxyEnded)
)
TELLING: Final = (
    APPROVAL_EVENTS
    | TASK_STATES
    | frozenset(TASK_TIMES)
    | ASSIGNMENTS
    | PROXY_EVENTS
    | PROCESS_ENDS
    | {ProcessNeedsAttention.event_type}
)
"""Event types that may tell somebody something."""


@dataclass(frozen=True, slots=True)
class Before:
    """The version of the aggregate before the event: what of it decides whether the event is news to somebody."""

    waiting_for: frozenset[UUID] = frozenset()
    round: tuple[int, int, int] | None = None
    """Generation, revision and stage of a request."""
    state: str | None = None
    user_id: UUID | None = None


def notices(event: Envelope, before: Before, on_call: Mapping[Role, Sequence[UUID]]) -> list[Notice]:
    """What an event tells whom; at most one notice a recipient, the first rule that applies.

    ``on_call``: the active operators, who mend processes, and administrators, who name approvers.
    """
    kind = event.event_type
    if kind in APPROVAL_EVENTS:
        found = _of_approval(event, before)
    elif kind in TASK_STATES:
        found = _of_task(event, before)
    elif kind in TASK_TIMES:
        found = _of_task_time(event)
    elif kind in ASSIGNMENTS:
        found = _of_customer(event)
    elif kind in PROXY_EVENTS:
        found = _of_proxy(event)
    else:
        found = _of_process(event, on_call)
    first: dict[UUID, Notice] = {}
    for notice in found:
        first.setdefault(notice.recipient_id, notice)
    return list(first.values())


def _of_approval(event: Envelope, before: Before) -> Iterator[Notice]:
    request = event.payload(approval.ApprovalActed)
    params = {
        "number": request.number,
        "title": request.title,
        "amount": to_json(request.amount),
        "state": request.state,
    }

    def tell(kind: NotificationType, recipient: UUID, **more: str) -> Iterator[Notice]:
        if recipient != event.actor_id:
            yield Notice(
                event.event_id,
                kind,
                recipient,
                Resource.APPROVAL,
                request.approval_id,
                request.customer_id,
                params | more,
                event.timestamp,
            )

    def tell_stand_ins(approver: UUID) -> Iterator[Notice]:
        for one in request.stand_ins:
            if one.for_id == approver:
                yield from tell(NotificationType.PROXY_WAITING, one.user_id, fromId=str(approver))

    if event.event_type == approval.ApprovalDue.event_type:
        for approver in request.waiting_for:
            yield from tell(NotificationType.APPROVAL_DUE, approver)
            yield from tell_stand_ins(approver)
        return
    if event.event_type == approval.ApprovalNudged.event_type:
        for approver in request.waiting_for:
            yield from tell(NotificationType.APPROVAL_NUDGED, approver)
            yield from tell_stand_ins(approver)
        for adviser in request.opinion_from:
            yield from tell(NotificationType.OPINION_ASKED, adviser)
        return
    if event.event_type in SAID:
        yield from _of_what_was_said(event, tell)
        return
    if event.event_type == approval.OpinionAsked.event_type:
        yield from tell(NotificationType.OPINION_ASKED, event.payload(approval.OpinionAsked).asked_id)
    elif event.event_type in OPINION_ENDS or event.event_type == approval.OpinionGiven.event_type:
        ended = event.event_type in OPINION_ENDS
        question = event.payload(approval.OpinionActed)
        for person in (question.asker_id, question.approver_id):
            yield from tell(NotificationType.OPINION_ENDED if ended else NotificationType.OPINION_GIVEN, person)
    if event.event_type == approval.ApprovalReassigned.event_type:
        moved = event.payload(approval.ApprovalReassigned)
        yield from tell(NotificationType.APPROVAL_REASSIGNED, moved.to_id)
        yield from tell(NotificationType.APPROVAL_REASSIGNED, moved.from_id)
    if request.stepped_in and request.on_behalf_of and event.event_type != approval.ApprovalTakenBack.event_type:
        pair = {"fromId": str(request.on_behalf_of), "toId": str(request.acted_by)}
        yield from tell(NotificationType.APPROVAL_STEPPED_IN, request.on_behalf_of, **pair)
    # Who waited before a hold goes on waiting after it: that is no news.
    if before.state != ApprovalState.ON_HOLD:
        same_round = before.round == (request.generation, request.revision, request.stage)
        for approver in request.waiting_for:
            if not (same_round and approver in before.waiting_for):
                yield from tell(NotificationType.APPROVAL_WAITING, approver)
                yield from tell_stand_ins(approver)
    if event.event_type in APPROVAL_ENDS:
        for person in (request.requester_id, request.owner_id):
            yield from tell(NotificationType.APPROVAL_DECIDED, person)
    elif event.event_type in (approval.ApprovalReturned.event_type, approval.ApprovalRestored.event_type):
        for person in (request.owner_id, request.requester_id):
            yield from tell(NotificationType.APPROVAL_RETURNED, person)
    for reviewer in request.to_review:
        yield from tell(NotificationType.APPROVAL_TO_REVIEW, reviewer)
    for viewer in request.to_read:
        yield from tell(NotificationType.APPROVAL_TO_READ, viewer)


def _of_what_was_said(event: Envelope, tell: Callable[[NotificationType, UUID], Iterator[Notice]]) -> Iterator[Notice]:
    request = event.payload(approval.ApprovalActed)
    if event.event_type == approval.ApprovalConsulted.event_type:
        yield from tell(NotificationType.APPROVAL_CONSULTED, event.payload(approval.ApprovalConsulted).consulted_id)
    elif event.event_type == approval.ApprovalAdvised.event_type:
        for person in (request.owner_id, request.requester_id):
            yield from tell(NotificationType.APPROVAL_ADVISED, person)
    elif event.event_type == approval.ApprovalReviewed.event_type and request.comment is not None:
        approvers = [approver for stage in request.stages for approver in stage.approver_ids]
        for person in (request.requester_id, request.owner_id, *approvers):
            yield from tell(NotificationType.APPROVAL_REVIEWED, person)


def _source(event: Envelope, kind: NotificationType) -> UUID:
    return event.event_id if event.process_id is None else of_process(event.process_id, kind)


def _of_task(event: Envelope, before: Before) -> Iterator[Notice]:
    task = event.payload(sales.TaskSnapshot)
    live = not task.deleted and task.state in (TaskState.OPEN, TaskState.IN_PROGRESS)
    if live and task.user_id not in (event.actor_id, before.user_id):
        yield Notice(
            _source(event, NotificationType.TASK_ASSIGNED),
            NotificationType.TASK_ASSIGNED,
            task.user_id,
            Resource.TASK,
            task.task_id,
            task.customer_id,
            {"title": task.title, "count": 1},
            event.timestamp,
        )


def _of_task_time(event: Envelope) -> Iterator[Notice]:
    task = event.payload(sales.TaskDueSoon)
    params = {"title": task.title, "dueDate": task.due_date.isoformat()}
    kind = TASK_TIMES[event.event_type]
    at = event.timestamp
    yield Notice(event.event_id, kind, task.user_id, Resource.TASK, task.task_id, task.customer_id, params, at)


def _of_customer(event: Envelope) -> Iterator[Notice]:
    record = event.payload(customer.CustomerSnapshot)
    if record.assigned_sales_id != event.actor_id:
        yield Notice(
            _source(event, NotificationType.CUSTOMER_ASSIGNED),
            NotificationType.CUSTOMER_ASSIGNED,
            record.assigned_sales_id,
            Resource.CUSTOMER,
            record.customer_id,
            record.customer_id,
            {"count": 1},
            event.timestamp,
        )


def _of_proxy(event: Envelope) -> Iterator[Notice]:
    """Whoever stands in is told of it and of its end; the absent one of an end only, and nobody of what they did."""
    fact = event.payload(proxy.ProxyFact)
    params = {
        "fromId": str(fact.from_id),
        "toId": str(fact.to_id),
        "startsAt": fact.starts_at.isoformat(),
        "endsAt": fact.ends_at.isoformat(),
        "takesWaiting": fact.takes_waiting,
    }

    def tell(kind: NotificationType, recipient: UUID, **changed: str) -> Iterator[Notice]:
        if recipient != event.actor_id:
            told = params | changed
            yield Notice(event.event_id, kind, recipient, Resource.PROXY, fact.proxy_id, None, told, event.timestamp)

    if event.event_type == proxy.ProxyEnded.event_type:
        yield from tell(NotificationType.PROXY_ENDED, fact.to_id)
        yield from tell(NotificationType.PROXY_ENDED, fact.from_id)
        return
    yield from tell(NotificationType.PROXY_GIVEN, fact.to_id)
    if event.event_type == proxy.ProxyChanged.event_type:
        before = event.payload(proxy.ProxyChanged).previous_to_id
        if before != fact.to_id:
            yield from tell(NotificationType.PROXY_ENDED, before, toId=str(before))


def _of_process(event: Envelope, on_call: Mapping[Role, Sequence[UUID]]) -> Iterator[Notice]:
    process = event.payload(ProcessSnapshot)
    ended = event.event_type in PROCESS_ENDS
    if process.type == ProcessType.APPROVAL and ended:
        return  # its outcome is told as the request's own
    kind = NotificationType.PROCESS_FINISHED if ended else NotificationType.PROCESS_NEEDS_ATTENTION
    recipients: list[UUID] = [] if process.actor_id is None else [process.actor_id]
    if not ended:
        recipients.extend(on_call[Role.ADMIN if process.type == ProcessType.APPROVAL else Role.OPS])
    params: Mapping[str, Any] = {"processType": process.type, "status": process.status}
    for recipient in recipients:
        resource_id = process.process_id
        yield Notice(event.event_id, kind, recipient, Resource.SAGA, resource_id, None, params, event.timestamp)
