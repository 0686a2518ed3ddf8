"""Ask for a deletion or a restore: the change, the ledger's row and the intent to start the process, all at once."""

from datetime import timedelta
from uuid import UUID

from services.contracts.events.customer import CustomerDeletionStarted, CustomerUpdated
from services.contracts.permissions import Permission
from services.contracts.processes import (
    CustomerDeletionInput,
    CustomerDeletionStep,
    CustomerRestorationInput,
    CustomerRestorationStep,
    ProcessType,
    TaskQueue,
    customer_deletion_id,
    customer_restoration_id,
)
from services.contracts.states import CustomerState
from services.customer.access import reader, viewer
from services.customer.errors import NotDeleted, RecycleBinExpired
from services.customer.events import snapshot
from services.customer.record import CustomerRecord
from services.customer.repository import writing
from services.customer.service.editing import EDITS, RESOURCE
from services.kit.db.unit_of_work import Reader, UnitOfWork
from services.kit.errors import Blocked, Forbidden, NotFound
from services.kit.events.audit import outrun
from services.kit.events.outbox import record_change
from services.kit.processes.beginning import AuditedAs, NewProcess, begin_process
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal


async def request_deletion(
    uow: UnitOfWork, principal: Principal, customer_id: UUID, version: int | None, rows: int | None
) -> UUID:
    """ACTIVE → DELETING; returns the process. Asked again, the process that does it already (or did it).

    `rows`: how many rows elsewhere the deletion will touch, if a preview could count them.
    """
    customer = await _reachable(uow, principal, customer_id, Permission.CUSTOMER_DELETE)
    if customer.state in (CustomerState.DELETING, CustomerState.DELETED):
        assert customer.deletion_process_id is not None
        return customer.deletion_process_id
    await _require_idle(uow, customer)
    if version is not None and customer.version != version:
        raise await outrun(uow, RESOURCE, customer_id, customer.version, by=EDITS)
    process_id, generation = new_id(), customer.generation + 1
    after = await writing.move(
        uow,
        customer_id,
        {
            "state": CustomerState.DELETING,
            "process_id": process_id,
            "deletion_process_id": process_id,
            "generation": generation,
        },
    )
    await record_change(
        uow,
        table=writing.CUSTOMERS,
        aggregate_id=customer_id,
        event=snapshot(CustomerDeletionStarted, after),
        process_id=process_id,
    )
    deletion = NewProcess(
        id=process_id,
        workflow_id=customer_deletion_id(customer_id, generation),
        type=ProcessType.CUSTOMER_DELETION,
        task_queue=TaskQueue.CUSTOMER,
        resource_id=customer_id,
        actor_id=principal.user_id,
        argument=CustomerDeletionInput(
            process_id=process_id, customer_id=customer_id, actor_id=principal.user_id, generation=generation
        ),
        summary=f"Delete customer {customer_id} with all that belongs to it",
        steps=list(CustomerDeletionStep),
        done=[CustomerDeletionStep.REQUEST],
        total=rows,
    )
    await begin_process(uow, deletion, audited=AuditedAs(action="customer.delete", resource_type=RESOURCE))
    return process_id


async def request_restoration(
    uow: UnitOfWork, principal: Principal, customer_id: UUID, recycle_bin_period: timedelta
) -> UUID:
    """DELETED → RESTORING within the recycle-bin period; returns the process. Asked again, the same process."""
    customer = await _reachable(uow, principal, customer_id, Permission.CUSTOMER_RESTORE)
    if customer.state is CustomerState.RESTORING:
        assert customer.process_id is not None
        return customer.process_id
    if customer.state is not CustomerState.DELETED:
        if customer.state is CustomerState.DELETING:
            await _require_idle(uow, customer)
        raise NotDeleted
    await _require_idle(uow, customer)
    assert customer.deleted_at is not None
    assert customer.deletion_process_id is not None
    if clock.now() - customer.deleted_at > recycle_bin_period:
        raise RecycleBinExpired(deletedAt=customer.deleted_at.isoformat())
    process_id, generation = new_id(), customer.generation + 1
    after = await writing.move(
        uow,
        customer_id,
        {"state": CustomerState.RESTORING, "process_id": process_id, "generation": generation},
    )
    await record_change(
        uow,
        table=writing.CUSTOMERS,
        aggregate_id=customer_id,
        event=snapshot(CustomerUpdated, after),
        process_id=process_id,
    )
    restoration = NewProcess(
        id=process_id,
        workflow_id=customer_restoration_id(customer_id, generation),
        type=ProcessType.CUSTOMER_RESTORATION,
        task_queue=TaskQueue.CUSTOMER,
        resource_id=customer_id,
        actor_id=principal.user_id,
        argument=CustomerRestorationInput(
            process_id=process_id,
            customer_id=customer_id,
            actor_id=principal.user_id,
            generation=generation,
            deletion_process_id=customer.deletion_process_id,
        ),
        summary=f"Restore customer {customer_id} with all that its deletion hid",
        steps=list(CustomerRestorationStep),
        done=[CustomerRestorationStep.REQUEST],
        total=await writing.rows_brought_back_from(uow, customer.deletion_process_id),
    )
    await begin_process(uow, restoration, audited=AuditedAs(action="customer.restore", resource_type=RESOURCE))
    return process_id


async def require_deletable(reads: Reader, principal: Principal, customer_id: UUID) -> None:
    """Refuses what `request_deletion` would refuse for want of rights, before anything is asked of other services."""
    rights = await writing.rights(reads, customer_id, reader(principal), viewer(principal, Permission.CUSTOMER_DELETE))
    if rights is None or not rights[0]:
        raise NotFound
    if not rights[1]:
        raise Forbidden


async def _reachable(
    uow: UnitOfWork, principal: Principal, customer_id: UUID, permission: Permission
) -> CustomerRecord:
    """The locked customer in any state that the caller's right reaches; erased ones are not found."""
    found = await writing.lock_with_rights(uow, customer_id, reader(principal), viewer(principal, permission))
    if found is None or not found[1] or found[0].state in (CustomerState.PURGING, CustomerState.PURGED):
        raise NotFound
    if not found[2]:
        raise Forbidden
    return found[0]


async def _require_idle(uow: UnitOfWork, customer: CustomerRecord) -> None:
    """After its pivot a process still has work elsewhere; the opposite must not begin before that has ended."""
    if customer.process_id is not None and await writing.is_open(uow, customer.process_id):
        raise Blocked(customer.process_id)
