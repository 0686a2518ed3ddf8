"""Every event type that Ringi publishes, by name. Schemas, the AsyncAPI document and tests are made from it."""

from collections.abc import Iterator

from services.contracts.events import approval, customer, department, notification, proxy, sales, user
from services.kit.events import envelope
from services.kit.events.envelope import EventPayload


def _payloads() -> Iterator[type[EventPayload]]:
    for module in (user, department, customer, sales, approval, proxy, notification, envelope):
        for item in vars(module).values():
            if isinstance(item, type) and issubclass(item, EventPayload) and "event_type" in vars(item):
                yield item


EVENTS: dict[str, type[EventPayload]] = {payload.event_type: payload for payload in _payloads()}
