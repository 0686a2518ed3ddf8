"""The customer service: customers, their investment profiles, and the processes that delete and restore them."""

from fastapi import FastAPI

from services.contracts.permissions import permissions_of
from services.customer.endpoints import routers
from services.kit.http import create_service_app
from services.kit.running.settings import ServiceSettings

NAME = "customer"


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """An ASGI app; `settings` None reads the environment."""
    return create_service_app(
        NAME, settings or ServiceSettings(), routers, permissions_of=permissions_of, title="Ringi customer"
    )
