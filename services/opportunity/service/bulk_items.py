"""One item of a batch: decided as its approver would decide it alone, with the rights that they have by then.

The command's key is made of batch, item and attempt, and the decision ends the item in its own transaction: whoever
dies in between, it is decided once. What refuses it is written down here.
"""

import asyncio
import logging
from typing import Final
from uuid import UUID

from temporalio.client import Client

from services.contracts.permissions import permissions_of
from services.contracts.processes import Decision
from services.kit.db.database import Database, Row
from services.kit.errors import ProblemError
from services.kit.processes.activity_edge import CannotBeDone, refusal_for
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.trust.principal import Principal
from services.opportunity import actions, dispatch
from services.opportunity.repository import people
from services.opportunity.repository.bulk_decisions import count_waiting, end_undecided, order, waiting
from services.opportunity.schemas.bulk import BulkItemStatus
from services.opportunity.service.command_sender import CommandDelivery, Order, Sender

__all__ = ["SLICE", "BulkItems", "count_waiting", "waiting"]

log = logging.getLogger(__name__)

SLICE: Final = 50
"""Items in one call of the step: how often the process says how far it is."""
TRIES: Final = 3
"""Of an item that can't be reached, before it is left for a new attempt: others must not wait for it."""
LATER: Final = frozenset({429, 503})


class BulkItems:
    def __init__(self, db: Database, temporal: Client) -> None:
        async def connected() -> Client:
            return temporal

        self._db = db
        self._delivery = CommandDelivery(db, connected)

    async def decide(self, batch_id: UUID, approval_id: UUID) -> bool:
        """True: the item has ended, by this call or an earlier one. Raises what concerns more than this item."""
        for tries_left in reversed(range(TRIES)):
            refusal = await self._try(batch_id, approval_id)
            if refusal is None:
                break
            if not tries_left or refusal.status not in LATER:
                await self._end(batch_id, approval_id, refusal)
                break
            await asyncio.sleep(dispatch.RETRY_AFTER_SECONDS)
        return True

    async def _try(self, batch_id: UUID, approval_id: UUID) -> ProblemError | None:
        """Why it was not decided; None if it was, or has ended before."""
        try:
            await self._deliver(batch_id, approval_id)
        except Exception as error:
            refusal = refusal_for(error)
            if refusal is None:
                raise
            if isinstance(refusal, CannotBeDone):
                log.exception("an item can't be decided", extra={"batch_id": str(batch_id), "item": str(approval_id)})
            return refusal
        return None

    async def _deliver(self, batch_id: UUID, approval_id: UUID) -> None:
        async with self._db.reader() as reader:
            wish = await order(reader, batch_id, approval_id)
            asker = None if wish is None else await people.user(reader, wish["actor_id"])
        if wish is None:
            return
        sender = _sender(batch_id, approval_id, wish, asker)
        await self._delivery.deliver(_order(batch_id, approval_id, wish), sender)

    async def _end(self, batch_id: UUID, approval_id: UUID, error: ProblemError) -> None:
        status = BulkItemStatus.FAILED if error.status in LATER else BulkItemStatus.REFUSED
        async with self._db.transaction(ActorContext.system()) as uow:
            await end_undecided(
                uow, batch_id, approval_id, status=status.value, problem=error.payload(), at=clock.now()
            )


def _order(batch_id: UUID, approval_id: UUID, wish: Row) -> Order:
    terms = {"batch_id": batch_id, "acknowledged_flags": wish["acknowledged_flags"]}
    seen = {name: wish[name] for name in ("revision", "stage") if wish[name] is not None}
    return Order(actions.BY_DECISION[Decision(wish["decision"])], approval_id, wish["comment"], terms | seen)


def _sender(batch_id: UUID, approval_id: UUID, wish: Row, asker: Row | None) -> Sender:
    """With the roles of this moment; somebody who is not known (any more) has none."""
    roles = frozenset() if asker is None else frozenset(asker["roles"] or ())
    context = ActorContext(wish["actor_id"], roles=roles, ip=wish["ip"], request_id=wish["request_id"])
    return Sender(
        Principal.signed_out(wish["actor_id"], roles, permissions_of(roles)),
        context,
        key=f"bulk:{batch_id}:{approval_id}:{wish['attempt']}",
    )
