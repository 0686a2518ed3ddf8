"""The opportunity service: approval requests 承認申請, their routes and proxies."""

from fastapi import FastAPI

from services.contracts.permissions import permissions_of
from services.kit.http import create_service_app
from services.kit.running.settings import ServiceSettings
from services.opportunity.endpoints import comments, decisions, evidence, internal, processes, proxies, requests, routes

NAME = "opportunity"


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """An ASGI app; ``settings`` None reads the environment."""
    return create_service_app(
        NAME,
        settings or ServiceSettings(),
        [
            evidence.router,
            decisions.router,
            requests.router,
            comments.router,
            routes.router,
            proxies.router,
            processes.router,
            internal.router,
        ],
        permissions_of=permissions_of,
        title="Ringi opportunity",
    )
