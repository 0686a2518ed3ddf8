"""The opportunity service: approval requests 承認申請, their routes and proxies."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import Scope

from services.contracts.permissions import permissions_of
from services.kit.http import Kit, create_service_app
from services.kit.running.settings import ServiceSettings
from services.opportunity.endpoints import (
    attachments,
    audit_samples,
    bulk,
    circulation,
    comments,
    decisions,
    evidence,
    firm_calendar,
    firm_settings,
    inbox,
    internal,
    news,
    processes,
    proxies,
    rates,
    requests,
    retention,
    routes,
    templates,
)
from services.opportunity.service.attachments import Shelf
from services.opportunity.service.news import NewsHub
from services.opportunity.settings import OpportunitySettings

NAME = "opportunity"


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """An ASGI app; ``settings`` None reads the environment."""
    chosen = OpportunitySettings.of(settings)
    chosen.require_keys("evidence")

    def upload_cap(scope: Scope) -> int | None:
        is_upload = scope["method"] == "POST" and attachments.UPLOADS.search(scope["path"]) is not None
        return chosen.attachment_max_bytes + attachments.FORM_BYTES if is_upload else None

    @asynccontextmanager
    async def lifespan(kit: Kit) -> AsyncIterator[None]:
        app.state.news_hub = NewsHub(kit.db)
        async with app.state.news_hub.running():
            yield

    app = create_service_app(
        NAME,
        chosen,
        [
            evidence.router,
            news.router,
            bulk.router,
            inbox.router,
            audit_samples.router,
            decisions.router,
            circulation.router,
            requests.router,
            comments.router,
            attachments.router,
            routes.router,
            rates.router,
            firm_calendar.router,
            firm_settings.router,
            retention.router,
            templates.router,
            proxies.router,
            processes.router,
            internal.router,
        ],
        permissions_of=permissions_of,
        upload_cap=upload_cap,
        lifespan=lifespan,
        title="Ringi opportunity",
    )
    app.state.shelf = Shelf.of(chosen)
    return app
