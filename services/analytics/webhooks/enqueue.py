"""Writes down what is to be delivered, in the transaction that applies a batch of events."""

from collections.abc import Sequence

import orjson

from services.analytics.notifications.make import NEWS_FOR
from services.analytics.webhooks import catalogue, repository
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.envelope import Envelope
from services.kit.running import clock
from services.kit.running.ids import new_id


async def apply(uow: UnitOfWork, events: Sequence[Envelope]) -> None:
    since = clock.now() - NEWS_FOR
    told = [event for event in events if event.event_type in catalogue.FIELDS and event.timestamp >= since]
    listeners = await repository.listeners(uow) if told else []
    rows = [
        {
            "id": new_id(),
            "endpoint_id": listener["id"],
            "event_id": event.event_id,
            "event_type": event.event_type,
            "body": orjson.dumps(catalogue.content(event), option=orjson.OPT_UTC_Z).decode(),
        }
        for event in told
        for listener in listeners
        if event.event_type in listener["event_types"]
    ]
    if rows:
        await repository.add_deliveries(uow, rows)
