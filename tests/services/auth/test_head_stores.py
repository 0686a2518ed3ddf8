"""Signed heads outside of the database: none is lost on the way to a store, none goes or changes there unnoticed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr, ValidationError

from services.auth import audit_heads
from services.auth.service import head_stores as stores
from services.auth.service.audit import Sealer, seal_batch
from services.auth.service.audit_verifier import Verifier
from services.auth.service.head_stores import BUCKET, WEBHOOK, BucketStore, Delivery, HeadStoreError, WebhookStore
from services.auth.settings import AuthSettings
from services.contracts.permissions import Role
from services.kit.db.database import Database
from services.kit.files.storage import StorageAway
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.ids import new_id
from services.kit.running.settings import Environment
from tests.services.auth.audit_entries import as_an_intruder, entry, receive
from tests.services.auth.conftest import AuthWorld, Person, rotate_signing_key
from tests.support.events import running
from tests.support.fake_s3 import FakeS3
from tests.support.waiting import eventually

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


@pytest.fixture
async def kept(world: AuthWorld) -> AsyncIterator[Kept]:
    auditor = await world.signed_in(Role.AUDITOR)
    async with FakeS3() as s3:
        kept = Kept(world, s3, auditor)
        await kept.keys.ensure()
        await stores.activate(kept.db, [BUCKET, WEBHOOK], asyncio.Event())
        await kept.receiver.start_server()
        yield kept
        await kept.receiver.close()


async def test_every_head_reaches_both_stores_in_order_and_signed(kept: Kept) -> None:
    await kept.grow(3)
    await kept.keep()
    await kept.webhook.deliver()
    lines = await kept.lines()
    assert len(lines) == 4, "an introduction and three heads"
    assert b"".join(kept.s3.objects.values()).decode().splitlines() == lines
    assert [(one["number"], one["line"]) for one in kept.heard] == list(enumerate(lines, start=1))
    assert all("sentAt" in one for one in kept.heard)
    known = {
        jwt.get_unverified_header(lines[0])["kid"]: await kept.keys.key(jwt.get_unverified_header(lines[0])["kid"])
    }
    heads = list(audit_heads.read_lines([f"{line}\n".encode() for line in lines], known, audit_heads.Place()))
    assert [head.position for head in heads if isinstance(head, audit_heads.Head)] == [3, 6, 9]


async def test_what_a_store_did_not_take_waits_in_order_and_the_screen_says_since_when(kept: Kept) -> None:
    await kept.grow()
    kept.answers, kept.s3.away = 500, True
    for delivery in (kept.webhook, kept.bucket):
        with pytest.raises((HeadStoreError, StorageAway)):
            await delivery.deliver()
        await delivery._failed(HeadStoreError("answered 500"))
    await kept.grow(2)
    for name in (BUCKET, WEBHOOK):
        store = await kept.store(name)
        assert store["failingSince"] is not None
        assert (store["position"], store["keptAt"], store["late"]) == (0, None, False)
    with clock.travel(timedelta(minutes=6)):
        auditor = await kept.world.signed_in(Role.AUDITOR)
        answer = await kept.world.client.get("/auth/audit-verification", token=auditor.token)
        assert [store["late"] for store in answer.json["stores"]] == [True, True]
    kept.answers, kept.s3.away = 200, False
    await kept.webhook.deliver()
    await kept.keep()
    assert [one["line"] for one in kept.heard] == await kept.lines()
    for name in (BUCKET, WEBHOOK):
        store = await kept.store(name)
        assert (store["position"], store["failingSince"], store["waitsSince"]) == (9, None, None)


async def test_an_alarm_is_logged_once_when_heads_are_late_and_the_address_never(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    await kept.grow()
    kept.answers = 500
    delivery = kept.webhook
    with clock.travel(timedelta(minutes=6)):
        for _ in range(3):
            with pytest.raises(HeadStoreError) as refused:
                await delivery.deliver()
            await delivery._failed(refused.value)
    logged = capsys.readouterr()
    assert (logged.out + logged.err).count("signed heads do not reach a store") == 1
    assert "tok3n" not in logged.out + logged.err
    [row] = await kept_rows(kept, "SELECT error FROM audit_head_stores WHERE name = 'webhook'")
    assert row["error"] == "answered 500"
    assert stores.WAITED.labels(WEBHOOK)._value.get() > 300


async def kept_rows(kept: Kept, statement: str) -> list[Json]:
    async with kept.db.reader() as reader:
        return await reader.all(statement)


@pytest.mark.parametrize("status", [301, 307, 400, 404, 500])
async def test_only_success_counts_and_no_redirect_is_followed(kept: Kept, status: int) -> None:
    await kept.grow()
    kept.answers = status
    with pytest.raises(HeadStoreError):
        await kept.webhook.deliver()
    assert (await kept.store(WEBHOOK))["position"] == 0


async def test_a_process_that_dies_between_keeping_and_noting_it_keeps_nothing_twice_in_the_bucket(kept: Kept) -> None:
    await kept.grow()
    store = BucketStore(kept.s3.journal())
    first = await kept_rows(kept, "SELECT number, position, line, at FROM audit_head_lines ORDER BY number")
    assert await store.keep(first) == 2
    await kept.grow(2)  # it comes back, and more waits by now
    await kept.keep()
    assert kept.s3.puts == 2
    assert b"".join(kept.s3.objects.values()).decode().splitlines() == await kept.lines()
    assert (await kept.verify())["holds"] is True


async def test_a_webhook_that_takes_some_gets_the_rest_later(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    await kept.grow(3)
    post = WebhookStore._post

    async def breaks_off(self: WebhookStore, session: Any, line: Any) -> None:
        if line["number"] == 3:
            raise HeadStoreError("answered 503")
        await post(self, session, line)

    monkeypatch.setattr(WebhookStore, "_post", breaks_off)
    assert await kept.webhook.deliver()
    monkeypatch.setattr(WebhookStore, "_post", post)
    await kept.webhook.deliver()
    assert [one["number"] for one in kept.heard] == [1, 2, 3, 4]


async def test_deliveries_of_two_processes_send_nothing_out_of_order(kept: Kept) -> None:
    await kept.grow(3)
    async with running(kept.webhook.run), running(kept.webhook.run):
        await eventually(lambda: len(kept.heard) >= 4)
        await kept.grow(2)
        await eventually(lambda: len(kept.heard) >= 6)
    assert [one["number"] for one in kept.heard] == [1, 2, 3, 4, 5, 6]


async def test_after_a_failure_the_delivery_goes_on_by_itself(kept: Kept) -> None:
    kept.answers = 503
    await kept.grow()
    async with running(kept.webhook.run):
        await eventually(lambda: failing(kept))
        kept.answers = 200
        await eventually(lambda: len(kept.heard) == 2)


async def failing(kept: Kept) -> bool:
    return (await kept.store(WEBHOOK))["failingSince"] is not None


async def test_a_head_that_a_dead_process_did_not_queue_is_queued_by_the_next(kept: Kept) -> None:
    await kept.grow()
    await receive(kept.db, entry())
    assert await seal_batch(kept.db) is not None
    async with running(Sealer(kept.db, kept.keys, queue=True).run):
        await eventually(lambda: queued(kept, 4))
    await Sealer(kept.db, kept.keys, queue=True)._catch_up()
    assert len(await kept.lines()) == 3, "the same head is queued once"


async def queued(kept: Kept, position: int) -> bool:
    [row] = await kept_rows(kept, "SELECT max(position) AS last FROM audit_head_lines")
    return bool(row["last"] == position)


async def test_heads_of_a_new_key_follow_its_introduction_and_the_bucket_verifies_over_both(kept: Kept) -> None:
    await kept.grow(2)
    await rotate_signing_key(kept.world.client.kit.settings, kept.db)
    await kept.keys._load()
    await kept.grow(2)
    await kept.keep()
    told = await kept.verify()
    assert (told["holds"], told["position"], told["headsKept"]) == (True, 12, True)
    assert (await kept.store(BUCKET))["readAt"] is not None


# What somebody may do to the bucket, or to the chain that it vouches for ----------------------------------------------

Forgery = Callable[[Kept], Awaitable[None]]


def names(kept: Kept) -> list[str]:
    return sorted(kept.s3.objects)


async def _object_removed(kept: Kept) -> None:
    del kept.s3.objects[names(kept)[1]]


async def _first_removed(kept: Kept) -> None:
    del kept.s3.objects[names(kept)[0]]


async def _last_removed(kept: Kept) -> None:
    del kept.s3.objects[names(kept)[-1]]


async def _all_removed(kept: Kept) -> None:
    kept.s3.objects.clear()


async def _replaced_by_another(kept: Kept) -> None:
    first, second = names(kept)[1:3]
    kept.s3.objects[second] = kept.s3.objects[first]


async def _exchanged(kept: Kept) -> None:
    first, second = names(kept)[1:3]
    objects = kept.s3.objects
    objects[first], objects[second] = objects[second], objects[first]


async def _one_byte(kept: Kept) -> None:
    name = names(kept)[1]
    content = bytearray(kept.s3.objects[name])
    content[-5] ^= 1
    kept.s3.objects[name] = bytes(content)


async def _signature_of_a_stranger(kept: Kept) -> None:
    name = names(kept)[1]
    line = kept.s3.objects[name].decode().strip()
    claims = jwt.decode(line, options={"verify_signature": False})
    stranger = audit_heads.Ed25519PrivateKey.generate()
    forged = jwt.encode(claims, stranger, "EdDSA", headers=jwt.get_unverified_header(line))
    kept.s3.objects[name] = f"{forged}\n".encode()


async def _object_added(kept: Kept) -> None:
    kept.s3.objects["99999999999999999999"] = kept.s3.objects[names(kept)[1]]


async def _foreign_name(kept: Kept) -> None:
    kept.s3.objects["readme"] = b"hello\n"


async def _emptied(kept: Kept) -> None:
    kept.s3.objects[names(kept)[1]] = b""


async def _chain_rewritten(kept: Kept) -> None:
    """Whoever may write to the database makes the last link another one, hash and all."""
    async with as_an_intruder(kept.db) as intruder:
        await intruder.execute("UPDATE audit_chain SET hash = sha256(hash) WHERE position = 9")


async def _chain_cut(kept: Kept) -> None:
    async with as_an_intruder(kept.db) as intruder:
        await intruder.execute("DELETE FROM audit_chain WHERE position > 6")
        await intruder.execute("DELETE FROM audit_log WHERE id NOT IN (SELECT audit_id FROM audit_chain)")


@pytest.mark.parametrize(
    ("forgery", "faults"),
    [
        (_object_removed, {"head_broken"}),
        (_first_removed, {"head_broken"}),
        (_last_removed, {"heads_missing"}),
        (_all_removed, {"heads_missing"}),
        (_replaced_by_another, {"head_broken"}),
        (_exchanged, {"head_broken"}),
        (_one_byte, {"head_broken"}),
        (_signature_of_a_stranger, {"head_broken"}),
        (_object_added, {"head_broken"}),
        (_foreign_name, {"head_broken"}),
        (_emptied, {"head_broken"}),
        (_chain_rewritten, {"head_differs"}),
        (_chain_cut, {"chain_cut"}),
    ],
)
async def test_each_forgery_of_bucket_or_chain_is_found(kept: Kept, forgery: Forgery, faults: set[str]) -> None:
    for _ in range(3):
        await kept.grow()
        await kept.keep()
    assert len(kept.s3.objects) == 3
    assert (await kept.verify())["holds"] is True
    await forgery(kept)
    told = await kept.verify()
    assert told["holds"] is False
    assert faults <= {finding["fault"] for finding in told["findings"]}, told["findings"]


async def test_a_part_reads_on_from_where_it_held_and_finds_what_was_put_there_since(kept: Kept) -> None:
    await kept.grow(2)
    await kept.keep()
    assert (await kept.verify())["holds"] is True
    await kept.grow()
    await kept.keep()
    await _one_byte(kept)
    with clock.travel(timedelta(minutes=2)):
        await kept.verifier.look()
        auditor = await kept.world.signed_in(Role.AUDITOR)
        answer = await kept.world.client.get("/auth/audit-verification", token=auditor.token)
    assert answer.json["holds"] is False
    assert {finding["fault"] for finding in answer.json["findings"]} >= {"head_broken"}


async def test_a_bucket_that_is_away_is_no_finding(kept: Kept) -> None:
    await kept.grow()
    await kept.keep()
    kept.s3.away = True
    told = await kept.verify()
    assert (told["holds"], (await kept.store(BUCKET))["readAt"]) == (True, None)


async def test_another_object_in_the_place_of_the_next_is_told_and_never_overwritten(kept: Kept) -> None:
    kept.s3.objects["00000000000000000001"] = b"mine\n"
    await kept.grow()
    with pytest.raises(HeadStoreError, match="another object"):
        await kept.keep()
    assert kept.s3.objects["00000000000000000001"] == b"mine\n"


async def test_the_queue_takes_inserts_only(kept: Kept) -> None:
    await kept.grow()
    for statement in ("UPDATE audit_head_lines SET line = 'x'", "DELETE FROM audit_head_lines"):
        with pytest.raises(Exception, match="insert"):
            async with kept.db.transaction(ActorContext.system()) as uow:
                await uow.execute(statement)


async def test_stores_that_are_kept_no_more_are_not_shown_and_come_back_where_they_were(kept: Kept) -> None:
    await kept.grow()
    await kept.keep()
    await stores.activate(kept.db, [WEBHOOK], asyncio.Event())
    assert [store["name"] for store in (await kept.told())["stores"]] == [WEBHOOK]
    await stores.activate(kept.db, [BUCKET, WEBHOOK], asyncio.Event())
    assert (await kept.store(BUCKET))["position"] == 3


@pytest.mark.parametrize(
    ("url", "plain", "safe"),
    [
        ("https://siem.example/heads?token=x", False, True),
        ("http://siem.example/heads", False, False),
        ("http://siem.example/heads", True, False),
        ("http://127.0.0.1:9/heads", True, True),
        ("http://127.0.0.1:9/heads", False, False),
        ("ftp://siem.example/", True, False),
        ("https:///heads", True, False),
        ("", True, False),
    ],
)
def test_heads_are_posted_over_tls_only(url: str, plain: bool, safe: bool) -> None:
    assert stores.is_safe(url, plain=plain) is safe


def test_a_plain_address_is_refused_at_the_start_and_not_repeated_in_the_message() -> None:
    with pytest.raises(ValidationError) as refused:
        AuthSettings(
            env=Environment.PRODUCTION,
            secret_key=SecretStr("9f2c1e7ab4d05836c7e1fa90b2d4836f5a71"),  # pragma: allowlist secret
            audit_heads_webhook_url=SecretStr("http://siem.example/tok3n"),
        )
    assert "https" in str(refused.value)
    assert "tok3n" not in str(refused.value)
