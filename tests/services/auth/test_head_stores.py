"""Signed heads outside of the database: none is lost on the way to a store, none goes or changes there unnoticed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import jwt
import pytest
from pydantic import SecretStr, ValidationError

from services.auth import audit_heads
from services.auth.service import head_stores as stores
from services.auth.service.audit import Sealer, seal_batch
from services.auth.service.head_stores import BUCKET, WEBHOOK, BucketStore, HeadStoreError, WebhookStore
from services.auth.settings import AuthSettings
from services.contracts.permissions import Role
from services.kit.files.storage import StorageAway
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.settings import Environment
from tests.services.auth.audit_entries import entry, receive
from tests.services.auth.conftest import rotate_signing_key
from tests.services.auth.kept_heads import Kept, rows
from tests.support.events import running
from tests.support.waiting import eventually

Json = dict[str, Any]


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
    [row] = await rows(kept, "SELECT error FROM audit_head_stores WHERE name = 'webhook'")
    assert row["error"] == "answered 500"
    assert stores.WAITED.labels(WEBHOOK)._value.get() > 300


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
    first = await rows(kept, "SELECT number, position, line, at FROM audit_head_lines ORDER BY number")
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
    [row] = await rows(kept, "SELECT max(position) AS last FROM audit_head_lines")
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


async def test_another_object_in_the_place_of_the_next_is_told_and_never_overwritten(kept: Kept) -> None:
    kept.s3.objects["00000000000000000001"] = b"mine\n"
    await kept.grow()
    with pytest.raises(HeadStoreError, match="another object"):
        await kept.keep()
    assert kept.s3.objects["00000000000000000001"] == b"mine\n"


async def test_the_queue_takes_inserts_only(kept: Kept) -> None:
    await kept.grow()
    for statement in ("UPDATE audit_head_lines SET line = 'x'", "DELETE FROM audit_head_lines"):
        with pytest.raises(Exception, match="permission denied"):
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
            audit_heads_webhook_url=SecretStr("http://siem.example/tok3n"),
        )
    assert "https" in str(refused.value)
    assert "tok3n" not in str(refused.value)
