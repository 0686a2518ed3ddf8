"""What happens to a request and moves it nowhere, also after its end: an entry of its chain, told like any change."""

from dataclasses import replace

from services.contracts.events.approval import ApprovalUpdated
from services.kit.db.database import UnitOfWork
from services.kit.events import outbox
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.opportunity import events
from services.opportunity.record import Approval
from services.opportunity.repository import approvals
from services.opportunity.service.transition import Transition, write_history


async def note(uow: UnitOfWork, before: Approval, transition: Transition) -> None:
    """``before`` was locked by this transaction. The caller audits it, in the words of what happened."""
    after = await write_history(uow, before, replace(before, updated_at=clock.now()), transition, new_id())
    await approvals.update(uow, after)
    event = events.acted(ApprovalUpdated, after, acted_by=transition.actor_id)
    await outbox.record_change(uow, table="approvals", aggregate_id=after.id, event=event, process_id=after.process_id)
