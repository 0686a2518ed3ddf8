"""Who may call an endpoint stands in its signature: a permission, another service's token, or a reason why neither."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.paths import SERVICES
from services.contracts.permissions import Permission
from services.kit.http.dependencies import BearerAuth
from services.kit.http.replays import required_by
from services.kit.trust.internal import require_internal
from tests.support.document import app_of

PUBLIC = {
    "GET /auth/.well-known/jwks.json": "public keys",
    "POST /auth/login": "who signs in has no token yet",
    "POST /auth/login/code": "who signs in has no token yet",
    "POST /auth/refresh": "the refresh token says who",
    "POST /auth/password/reset": "the link says who",
    "GET /notifications/unsubscribe": "leads to the settings, which ask for a sign-in",
    "POST /notifications/unsubscribe": "the link says whose mail ends",
}
OWN = {
    "POST /auth/logout": "one's own session",
    "GET /auth/me": "one's own account",
    "GET /auth/sessions": "one's own sessions; those of others ask for user:manage",
    "DELETE /auth/sessions/{session_id}": "one's own session; that of another asks for user:manage",
    "POST /auth/password": "one's own password",
    "POST /auth/totp/enrol": "one's own second factor",
    "POST /auth/totp/verify": "one's own second factor",
    "POST /auth/totp/recovery-codes": "one's own second factor",
    "POST /auth/totp/disable": "one's own second factor",
    "GET /auth/roles": "the table of roles is no secret among users",
    "GET /auth/users/{user_id}": "oneself; others ask for user:read, and are not found without it",
    "PUT /auth/users/{user_id}": "one's own name and language; all else asks for user:manage",
    "GET /processes": "what one has started; the others ask for process:read or the right to see their subject",
    "GET /processes/{process_id}": "what one has started; else process:read or the right to see its subject",
    "POST /processes/{process_id}/retry": "asks for process:operate once the process is visible",
    "POST /processes/{process_id}/compensate": "asks for process:operate once the process is visible",
    "GET /notifications": "one's own",
    "GET /notifications/unread": "one's own",
    "GET /notifications/stream": "one's own",
    "GET /notifications/preferences": "one's own",
    "PUT /notifications/preferences": "one's own",
    "PATCH /notifications/read-all": "one's own",
    "PATCH /notifications/{notification_id}/read": "one's own",
    "DELETE /notifications/{notification_id}": "one's own",
}


def calls(dependant: Dependant) -> Iterator[object]:
    for child in dependant.dependencies:
        yield child.call
        yield from calls(child)


def entrance(route: APIRoute) -> str:
    """How the signature says who may call."""
    permissions = {name for required in required_by(route.dependant) for name in required.permissions}
    assert permissions <= set(Permission), permissions
    if permissions:
        return "permission"
    found = list(calls(route.dependant))
    if require_internal in found:
        return "internal"
    return "own" if any(isinstance(call, BearerAuth) for call in found) else "public"


def endpoints(service: str) -> Iterator[tuple[str, APIRoute]]:
    for included in app_of(service).routes:
        router = getattr(included, "original_router", None)  # an app keeps included routers as they are
        for route in router.routes if router else ():
            assert isinstance(route, APIRoute)
            for method in route.methods:
                yield f"{method} {route.path}", route


@pytest.mark.parametrize("service", SERVICES)
def test_every_endpoint_says_in_its_signature_who_may_call_it(service: str) -> None:
    found = {operation: entrance(route) for operation, route in endpoints(service)}
    assert found
    for operation, kind in found.items():
        assert (kind == "internal") == ("/internal/" in operation), operation
        assert kind != "own" or operation in OWN, f"{operation} asks for no permission"
        assert kind != "public" or operation in PUBLIC, f"{operation} asks for no permission"


def test_no_excuse_outlives_its_endpoint() -> None:
    kinds = {operation: entrance(route) for service in SERVICES for operation, route in endpoints(service)}
    assert {operation for operation, kind in kinds.items() if kind == "own"} == set(OWN)
    assert {operation for operation, kind in kinds.items() if kind == "public"} == set(PUBLIC)
