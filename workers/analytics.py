"""Composition root of the analytics worker: relays, the consumer of all domain events and the sending of mail and
webhooks; it has no processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.analytics import figures
from services.analytics.consumer import consumer
from services.analytics.mail.bounces import BounceListener
from services.analytics.mail.sending import Mailer
from services.analytics.settings import AnalyticsSettings
from services.analytics.webhooks.delivery import Deliverer
from workers.runtime import Runtime, ServiceWorker, main

SERVICE = "analytics"


@asynccontextmanager
async def compose(runtime: Runtime) -> AsyncIterator[ServiceWorker]:
    async with runtime.database(SERVICE) as db, runtime.internal(SERVICE) as internal:
        settings = AnalyticsSettings.of(runtime.settings)
        settings.require_keys("mail", "webhook")
        loops = [Mailer(db, internal, settings).run, BounceListener(db, settings).run, Deliverer(db, settings).run]
        gauges = [figures.MAILS, figures.WEBHOOKS]
        yield ServiceWorker(SERVICE, db, consumers=[consumer(db, runtime.bootstrap)], loops=loops, gauges=gauges)


if __name__ == "__main__":
    main(compose, name="worker-analytics")
