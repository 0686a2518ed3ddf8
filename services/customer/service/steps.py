"""The customer's side of its deletion and restoration: pivots and undos."""

from typing import Any
from uuid import UUID

from services.contracts.events.customer import (
    CustomerDeleted,
    CustomerDeletionUndone,
    CustomerRestored,
    CustomerSnapshot,
    CustomerUpdated,
)
from services.contracts.states import CustomerState
from services.contracts.steps import Acknowledged, ProcessStep
from services.customer.errors import NotInState
from services.customer.events import snapshot
from services.customer.record import CustomerRecord
from services.customer.repository import writing
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import NotFound
from services.kit.events.audit import record_audit
from services.kit.events.outbox import record_change
from services.kit.running import clock


async def confirm_deletion(uow: UnitOfWork, step: ProcessStep) -> Acknowledged:
    """DELETING → DELETED. Raises NotInState unless this process holds the customer."""
    await _require_held(uow, step, CustomerState.DELETING)
    changes = {"state": CustomerState.DELETED, "deleted_at": clock.now()}
    return await _move(uow, step.resource_id, changes, CustomerDeleted, "customer.deleted")


async def undo_deletion(uow: UnitOfWork, step: ProcessStep) -> Acknowledged:
    """DELETING → ACTIVE where this process holds the customer, else nothing."""
    if await _held(uow, step, CustomerState.DELETING) is None:
        return Acknowledged()
    changes = {"state": CustomerState.ACTIVE, "deletion_process_id": None}
    return await _move(uow, step.resource_id, changes, CustomerDeletionUndone, "customer.deletion_undone")


async def confirm_restoration(uow: UnitOfWork, step: ProcessStep) -> Acknowledged:
    """RESTORING → ACTIVE. Raises NotInState unless this process holds the customer."""
    await _require_held(uow, step, CustomerState.RESTORING)
    changes = {"state": CustomerState.ACTIVE, "deletion_process_id": None, "deleted_at": None}
    return await _move(uow, step.resource_id, changes, CustomerRestored, "customer.restored")


async def undo_restoration(uow: UnitOfWork, step: ProcessStep) -> Acknowledged:
    """RESTORING → DELETED where this process holds the customer, else nothing."""
    if await _held(uow, step, CustomerState.RESTORING) is None:
        return Acknowledged()
    return await _move(
        uow, step.resource_id, {"state": CustomerState.DELETED}, CustomerUpdated, "customer.restoration_undone"
    )


async def _held(uow: UnitOfWork, step: ProcessStep, state: CustomerState) -> CustomerRecord | None:
    customer = await writing.lock(uow, step.resource_id)
    if customer is None:
        raise NotFound
    return customer if customer.state is state and customer.process_id == step.process_id else None


async def _require_held(uow: UnitOfWork, step: ProcessStep, state: CustomerState) -> None:
    if await _held(uow, step, state) is None:
        raise NotInState


async def _move(
    uow: UnitOfWork, customer_id: UUID, changes: dict[str, Any], event: type[CustomerSnapshot], action: str
) -> Acknowledged:
    after = await writing.move(uow, customer_id, changes)
    await record_change(uow, table=writing.CUSTOMERS, aggregate_id=customer_id, event=snapshot(event, after))
    await record_audit(uow, action=action, resource_type="customer", resource_id=customer_id)
    return Acknowledged()
