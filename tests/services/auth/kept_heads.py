"""A chain whose signed heads go to a bucket and to a webhook of the tests."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from services.auth.service.audit import Sealer, seal_batch
from services.auth.service.audit_verifier import Verifier
from services.auth.service.head_stores import BucketStore, Delivery, WebhookStore
from services.kit.db.database import Database
from services.kit.running import clock
from services.kit.running.ids import new_id
from tests.services.auth.audit_entries import entry, receive
from tests.support.fake_s3 import FakeS3

if TYPE_CHECKING:
    from tests.services.auth.conftest import AuthWorld, Person

Json = dict[str, Any]


class Kept:
    """A chain whose heads go to a bucket and a webhook; ``heard`` is what the webhook was sent."""

    def __init__(self, world: AuthWorld, s3: FakeS3, auditor: Person) -> None:
        self.world, self.s3, self.auditor = world, s3, auditor
        self.db: Database = world.client.kit.db
        self.keys = world.client.app.state.auth.keys
        self.sealer = Sealer(self.db, self.keys, queue=True)
        self.bucket = Delivery(self.db, BucketStore(s3.journal()))
        self.verifier = Verifier(self.db, journal=s3.journal())
        self.heard: list[Json] = []
        self.answers = 200
        app = web.Application()
        app.router.add_post("/heads/{secret}", self._hear)
        self.receiver = TestServer(app)

    async def _hear(self, request: web.Request) -> web.Response:
        if self.answers == 200:
            self.heard.append(await request.json())
        return web.Response(status=self.answers, headers={"Location": "/elsewhere"})

    @property
    def webhook(self) -> Delivery:
        return Delivery(self.db, WebhookStore(SecretStr(str(self.receiver.make_url("/heads/tok3n")))))

    async def grow(self, batches: int = 1) -> None:
        for _ in range(batches):
            await receive(self.db, *(entry(at=clock.now() - timedelta(hours=1)) for _ in range(3)))
            head = await seal_batch(self.db)
            assert head is not None
            await self.sealer._sign(*head)

    async def keep(self) -> None:
        """All that waits for the bucket."""
        while await self.bucket.deliver():
            pass

    async def lines(self) -> list[str]:
        async with self.db.reader() as reader:
            return [row["line"] for row in await reader.all("SELECT line FROM audit_head_lines ORDER BY number")]

    async def told(self) -> Json:
        answer = await self.world.client.get("/auth/audit-verification", token=self.auditor.token)
        found: Json = answer.json
        return found

    async def store(self, name: str) -> Json:
        [found] = [store for store in (await self.told())["stores"] if store["name"] == name]
        assert isinstance(found, dict)
        return found

    async def verify(self) -> Json:
        """All of it, as the button does."""
        headers = {"idempotency-key": str(new_id())}
        await self.world.client.post("/auth/audit-verification", token=self.auditor.token, headers=headers)
        await self.verifier.look()
        return await self.told()


async def rows(kept: Kept, statement: str) -> list[Json]:
    async with kept.db.reader() as reader:
        return await reader.all(statement)
