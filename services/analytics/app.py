"""The analytics service: reports, notifications, the list of processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.analytics.endpoints import internal, mail, notifications, preferences, processes, reports, webhooks
from services.analytics.notifications.stream import NotificationHub
from services.analytics.reports.cache import cache_for
from services.analytics.settings import AnalyticsSettings
from services.analytics.webhooks.addresses import AddressRules
from services.contracts.permissions import permissions_of
from services.kit.http import Kit, create_service_app
from services.kit.running.settings import ServiceSettings

NAME = "analytics"


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """The ASGI app; settings come from the environment unless given."""
    chosen = AnalyticsSettings.of(settings)
    chosen.require_keys("mail", "webhook")

    @asynccontextmanager
    async def lifespan(kit: Kit) -> AsyncIterator[None]:
        cache = cache_for(chosen.redis_address)
        hub = NotificationHub(kit.db)
        app.state.report_cache, app.state.notification_hub = cache, hub
        try:
            async with hub.running():
                yield
        finally:
            await cache.close()

    app = create_service_app(
        NAME,
        chosen,
        [
            reports.router,
            preferences.router,
            mail.router,
            notifications.router,
            webhooks.router,
            processes.router,
            internal.router,
        ],
        permissions_of=permissions_of,
        lifespan=lifespan,
        title="Ringi analytics",
    )
    app.state.webhook_rules = AddressRules.of(chosen)
    return app
