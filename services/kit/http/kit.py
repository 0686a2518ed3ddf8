"""What a running service's app holds: ``app.state.kit``."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from temporalio.client import Client

from services.kit.db.database import Database
from services.kit.errors import Unavailable
from services.kit.http.paging import Cursors
from services.kit.running.fair_queue import FairQueue
from services.kit.running.settings import ServiceSettings
from services.kit.trust.internal import InternalClient, InternalTokens
from services.kit.trust.revocation import RevocationFeed
from services.kit.trust.tokens import TokenVerifier

CONNECT_TIMEOUT_SECONDS: Final = 3.0
UPDATE_PLACES: Final = 8
"""Updates under way at Temporal at once. More of them end no sooner: on two cores the server answers some five to ten a
second, and each that waits inside of it uses up its own deadline."""
UPDATES_WAITING: Final = 500
UPDATE_PATIENCE: Final = timedelta(seconds=20)
"""Together with the update's own deadline less than the gateway waits for an answer."""


def _update_queue() -> FairQueue:
    return FairQueue(places=UPDATE_PLACES, waiting=UPDATES_WAITING, patience=UPDATE_PATIENCE)


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
    updates: FairQueue = field(default_factory=_update_queue)
    """The queue in front of Temporal for updates whose answer a person waits for."""
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
                    except (RuntimeError, OSError, ValueError) as error:
                        # ValueError: no address is set. TimeoutError is an OSError.
                        if isinstance(error, RuntimeError) and not temporal.is_away(error):
                            raise
                        raise Unavailable("Temporal can't be reached") from error
        temporal.renew_api_key(self._temporal, self.settings)
        return self._temporal
