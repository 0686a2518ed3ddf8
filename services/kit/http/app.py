"""The app factory that all services share."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from services.kit.db.database import Database
from services.kit.errors import Unavailable
from services.kit.http import problems
from services.kit.http.guard import RequestGuard
from services.kit.http.kit import Kit
from services.kit.http.middleware import BodyCap, RequestMiddleware
from services.kit.http.paging import Cursors
from services.kit.http.readiness import Readiness
from services.kit.http.responses import json_response
from services.kit.running import tracing
from services.kit.running.metrics import metrics_endpoint
from services.kit.running.settings import ServiceSettings
from services.kit.trust.internal import InternalClient, InternalTokens
from services.kit.trust.jwks import JwksKeys
from services.kit.trust.principal import PermissionsOf
from services.kit.trust.revocation import RevocationBatch, RevocationFeed
from services.kit.trust.tokens import KeySource, TokenVerifier

ISSUER_SERVICE = "auth"
"""The service whose keys sign tokens; every other one asks it."""
JWKS_PATH = "/auth/.well-known/jwks.json"
REVOCATIONS_PATH = "/internal/revocations"

KitLifespan = Callable[[Kit], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Trust:
    """Where a process learns which tokens are good; the issuer reads its own database instead of asking itself."""

    keys: KeySource
    revocations: RevocationFeed


def remote_trust(internal: InternalClient) -> Trust:
    """Trust by asking the issuer over HTTP."""

    async def fetch_jwks() -> Any:
        document = await internal.get(ISSUER_SERVICE, JWKS_PATH)
        if document is None:
            raise Unavailable("no JWKS at the issuer")
        return document

    async def fetch_revocations(since: datetime | None) -> RevocationBatch:
        parameters = [] if since is None else [("since", since.isoformat())]
        return RevocationBatch.model_validate(await internal.get(ISSUER_SERVICE, REVOCATIONS_PATH, parameters))

    return Trust(JwksKeys(fetch_jwks), RevocationFeed(fetch_revocations))


def build_kit(
    name: str,
    settings: ServiceSettings,
    permissions_of: PermissionsOf,
    trust: Callable[[Database], Trust] | None = None,
) -> Kit:
    """The handles of a service, not yet open. Raises MissingSettingError."""
    settings.require_keys("internal", "answer", "cursor")
    db = Database(settings.database_url_for(name), name=name)
    tokens = InternalTokens(settings, name)
    internal = InternalClient(settings, tokens)
    trusted = trust(db) if trust is not None else remote_trust(internal)
    verifier = TokenVerifier(
        trusted.keys,
        trusted.revocations,
        permissions_of,
        issuer=settings.token_issuer,
        audience=settings.token_audience,
    )
    return Kit(
        name=name,
        settings=settings,
        db=db,
        cursors=Cursors(settings.cursor_keys),
        internal_tokens=tokens,
        internal=internal,
        revocations=trusted.revocations,
        verifier=verifier,
    )


def create_service_app(
    name: str,
    settings: ServiceSettings,
    routers: Sequence[APIRouter],
    *,
    permissions_of: PermissionsOf,
    lifespan: KitLifespan | None = None,
    trust: Callable[[Database], Trust] | None = None,
    body_caps: Mapping[tuple[str, str], int] | None = None,
    upload_cap: BodyCap | None = None,
    title: str | None = None,
) -> FastAPI:
    """A service's ASGI app. ``body_caps``: bytes by method and path, for routes that take less or more than 1 MiB;
    ``upload_cap``: the same by path and method, for routes that take files."""
    kit = build_kit(name, settings, permissions_of, trust)

    @asynccontextmanager
    async def run(_app: FastAPI) -> AsyncIterator[None]:
        tracing.configure(settings, name)
        async with AsyncExitStack() as stack:
            await kit.db.open()
            stack.push_async_callback(kit.db.close)
            await kit.internal.open()
            stack.push_async_callback(kit.internal.close)
            await kit.revocations.start()
            stack.push_async_callback(kit.revocations.stop)
            if lifespan is not None:
                await stack.enter_async_context(lifespan(kit))
            yield

    app = FastAPI(
        title=title or f"Ringi {name}",
        version="1",
        lifespan=run,
        dependencies=[Depends(RequestGuard())],
        responses=problems.PROBLEM_RESPONSES,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        generate_unique_id_function=_operation_id,
        separate_input_output_schemas=False,
    )
    app.state.kit = kit
    problems.install(app)
    caps = dict(body_caps or {})

    def body_cap(scope: Scope) -> int | None:
        own = caps.get((scope["method"], scope["path"].removeprefix(scope.get("root_path", ""))))
        return own if own is not None or upload_cap is None else upload_cap(scope)

    app.add_middleware(
        RequestMiddleware,
        service=name,
        trusted_proxies=settings.trusted_proxies,
        body_cap=body_cap,
    )
    for router in routers:
        app.include_router(router)
    app.state.allowed_methods = [
        (route.path_regex, set(route.methods or ()))
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
    ]
    _add_health(app, kit)
    _document_problems(app)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


def _add_health(app: FastAPI, kit: Kit) -> None:
    async def healthz(_request: Request) -> Response:
        return json_response({"status": "ok"})

    readiness = Readiness(kit.db)

    async def readyz(_request: Request) -> Response:
        await readiness.check()
        return json_response({"status": "ready"})

    app.add_route("/healthz", healthz, include_in_schema=False)
    app.add_route("/readyz", readyz, include_in_schema=False)
    app.add_route("/metrics", metrics_endpoint, include_in_schema=False)


def _document_problems(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = problems.PROBLEM_SCHEMA
        return document

    app.openapi = openapi  # type: ignore[method-assign]
