"""Customers of a user who leaves: fenced, handed to the successor, and given back by the undo."""

from uuid import UUID

from services.contracts.events.customer import CustomerAssigned
from services.contracts.states import CustomerState
from services.contracts.steps import Acknowledged, ProcessStep, ReassignStep, ReturnStep
from services.customer.errors import NotInState, SuccessorRequired
from services.customer.events import snapshot
from services.customer.record import CustomerRecord
from services.customer.repository import handover, writing
from services.customer.service.assignees import Users, require_successor
from services.kit.db.unit_of_work import Reader, UnitOfWork
from services.kit.errors import Blocked, NotFound
from services.kit.events.audit import record_audit
from services.kit.events.outbox import record_changes
from services.kit.processes import fences
from services.kit.processes.steps import ROWS_PER_TRANSACTION
from services.kit.running import clock


async def fence(uow: UnitOfWork, users: Users, step: ProcessStep) -> Acknowledged:
    """Nothing new can be assigned to the user from now on."""
    if not await fences.block(uow, writing.USER_COPIES, step.resource_id, step.process_id):
        await users.ensure(uow, step.resource_id)
        if not await fences.block(uow, writing.USER_COPIES, step.resource_id, step.process_id):
            raise NotFound
    return Acknowledged()


async def unfence(uow: UnitOfWork, step: ProcessStep) -> Acknowledged:
    await fences.unblock(uow, writing.USER_COPIES, step.resource_id, step.process_id)
    return Acknowledged()


async def reassign(uow: UnitOfWork, users: Users, step: ReassignStep) -> int:
    """Move up to `ROWS_PER_TRANSACTION` customers that no other process holds; returns how many.

    The fence is held against its removal meanwhile: a late call of a process that was undone moves nothing.
    """
    await _require_fenced(uow, step)
    customers = await handover.lock_movable(uow, step.resource_id, ROWS_PER_TRANSACTION)
    if customers:
        if step.successor_id is None:
            raise SuccessorRequired
        await require_successor(uow, users, step.successor_id)
        now = clock.now()
        ids = [customer.id for customer in customers]
        await handover.record_moves(uow, step.process_id, ids, step.resource_id, step.successor_id, now)
        moved = await handover.assign(uow, ids, [step.successor_id] * len(ids), now)
        await _publish(uow, moved, dict.fromkeys(ids, step.resource_id), "customer.reassign")
    return len(customers)


async def customers_left(reader: Reader, user_id: UUID) -> int:
    """Those that other processes hold, too."""
    return await handover.count(reader, user_id)


async def give_back(uow: UnitOfWork, step: ReturnStep) -> int:
    """Settle up to `ROWS_PER_TRANSACTION` moves: what still belongs to whom it was given goes back. How many."""
    moves = await handover.lock_open_moves(uow, step.deletion_process_id, ROWS_PER_TRANSACTION)
    back = [(customer, from_id) for customer, from_id, to_id in moves if _still_with(customer, to_id)]
    now = clock.now()
    if back:
        returned = await handover.assign(uow, [c.id for c, _ in back], [from_id for _, from_id in back], now)
        before = {customer.id: customer.assigned_sales_id for customer, _ in back}
        await _publish(uow, returned, before, "customer.return")
    await handover.settle(uow, step.deletion_process_id, [customer.id for customer, _, _ in moves], now)
    return len(moves)


async def moves_left(reader: Reader, deletion_id: UUID) -> int:
    return await handover.count_open_moves(reader, deletion_id)


def _still_with(customer: CustomerRecord, to_id: UUID) -> bool:
    erased = customer.state in (CustomerState.PURGING, CustomerState.PURGED)
    return customer.assigned_sales_id == to_id and not erased


async def _require_fenced(uow: UnitOfWork, step: ProcessStep) -> None:
    try:
        await fences.check_unblocked(uow, writing.USER_COPIES, step.resource_id)
    except Blocked as blocked:
        if blocked.extra["processId"] == str(step.process_id):
            return
        raise
    raise NotInState


async def _publish(uow: UnitOfWork, customers: list[CustomerRecord], previous: dict[UUID, UUID], action: str) -> None:
    events = [(c.id, snapshot(CustomerAssigned, c, previous_sales_id=previous[c.id])) for c in customers]
    await record_changes(uow, table=writing.CUSTOMERS, events=events)
    await record_audit(
        uow,
        action=action,
        resource_type="user",
        resource_id=next(iter(previous.values())),
        detail={"customerIds": [str(customer.id) for customer in customers]},
    )
