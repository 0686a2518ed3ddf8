"""The sales activity service: meetings, tasks and their timers."""

from fastapi import FastAPI

from services.contracts.permissions import permissions_of
from services.kit.http import create_service_app
from services.kit.running.settings import ServiceSettings
from services.sales_activity.endpoints import internal, meetings, tasks

NAME = "sales_activity"


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """An ASGI app; `settings` None reads the environment."""
    return create_service_app(
        NAME,
        settings or ServiceSettings(),
        [tasks.router, meetings.router, internal.router],
        permissions_of=permissions_of,
        title="Ringi sales activity",
    )
