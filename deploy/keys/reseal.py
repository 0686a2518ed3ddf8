"""Seals what lies in the databases with the newest key of its purpose, so that nothing needs an older one."""

from collections.abc import Awaitable, Callable
from typing import Final

from services.analytics.webhooks import service as webhooks
from services.auth.service import second_factor
from services.auth.signing import SigningKeys
from services.kit.db.database import Database
from services.kit.running.context import ActorContext
from services.kit.running.keyring import Keyring
from services.opportunity.service import evidence_keys

Resealing = Callable[[Database, Keyring], Awaitable[int]]


async def _signing(db: Database, keys: Keyring) -> int:
    return await SigningKeys(db, keys).reseal()


async def _factor(db: Database, keys: Keyring) -> int:
    async with db.transaction(ActorContext.system()) as uow:
        return await second_factor.reseal(uow, keys)


async def _evidence(db: Database, keys: Keyring) -> int:
    async with db.transaction(ActorContext.system()) as uow:
        return await evidence_keys.reseal(uow, keys)


async def _webhook(db: Database, keys: Keyring) -> int:
    async with db.transaction(ActorContext.system()) as uow:
        return await webhooks.reseal(uow, keys)


RESEALED: Final[dict[str, tuple[str, Resealing]]] = {
    "signing": ("auth", _signing),
    "factor": ("auth", _factor),
    "evidence": ("opportunity", _evidence),
    "webhook": ("analytics", _webhook),
}
"""By purpose: whose database, and how. Each returns how many values it sealed anew; raises SealBrokenError for one that
no key of the ring opens, and then changes nothing."""
