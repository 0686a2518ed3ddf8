"""The one consumer of this service: copies, read models and notifications of a batch, in one transaction."""

from typing import Final

from services.analytics import references
from services.analytics.mail import absences
from services.analytics.notifications import closing, make
from services.analytics.projections import model
from services.analytics.webhooks import enqueue
from services.contracts import topics
from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.consumer import Consumer
from services.kit.events.envelope import Envelope
from services.kit.running.peers.kafka import Bootstrap

CONSUMER: Final = "analytics"
MODEL_TOPICS: Final = (
    topics.USER_EVENTS,
    topics.CUSTOMER_EVENTS,
    topics.SALES_EVENTS,
    topics.APPROVAL_EVENTS,
    topics.PROCESS_EVENTS,
)


async def apply(uow: UnitOfWork, events: list[Envelope]) -> None:
    """Copies first: whether somebody may still be told depends on them. Notifications last: they look at the models."""
    await references.apply(uow, events)
    await model.apply(uow, events)
    await absences.apply(uow, events)
    await make.apply(uow, events)
    await enqueue.apply(uow, events)
    if await closing.apply(uow, events):
        uow.wakes.add(make.NOTIFICATIONS_CHANNEL)


def consumer(db: Database, bootstrap: Bootstrap) -> Consumer:
    return Consumer(db, bootstrap=bootstrap, name=CONSUMER, topics=MODEL_TOPICS, apply=apply)
