"""催促: the owner of a request asks those whom it waits for to look at it."""

from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.contracts.events.approval import ApprovalNudged
from services.contracts.states import ApprovalAction
from services.kit.db.database import UnitOfWork
from services.kit.events import outbox
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal
from services.opportunity import events, machine
from services.opportunity.errors import NudgedLately
from services.opportunity.progress import Actor
from services.opportunity.repository import approvals, history
from services.opportunity.service.commands import locked
from services.opportunity.service.standing import stand_ins
from services.opportunity.service.transition import Transition, record_audit, write_history

NUDGE_PAUSE: Final = timedelta(days=1)
"""Between two calls for the same request, the reminder before its deadline among them."""


async def nudge(uow: UnitOfWork, principal: Principal, approval_id_: UUID) -> None:
    """A fact and an entry, no change of state. Raises Forbidden, WrongState, Blocked, NudgedLately."""
    before = await locked(uow, approval_id_)
    machine.nudge(before.progress, Actor(principal.user_id))
    now = clock.now()
    called_at = await history.last_call(uow, before.id)
    if called_at is not None and now < called_at + NUDGE_PAUSE:
        raise NudgedLately(called_at + NUDGE_PAUSE)
    transition = Transition(ApprovalAction.NUDGE, "REQUESTER", principal.user_id)
    after = await write_history(uow, before, replace(before, updated_at=now), transition, new_id())
    await approvals.update(uow, after)
    event = events.acted(ApprovalNudged, after, acted_by=principal.user_id, stand_ins=await stand_ins(uow, after))
    await outbox.record_fact(uow, aggregate_id=after.id, event=event, process_id=after.process_id)
    await record_audit(uow, before, after, transition)
