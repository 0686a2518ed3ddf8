"""What a service's own port answers to whoever gets past the gateway: nothing without a token, nothing internal to a
user, and no route that the documents do not tell of."""

import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from api.paths import SERVICES
from services.kit.running.ids import new_id
from services.kit.trust.internal import InternalTokens
from tests.rights.table import ENTRIES, PUBLIC
from tests.rights.world import World
from tests.support.http import settings_for

INTERNAL = "/internal/"
PUBLIC_PATHS = {entry.path for entry in ENTRIES if entry.section == PUBLIC}
EVERYBODYS = {"/healthz", "/readyz", "/metrics", "/openapi.json"}
"""Probes and the document itself; the ingress leads nobody there."""


def app_of(service: str) -> FastAPI:
    app: FastAPI = importlib.import_module(f"services.{service}.app").create_app(
        settings_for(service, "postgresql:///")
    )
    return app


def routes_of(service: str) -> Iterator[tuple[str, str]]:
    """Method and path of everything that the service answers, documented or not."""
    for route in app_of(service).routes:
        included = getattr(route, "original_router", None)
        for one in [route] if included is None else included.routes:
            for method in sorted(one.methods - {"HEAD"}):
                yield method, one.path


def documented(service: str) -> set[tuple[str, str]]:
    paths: dict[str, dict[str, Any]] = app_of(service).openapi()["paths"]
    return {(method.upper(), path) for path, item in paths.items() for method in item}


async def status_at(world: World, service: str, method: str, path: str, token: str | None) -> int:
    asked = re.sub(r"\{[a-z_]+\}", str(new_id()), path)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    url = f"{world.system.url}/_svc/{service}{asked}"
    async with world.system.session.request(method, url, headers=headers) as response:
        return response.status


@pytest.mark.parametrize("service", SERVICES)
def test_only_what_the_document_tells_of_or_services_ask_each_other_is_answered(service: str) -> None:
    undocumented = set(routes_of(service)) - documented(service)
    assert {path for _, path in undocumented if not path.startswith(INTERNAL)} == EVERYBODYS
    assert any(path.startswith(INTERNAL) for _, path in undocumented)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_lets_nobody_in_without_a_token(world: World, service: str) -> None:
    guarded = [route for route in routes_of(service) if route[1] not in PUBLIC_PATHS | EVERYBODYS]
    statuses = {f"{method} {path}": await status_at(world, service, method, path, None) for method, path in guarded}
    assert statuses == dict.fromkeys(statuses, 401)


@pytest.mark.parametrize("service", SERVICES)
async def test_an_internal_route_takes_a_services_token_and_no_users(world: World, service: str) -> None:
    internal = InternalTokens(world.system.settings, "test").token(service)
    asked = [route for route in routes_of(service) if route[1].startswith(INTERNAL)]
    assert asked
    for method, path in asked:
        for role, caller in world.callers.items():
            assert await status_at(world, service, method, path, caller.token) == 401, (role, path)
        assert await status_at(world, service, method, path, internal) in (200, 404, 422), path


@pytest.mark.parametrize("service", SERVICES)
async def test_a_services_token_is_no_users(world: World, service: str) -> None:
    internal = InternalTokens(world.system.settings, "test").token(service)
    guarded = sorted(route for route in documented(service) if route[1] not in PUBLIC_PATHS)
    statuses = {f"{method} {path}": await status_at(world, service, method, path, internal) for method, path in guarded}
    assert statuses == dict.fromkeys(statuses, 401)


@pytest.mark.parametrize("service", SERVICES)
async def test_the_gateway_leads_nobody_to_an_internal_route(world: World, service: str) -> None:
    for method, path in routes_of(service):
        if path.startswith(INTERNAL):
            asked = re.sub(r"\{[a-z_]+\}", str(new_id()), path)
            answer = await world.admin.ask(method, asked)
            assert answer.status == 404, path
