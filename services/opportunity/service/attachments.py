"""Files of a request: who adds and removes them, when, and what becomes of the request by it."""

from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from services.contracts.events.approval import ApprovalUpdated
from services.contracts.states import ApprovalState, AttachmentState
from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.errors import Forbidden, NotFound
from services.kit.events import audit, outbox
from services.kit.files import kinds
from services.kit.files.spool import FileTooLarge
from services.kit.files.storage import FileMissing, Opened, Storage, StorageAway, Stored
from services.kit.processes import fences
from services.kit.running import clock
from services.kit.trust.principal import Principal
from services.opportunity import events
from services.opportunity.errors import (
    AttachmentInfected,
    AttachmentPurged,
    AttachmentQuarantined,
    AttachmentsNotClean,
    TooManyAttachments,
    UnderLegalHold,
    WrongState,
)
from services.opportunity.record import Approval
from services.opportunity.repository import approvals, attachments, legal_holds
from services.opportunity.service.firm_settings import file_limits
from services.opportunity.service.views import require_visible
from services.opportunity.settings import OpportunitySettings

_CHANGEABLE: Final = frozenset({ApprovalState.DRAFT, ApprovalState.RETURNED})


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where this service keeps files, and what it takes."""

    settings: OpportunitySettings
    _storage: Storage | None

    @classmethod
    def of(cls, settings: OpportunitySettings) -> "Shelf":
        return cls(settings, settings.storage())

    @property
    def storage(self) -> Storage:
        """Raises StorageAway where none is configured."""
        if self._storage is None:
            raise StorageAway("no place for attachments is configured")
        return self._storage

    @property
    def scans(self) -> bool:
        return self.settings.scanner_host is not None


@dataclass(frozen=True, slots=True)
class NewFile:
    id: UUID
    name: str
    kind: kinds.Kind
    what: Stored


async def require_changeable(reader: Reader, principal: Principal, approval_id: UUID) -> None:
    """What `add` would refuse anyway, before anything was read. Raises NotFound, Forbidden, WrongState.

    How many there are is asked later: the last one that fits may be a repeat, which is answered as it was.
    """
    await require_visible(reader, principal, approval_id)
    approval = await approvals.read(reader, approval_id)
    if approval is None:
        raise NotFound()
    _require_changeable(approval, principal)


async def add(uow: UnitOfWork, principal: Principal, approval_id: UUID, file: NewFile, shelf: Shelf) -> Row:
    """The row of a file that is stored already. One that a crash leaves without a row is swept away later."""
    before = await _changeable(uow, principal, approval_id)
    limits = await file_limits(uow, shelf.settings)
    if await attachments.count(uow, approval_id) >= limits.per_request:
        raise TooManyAttachments(limits.per_request)
    if file.what.size > limits.max_bytes:  # they were lowered while it was on its way
        raise FileTooLarge(limits.max_bytes)
    now = clock.now()
    row = {
        "id": file.id,
        "approval_id": approval_id,
        "revision": _revision(before),
        "name": file.name,
        "media_type": file.kind.media_type,
        "size": file.what.size,
        "sha256": file.what.sha256,
        "state": AttachmentState.QUARANTINED if shelf.scans else AttachmentState.CLEAN,
        "uploaded_by": principal.user_id,
        "uploaded_at": now,
        "scan_after": now if shelf.scans else None,
    }
    await attachments.insert(uow, row)
    detail = {"id": str(file.id), "name": file.name, "size": file.what.size, "sha256": file.what.sha256}
    await _changed(uow, before, principal, "approval.attach", detail)
    return await _one(uow, approval_id, file.id)


async def remove(uow: UnitOfWork, principal: Principal, approval_id: UUID, attachment_id: UUID) -> bool:
    """Whether its file is to go too: nothing was ever submitted with it. A repeat finds it gone (NotFound).

    Raises UnderLegalHold where it would go and the request is held.
    """
    before = await _changeable(uow, principal, approval_id)
    row = await _one(uow, approval_id, attachment_id)
    if row["removedAt"] is not None:
        raise NotFound()
    revision = _revision(before)
    goes = bool(row["revision"] >= revision)
    if goes and await legal_holds.is_held(uow, approval_id):
        raise UnderLegalHold()
    await attachments.remove(uow, attachment_id, by=principal.user_id, at=clock.now(), revision=revision)
    detail = {"id": str(attachment_id), "name": row["name"], "sha256": row["sha256"]}
    await _changed(uow, before, principal, "approval.detach", detail)
    return goes


async def listed(reader: Reader, principal: Principal, approval_id: UUID, shelf: Shelf) -> dict[str, Any]:
    await require_visible(reader, principal, approval_id)
    limits = await file_limits(reader, shelf.settings)
    return {
        "items": await attachments.of(reader, approval_id),
        "nextCursor": None,
        "scanned": shelf.scans,
        "maxBytes": limits.max_bytes,
        "maxCount": limits.per_request,
    }


async def downloadable(reader: Reader, principal: Principal, approval_id: UUID, attachment_id: UUID) -> Row:
    """Raises NotFound, AttachmentQuarantined, AttachmentInfected, AttachmentPurged."""
    await require_visible(reader, principal, approval_id)
    row = await _one(reader, approval_id, attachment_id)
    if row["state"] == AttachmentState.INFECTED:
        raise AttachmentInfected(row["found"])
    if row["purgedAt"] is not None:
        raise AttachmentPurged(row)
    if row["state"] == AttachmentState.QUARANTINED:
        raise AttachmentQuarantined()
    return row


async def opened(shelf: Shelf, row: Row) -> Opened:
    """Raises StorageAway; a file that its row promises and the storage does not have is that as well."""
    try:
        return await shelf.storage.open(str(row["id"]))
    except FileMissing as error:
        raise StorageAway(f"the file of attachment {row['id']} is missing") from error


async def require_clean(reader: Reader, approval_id: UUID) -> None:
    """Nobody is asked to decide on what nobody has looked through. Raises AttachmentsNotClean."""
    rows = await attachments.not_clean(reader, approval_id)
    if rows:
        infected = [row["name"] for row in rows if row["state"] == AttachmentState.INFECTED]
        waiting = [row["name"] for row in rows if row["state"] == AttachmentState.QUARANTINED]
        raise AttachmentsNotClean(waiting, infected)


async def _one(reader: Reader, approval_id: UUID, attachment_id: UUID) -> Row:
    row = await attachments.one(reader, approval_id, attachment_id)
    if row is None:
        raise NotFound()
    return row


async def _changeable(uow: UnitOfWork, principal: Principal, approval_id: UUID) -> Approval:
    """The request, locked: a submission at the same instant comes before or after, never in between."""
    await require_visible(uow, principal, approval_id)
    approval = await approvals.lock(uow, approval_id)
    if approval is None:
        raise NotFound()
    _require_changeable(approval, principal)
    if approval.customer_id is not None:
        await fences.check_unblocked(uow, "customer_copies", approval.customer_id)
    return approval


def _require_changeable(approval: Approval, principal: Principal) -> None:
    if not approval.progress.is_own(principal.user_id):
        raise Forbidden()
    if approval.state not in _CHANGEABLE:
        raise WrongState(approval.state)


def _revision(approval: Approval) -> int:
    """The first revision that a change made now belongs to."""
    return approval.progress.revision + (approval.state is ApprovalState.RETURNED)


async def _changed(
    uow: UnitOfWork, before: Approval, principal: Principal, action: str, detail: dict[str, Any]
) -> None:
    """Files are terms of a request: what an earlier stage approved is no longer what is asked for (ADR 0029)."""
    returned_later = before.state is ApprovalState.RETURNED and before.progress.stage > 0
    progress = replace(before.progress, terms_changed=before.progress.terms_changed or returned_later)
    after = replace(before, progress=progress, version=before.version + 1, updated_at=clock.now())
    await approvals.update(uow, after)
    event = events.acted(ApprovalUpdated, after, acted_by=principal.user_id)
    await outbox.record_change(uow, table="approvals", aggregate_id=after.id, event=event, process_id=after.process_id)
    await audit.record_audit(
        uow,
        action=action,
        resource_type="approval",
        resource_id=after.id,
        detail={"number": after.number, "to": after.state.value, "attachment": detail},
    )
