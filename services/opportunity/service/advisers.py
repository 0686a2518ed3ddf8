"""Questions whose answer can't come: whoever was asked is suspended, gone, or may not comment any more."""

from uuid import UUID

from services.contracts.states import ApprovalAction
from services.kit.db.database import UnitOfWork
from services.opportunity import opinions
from services.opportunity.progress import Actor
from services.opportunity.repository import approvals, people
from services.opportunity.service.transition import Transition, commit, moved


async def withdraw_in_vain(uow: UnitOfWork, approval_id: UUID) -> bool:
    """Withdraws such questions of a request. Returns whether there were any."""
    withdrawn = False
    while (before := await approvals.lock(uow, approval_id)) is not None:
        awaited = before.progress.awaited_opinions
        known = await people.users(uow, [opinion.asked_id for opinion in awaited])
        vain = [
            opinion
            for opinion in awaited
            if (who := known.get(opinion.asked_id)) is not None
            and who["blocked_by_process"] is None
            and not people.can_advise(who)
        ]
        if not vain:
            break
        progress = opinions.withdraw(before.progress, Actor(None), user_id=vain[0].asked_id)
        transition = Transition(ApprovalAction.WITHDRAW_OPINION, "SYSTEM", None, opinion=vain[0])
        await commit(uow, before, await moved(uow, before, progress, transition), transition, workflow_knows=False)
        withdrawn = True
    return withdrawn
