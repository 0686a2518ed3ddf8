"""Rules of meetings: who may change what, from which state to which, and what every change leaves behind."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from services.contracts.events.sales import MeetingCreated, MeetingDeleted, MeetingSnapshot, MeetingUpdated
from services.contracts.states import MeetingState
from services.kit.db.unit_of_work import Row, UnitOfWork
from services.kit.errors import Forbidden, NotFound
from services.kit.events import audit
from services.kit.events.audit import outrun, record_audit
from services.kit.events.outbox import record_change, record_created
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal
from services.sales_activity import access
from services.sales_activity.errors import MeetingTransitionRefused, ends_before_start, held_before_start
from services.sales_activity.events import meeting_event
from services.sales_activity.record import MeetingRecord
from services.sales_activity.references import Directory
from services.sales_activity.repository import meetings as repository
from services.sales_activity.schemas import MeetingCreate, MeetingUpdate
from services.sales_activity.service import checks
from services.sales_activity.service.offers import with_actions
from services.sales_activity.states import meeting_may_go

RESOURCE = "meeting"
_EDITS = ("meeting.update",)
"""What makes a new version of the content."""
_PLAIN_FIELDS = ("customer_id", "user_id", "attendee_ids", "starts_at", "ends_at", "state")
_TEXT_FIELDS = ("title", "place", "agenda", "outcome", "next_step")


async def create(uow: UnitOfWork, principal: Principal, directory: Directory, body: MeetingCreate) -> Row:
    user_id = body.user_id or principal.user_id
    await checks.assignee(uow, directory, principal, user_id)
    await checks.attendees(uow, directory, body.attendee_ids)
    await checks.customer(uow, directory, principal, body.customer_id)
    _check_period(body)
    _check_held(body)
    values = body.model_dump() | {
        "id": new_id(),
        "user_id": user_id,
        "created_by": principal.user_id,
        "now": clock.now(),
    }
    meeting = await repository.insert(uow, values)
    await record_created(uow, aggregate_id=meeting.id, event=meeting_event(MeetingCreated, meeting))
    await record_audit(uow, action="meeting.create", resource_type=RESOURCE, resource_id=meeting.id)
    return await _shown(uow, principal, meeting.id)


async def update(
    uow: UnitOfWork, principal: Principal, directory: Directory, meeting_id: UUID, version: int, body: MeetingUpdate
) -> Row:
    before = await _writable(uow, principal, meeting_id, version)
    wanted = replace(before, **body.model_dump(exclude_unset=True))
    if not meeting_may_go(before.state, wanted.state):
        raise MeetingTransitionRefused(state=before.state)
    _check_period(wanted)
    if (wanted.state, wanted.starts_at) != (before.state, before.starts_at):
        _check_held(wanted)
    if wanted.user_id != before.user_id:
        await checks.assignee(uow, directory, principal, wanted.user_id)
    await checks.attendees(uow, directory, wanted.attendee_ids, known=before.attendee_ids)
    await checks.customer_unblocked(uow, directory, principal, before.customer_id)
    if wanted.customer_id != before.customer_id:
        await checks.customer(uow, directory, principal, wanted.customer_id)
    after = await repository.update(uow, wanted, clock.now())
    await _record(uow, MeetingUpdated, after)
    await record_audit(
        uow, action="meeting.update", resource_type=RESOURCE, resource_id=meeting_id, detail=_changed(before, after)
    )
    return await _shown(uow, principal, meeting_id)


async def delete(
    uow: UnitOfWork, principal: Principal, directory: Directory, meeting_id: UUID, version: int | None
) -> None:
    before = await _writable(uow, principal, meeting_id, version)
    await checks.customer_unblocked(uow, directory, principal, before.customer_id)
    after = await repository.delete(uow, meeting_id, clock.now())
    await _record(uow, MeetingDeleted, after)
    await record_audit(uow, action="meeting.delete", resource_type=RESOURCE, resource_id=meeting_id)


def _check_period(meeting: MeetingCreate | MeetingRecord) -> None:
    if meeting.ends_at <= meeting.starts_at:
        raise ends_before_start()


def _check_held(meeting: MeetingCreate | MeetingRecord) -> None:
    """What has not begun can't have been held: figures of today would count it, and its outcome would be made up."""
    if meeting.state is MeetingState.HELD and meeting.starts_at > clock.now():
        raise held_before_start()


async def _writable(uow: UnitOfWork, principal: Principal, meeting_id: UUID, version: int | None) -> MeetingRecord:
    """The locked meeting; 404 if the caller may not see it, 403 if they may not change it, 412 if they read another."""
    writer = access.writer(principal)
    found = await repository.lock(uow, meeting_id, access.reader(principal), writer)
    if found is None:
        raise NotFound
    meeting, writable = found
    if not writable:
        raise Forbidden
    if version is not None and version != meeting.version:
        raise await outrun(uow, RESOURCE, meeting_id, meeting.version, by=_EDITS)
    return meeting


async def _record(uow: UnitOfWork, kind: type[MeetingSnapshot], meeting: MeetingRecord) -> None:
    await record_change(uow, table="meetings", aggregate_id=meeting.id, event=meeting_event(kind, meeting))


async def _shown(uow: UnitOfWork, principal: Principal, meeting_id: UUID) -> Row:
    """As the API shows it. Who hands a meeting over to somebody else may lose sight of it, yet gets this answer."""
    row = await repository.view(uow, meeting_id, access.everything(principal))
    assert row is not None
    await with_actions(uow, principal, [row])
    return row


def _changed(before: MeetingRecord, after: MeetingRecord) -> dict[str, Any]:
    return audit.changes(before, after, (*_PLAIN_FIELDS, *_TEXT_FIELDS), hidden=_TEXT_FIELDS)
