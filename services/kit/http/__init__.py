"""The HTTP side of a service: app factory, middleware, the one commit edge, dependencies."""

from services.kit.http.app import Trust, build_kit, create_service_app
from services.kit.http.dependencies import (
    CurrentUser,
    InternalCaller,
    KitDep,
    Reads,
    Uow,
    actor_context,
    request_context,
    requires,
)
from services.kit.http.kit import Kit
from services.kit.http.responses import json_response
from services.kit.http.service_route import ServiceRoute

__all__ = [
    "CurrentUser",
    "InternalCaller",
    "Kit",
    "KitDep",
    "Reads",
    "ServiceRoute",
    "Trust",
    "Uow",
    "actor_context",
    "build_kit",
    "create_service_app",
    "json_response",
    "request_context",
    "requires",
]
