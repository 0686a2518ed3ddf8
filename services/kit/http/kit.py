"""What a running service's app holds: ``app.state.kit``."""

import asyncio
from dataclasses import dataclass, field

from temporalio.client import Client

from services.kit.db.database import Database
from services.kit.errors import Unavailable
from services.kit.http.paging import Cursors
from services.kit.running.settings import ServiceSettings
from services.kit.trust.internal import InternalClient, InternalTokens
from services.kit.trust.revocation import RevocationFeed
from services.kit.trust.tokens import TokenVerifier

CONNECT_TIMEOUT_SECONDS = 3.0


@dataclass(slots=True)
class Kit:
    """Handles of one service; opened and closed by its lifespan."""

    name: str
    settings: ServiceSettings
    db: Database
    cursors: Cursors
    internal_tokens: InternalTokens
    internal: InternalClient
    revocations: RevocationFeed
    verifier: TokenVerifier
    _temporal: Client | None = None
    _connecting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def temporal(self) -> Client:
        """Connected at first use, so that a service starts and serves while Temporal is down; raises Unavailable."""
        from services.kit.running import temporal  # its native library is loaded by those services only that need it

        if self._temporal is None:
            async with self._connecting:
                if self._temporal is None:
                    try:
                        async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
                            self._temporal = await temporal.connect(self.settings)
                    except (RuntimeError, TimeoutError, ValueError) as error:
                        raise Unavailable("Temporal can't be reached") from error
        return self._temporal
