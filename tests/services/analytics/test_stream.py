"""The live stream: it tells at once, tells nobody else, resumes where it was cut, and never holds up a shutdown."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import orjson
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.analytics import consumer
from services.analytics.notifications import stream
from services.analytics.notifications.stream import NotificationHub
from services.contracts.events.approval import ApprovalRequested
from services.kit.db import database as database_module
from services.kit.db.database import Database
from services.kit.errors import TooManyRequests, Unauthorized
from services.kit.http import live
from services.kit.http.live import MAX_STREAMS, Listener
from services.kit.running.context import ActorContext
from tests.services.analytics.test_notifications import APPROVER, OTHER, PEOPLE, REP, Request
from tests.support.http import TestIssuer, new_key
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer, proxied
from tests.support.processes import ServerProcess
from tests.support.tcp_proxy import tcp_proxy
from tests.support.waiting import eventually, port_answers

PATIENCE = 30.0
START_SECONDS = 180.0
"""A busy machine takes its time to import everything."""
Event = tuple[str, Any, int | None]


@pytest.fixture
async def hub(db: Database) -> AsyncIterator[NotificationHub]:
    running = NotificationHub(db)
    await running.start()
    yield running
    await running.stop()


async def allowed() -> None:
    """The caller's token is still good."""


async def ask(db: Database, *, count: int = 1) -> None:
    events = [Request().emit(ApprovalRequested, REP) for _ in range(count)]
    async with db.transaction(ActorContext.system()) as uow:
        await consumer.apply(uow, [*PEOPLE, *events])


def parsed(chunk: bytes) -> Event | None:
    fields = dict(line.partition(": ")[::2] for line in chunk.decode().strip().split("\n") if not line.startswith(":"))
    if "event" not in fields:
        return None
    return fields["event"], orjson.loads(fields["data"]), int(fields["id"]) if "id" in fields else None


@asynccontextmanager
async def listening(
    db: Database, hub: NotificationHub, user_id: UUID, after: int | None = None, check: Any = allowed
) -> AsyncIterator[Callable[[], Any]]:
    """``await next()``: the next event of the user's stream; None when it has ended."""
    async with aclosing(stream.events(db, hub, user_id, "ja", after, check)) as chunks:

        async def following() -> Event | None:
            async with asyncio.timeout(PATIENCE):
                async for chunk in chunks:
                    if (event := parsed(chunk)) is not None:
                        return event
            return None

        yield following


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost connection is noticed within the patience of a test."""
    monkeypatch.setattr(live, "SILENCE_SECONDS", 1.0)
    monkeypatch.setattr(database_module, "ANSWER_SECONDS", 2.0)


@pytest.mark.usefixtures("impatient")
async def test_who_listens_on_a_connection_that_was_lost_without_a_word_listens_again(
    db: Database, postgres: PostgresServer
) -> None:
    with tcp_proxy(postgres.port) as proxy:
        async with Database(proxied(proxy, db.url), name="analytics") as behind_proxy:
            hub = NotificationHub(behind_proxy)
            await hub.start()
            try:
                with hub.subscribed(APPROVER, Listener()) as listener:
                    await ask(db)
                    async with asyncio.timeout(PATIENCE):
                        await listener.woken.wait()
                    proxy.half_open()
                    listener.woken.clear()
                    await ask(db)
                    async with asyncio.timeout(PATIENCE):
                        await listener.woken.wait()
            finally:
                await hub.stop()


async def test_a_notification_arrives_when_it_is_made_and_only_at_its_recipient(
    db: Database, hub: NotificationHub
) -> None:
    async with listening(db, hub, APPROVER) as mine, listening(db, hub, REP) as others:
        assert await mine() == ("unread", {"count": 0}, None)
        assert await others() == ("unread", {"count": 0}, None)
        await ask(db)
        name, data, seq = await mine()
        assert (name, data["type"], seq is not None) == ("notification", "APPROVAL_WAITING", True)
        assert await mine() == ("unread", {"count": 1}, None)
        waiting = asyncio.create_task(others())
        await ask(db)
        assert (await mine())[0] == "notification"
        assert not waiting.done()
        hub.end_streams()
        assert await waiting is None


async def test_a_cut_stream_goes_on_after_the_last_event_that_arrived(db: Database, hub: NotificationHub) -> None:
    async with listening(db, hub, APPROVER) as following:
        await following()
        await ask(db)
        _, _, seq = await following()
    await ask(db, count=2)
    async with listening(db, hub, APPROVER, after=seq) as following:
        missed = [await following(), await following()]
        assert [event[0] for event in missed] == ["notification", "notification"]
        assert all(event[2] > seq for event in missed)
        assert await following() == ("unread", {"count": 3}, None)


async def test_reading_in_one_tab_is_seen_in_the_other(db: Database, hub: NotificationHub) -> None:
    await ask(db)
    async with listening(db, hub, APPROVER) as following:
        assert await following() == ("unread", {"count": 1}, None)
        async with db.transaction(ActorContext.system()) as uow:
            await uow.execute("UPDATE notifications SET read_at = now()")
        hub.wake(APPROVER)
        assert await following() == ("unread", {"count": 0}, None)


async def test_a_stream_ends_with_the_token_that_it_was_opened_with(db: Database, hub: NotificationHub) -> None:
    revoked = asyncio.Event()

    async def check() -> None:
        if revoked.is_set():
            raise Unauthorized

    async with listening(db, hub, APPROVER, check=check) as following:
        await following()
        revoked.set()
        hub.wake(APPROVER)
        assert await following() is None


async def test_the_stream_survives_the_loss_of_its_listening_connection(db: Database, hub: NotificationHub) -> None:
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'ringi-analytics-notifications'"
    )
    async with listening(db, hub, APPROVER) as following:
        await following()

        async def was_cut() -> Any:
            async with db.reader() as reader:
                return await reader.all(cut)

        await eventually(was_cut)
        await ask(db)
        assert (await following())[0] == "notification"


async def test_nobody_opens_streams_without_end(db: Database, hub: NotificationHub) -> None:
    with ExitStack() as open_streams:
        for _ in range(MAX_STREAMS):
            hub.check_room(APPROVER)
            open_streams.enter_context(hub.subscribed(APPROVER, Listener()))
        with pytest.raises(TooManyRequests):
            hub.check_room(APPROVER)
        hub.check_room(OTHER)
    hub.check_room(APPROVER)


async def test_over_http_it_flows_at_once_and_ends_when_the_server_is_told_to_stop(
    fresh_database: Callable[[str], str], issuer: TestIssuer, tmp_path: Path
) -> None:
    url, port, key_file = fresh_database("analytics"), free_port(), tmp_path / "key.pem"
    key_file.write_bytes(issuer.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    command = [sys.executable, "-m", "tests.services.analytics.stream_server", url, str(port), str(key_file)]
    server = ServerProcess(command, log=tmp_path / "server.log", env={"PYTHONPATH": str(Path.cwd())})
    headers = {"Authorization": f"Bearer {issuer.token(APPROVER, ['approver'])}"}
    try:
        await eventually(lambda: port_answers(port, server), within=START_SECONDS, what="the server")
        async with (
            Database(url, name="analytics") as db,
            aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as session,
            session.get("/notifications/stream") as answer,
        ):
            assert (answer.status, answer.content_type) == (200, "text/event-stream")
            assert (await answer.content.readuntil(b"\n\n")).startswith(b"retry: ")
            assert parsed(await answer.content.readuntil(b"\n\n")) == ("unread", {"count": 0}, None)
            await ask(db)
            name, data, _ = parsed(await answer.content.readuntil(b"\n\n")) or ("", {}, None)
            assert (name, data["type"]) == ("notification", "APPROVAL_WAITING")
            assert parsed(await answer.content.readuntil(b"\n\n")) == ("unread", {"count": 1}, None)
            path = f"/notifications/{data['id']}/read"
            async with session.patch(path, headers={"Idempotency-Key": new_key()}) as marked:
                assert marked.status == 200
            assert parsed(await answer.content.readuntil(b"\n\n")) == ("unread", {"count": 0}, None)
            server.signal(signal.SIGTERM)
            assert await answer.content.read() == b""
        # uvicorn ends by the signal that it got, once all is closed in order.
        assert server.wait() in (0, -signal.SIGTERM)
        assert "timeout graceful shutdown" not in server.log.read_text().lower()
    finally:
        server.stop()


@pytest.mark.parametrize("last_id", ["x", "-1", "1" * 30])
async def test_a_last_event_id_that_is_none_is_refused(client: Any, issuer: TestIssuer, last_id: str) -> None:
    headers = {"last-event-id": last_id}
    answer = await client.get("/notifications/stream", token=issuer.token(uuid4(), ["rep"]), headers=headers)
    assert answer.status == 422
