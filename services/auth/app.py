"""The auth service: the issuer of tokens, which it verifies against its own database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from fastapi import FastAPI
from starlette.requests import Request

from services.auth import access
from services.auth.endpoints import (
    access_review,
    audit,
    credentials,
    departments,
    internal,
    keys,
    sessions,
    temporal,
    users,
)
from services.auth.hashing import Hashing
from services.auth.repository import sessions as session_rows
from services.auth.service.state import Auth
from services.auth.settings import AuthSettings
from services.auth.signing import SigningKeys
from services.contracts.permissions import Permission, permissions_of
from services.contracts.processes import UPDATE_COMPENSATE, UPDATE_RETRY, OperatorCommand
from services.kit.db.database import Database
from services.kit.http import Kit, Trust, create_service_app
from services.kit.http.middleware import ANONYMOUS_BODY_CAP_BYTES
from services.kit.processes.router import ProcessAccess, processes_router
from services.kit.running import tasks
from services.kit.running.settings import ServiceSettings
from services.kit.trust.principal import Principal
from services.kit.trust.revocation import RevocationBatch, RevocationFeed

NAME: Final = "auth"
PUBLIC_WRITES: Final = tuple(("POST", f"/auth/{path}") for path in ("login", "login/code", "refresh", "password/reset"))
"""What takes no token, and so no more of a body than a stranger may send, whatever comes with it."""
DECODE: Final = ("POST", "/auth/temporal/decode")
PAYLOADS_BODY_CAP_BYTES: Final = 8 * 1024 * 1024
"""Temporal takes payloads of 2 MiB; in Base64 they are a third longer, and an event may have several."""
KEY_CHECK_INTERVAL: Final = timedelta(hours=1)


def _operator_command(actor_id: UUID, reason: str | None) -> OperatorCommand:
    return OperatorCommand(actor_id=actor_id, reason=reason)


async def _may_see_process(request: Request, caller: Principal, view: dict[str, Any]) -> bool:
    kit: Kit = request.app.state.kit
    async with kit.db.reader() as reader:
        return await access.sees_process_of(reader, caller, UUID(view["resourceId"]))


PROCESSES: Final = ProcessAccess(
    see=Permission.PROCESS_READ,
    operate=Permission.PROCESS_OPERATE,
    retry=UPDATE_RETRY,
    compensate=UPDATE_COMPENSATE,
    command=_operator_command,
    may_see=_may_see_process,
)


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """``settings`` None: from the environment."""
    auth_settings = AuthSettings.of(settings)
    auth_settings.require_keys("signing", "factor")
    signing: list[SigningKeys] = []
    hashing = Hashing()

    def trust(db: Database) -> Trust:
        signing.append(SigningKeys(db, auth_settings.signing_keys))

        async def fetch(since: datetime | None) -> RevocationBatch:
            async with db.reader() as reader:
                return RevocationBatch.model_validate(await session_rows.revocations(reader, since))

        return Trust(signing[0], RevocationFeed(fetch))

    @asynccontextmanager
    async def lifespan(kit: Kit) -> AsyncIterator[None]:
        await kit.revocations.poll()
        task = asyncio.create_task(_keep_key_fresh(signing[0]), name="signing-keys")
        try:
            yield
        finally:
            await tasks.end(task)
            hashing.close()

    app = create_service_app(
        NAME,
        auth_settings,
        [
            sessions.router,
            users.router,
            departments.router,
            credentials.router,
            audit.router,
            access_review.router,
            keys.router,
            temporal.router,
            internal.router,
            processes_router(PROCESSES),
        ],
        permissions_of=permissions_of,
        lifespan=lifespan,
        trust=trust,
        body_caps={**dict.fromkeys(PUBLIC_WRITES, ANONYMOUS_BODY_CAP_BYTES), DECODE: PAYLOADS_BODY_CAP_BYTES},
        title="Ringi auth",
    )
    app.state.auth = Auth(auth_settings, signing[0], hashing)
    return app


async def _keep_key_fresh(keys: SigningKeys) -> None:
    """The first key is made at once, or with the first token; later ones when the present one has served its time."""
    while True:
        await keys.ensure()
        await asyncio.sleep(KEY_CHECK_INTERVAL.total_seconds())
