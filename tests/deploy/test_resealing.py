"""`ringi keys reseal`: what an old key sealed in the databases opens with the new one alone afterwards."""

from collections.abc import Callable
from uuid import UUID

import pytest

from deploy.keys.reseal import RESEALED
from services.analytics.webhooks import repository as webhooks
from services.analytics.webhooks import signing
from services.auth import commands, totp
from services.auth.repository import factors
from services.auth.signing import SigningKeys
from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.ids import new_id
from services.kit.running.keyring import Keyring
from services.kit.trust.crypto import SealBrokenError
from services.opportunity.service import evidence_keys
from tests.support.postgres import as_service

OLD, NEW = "former-key-" + "0123456789" * 3, "present-key-" + "9876543210" * 3
BOTH = Keyring(f"{NEW},{OLD}")


async def _signing(db: Database, _uow: UnitOfWork) -> None:
    await SigningKeys(db, Keyring(OLD)).ensure()


async def _factor(db: Database, uow: UnitOfWork) -> None:
    user = await commands.create_admin(db, email="a@ringi.example", name="管理", password="correct horse battery")
    user_id = UUID(str(user))
    await factors.save_secret(uow, user_id, totp.seal_secret(Keyring(OLD), user_id, "JBSWY3DP"))


async def _evidence(_db: Database, uow: UnitOfWork) -> None:
    await evidence_keys.rotate(uow, Keyring(OLD))


async def _webhook(_db: Database, uow: UnitOfWork) -> None:
    id_ = new_id()
    fields = {"url": "https://x.example/", "description": "", "event_types": ["approval.submitted"], "active": True}
    await webhooks.add_endpoint(uow, {"id": id_, "secret": signing.sealed("whsec_1", Keyring(OLD), id_), **fields})
    await webhooks.replace_secret(uow, id_, signing.sealed("whsec_2", Keyring(OLD), id_), clock.now())


FILLED = {"signing": _signing, "factor": _factor, "evidence": _evidence, "webhook": _webhook}


@pytest.mark.parametrize("purpose", RESEALED)
async def test_what_is_stored_opens_with_the_new_key_alone(purpose: str, fresh_database: Callable[[str], str]) -> None:
    service, reseal = RESEALED[purpose]
    async with Database(as_service(service, fresh_database(service)), name=service) as db:
        async with db.transaction(ActorContext.system()) as uow:
            await FILLED[purpose](db, uow)
        with pytest.raises(SealBrokenError):
            await reseal(db, Keyring(NEW))
        assert await reseal(db, BOTH) == 1
        assert await reseal(db, BOTH) == 0
        assert await reseal(db, Keyring(NEW)) == 0
