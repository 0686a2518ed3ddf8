"""Servers that ask for TLS and a certificate are reached with both, and by nobody who lacks one of them."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from aiokafka.errors import KafkaConnectionError
from redis.exceptions import RedisError

from api.limits import Policy, RedisBuckets
from frontend.shell.sessions import RedisSessions
from services.analytics.reports.cache import RedisCache
from services.kit.db import migrations
from services.kit.db.database import Database
from services.kit.events.broker import meet
from services.kit.running.context import ActorContext
from tests.support.authority import Authority
from tests.support.broker import Broker
from tests.support.http import settings_for
from tests.support.keys import KEY_VARIABLES
from tests.support.own_server import running
from tests.support.postgres import PostgresServer, take_ssl_request
from tests.support.redis import TlsRedis
from tests.support.tcp_proxy import tcp_proxy
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another authority, which the servers do not know."""
    return Authority(tmp_path_factory.mktemp("stranger"), "Somebody else")


def files_of(peer: str, trusted: Authority, client: Authority | None) -> dict[str, Any]:
    """The settings of a peer: whom it trusts, and who signed its certificate, if it has one."""
    files: dict[str, Any] = {f"{peer}_ca_file": trusted.file}
    if client is not None:
        pair = client.issue("ringi")
        files |= {f"{peer}_cert_file": pair.certificate, f"{peer}_key_file": pair.key}
    return files


@pytest.fixture
def secured(postgres: PostgresServer, authority: Authority) -> Iterator[Callable[[str], str]]:
    """The URL of a database as it is reached over TLS, with a client certificate, and in no other way."""
    with tcp_proxy(postgres.port, authority.server_context(asks_for_certificate=True), take_ssl_request) as proxy:
        yield lambda url: url.replace(str(postgres.port), str(proxy.port), 1)


async def test_migrations_pools_and_listeners_reach_postgresql_with_a_client_certificate(
    postgres: PostgresServer, secured: Callable[[str], str], authority: Authority
) -> None:
    files = files_of("database", authority, authority)
    url = settings_for("auth", secured(postgres.empty_database()), **files).database_url_for("auth")
    await asyncio.to_thread(migrations.upgrade, "auth", url)
    async with Database(url, name="auth") as db:
        async with db.reader() as reader:
            assert await reader.scalar("SELECT count(*) FROM users") == 0
        async with db.transaction(ActorContext.system()) as uow:
            assert await uow.scalar("SELECT count(*) FROM users") == 0
        async with db.dedicated("listening") as connection:
            await connection.execute("LISTEN outbox")
            assert connection.pgconn.ssl_in_use


def test_postgresql_is_not_reached_without_a_certificate_or_under_another_authority(
    postgres: PostgresServer, secured: Callable[[str], str], authority: Authority, stranger: Authority
) -> None:
    bare = secured(postgres.url("postgres"))
    for files, told in (
        (files_of("database", authority, None), f"certificate required|{CUT_OFF}"),
        (files_of("database", authority, stranger), f"unknown ca|decrypt|{CUT_OFF}"),
        (files_of("database", stranger, authority), "certificate verify failed"),
        ({"database_sslmode": "disable"}, "closed the connection|reset"),
    ):
        with pytest.raises(psycopg.OperationalError, match=told):
            psycopg.connect(settings_for("auth", bare, **files).database_url_for("auth"), connect_timeout=5)


async def test_redis_is_reached_by_name_password_and_certificate(authority: Authority, stranger: Authority) -> None:
    with running(TlsRedis(authority)) as server:
        settings = settings_for("auth", "", redis_url=server.url, **files_of("redis", authority, authority))
        address = settings.redis_address
        assert address is not None
        cache, buckets, sessions = RedisCache(address), RedisBuckets(address), RedisSessions(address)
        await eventually(lambda: _keeps(cache), what="an answer in Redis")
        await eventually(lambda: _counts(buckets), what="a limit that is counted in Redis, not in this process")
        await sessions.open()
        for client in (cache, buckets, sessions):
            await client.close()
        for files in (files_of("redis", authority, None), files_of("redis", stranger, authority)):
            refused = settings_for("auth", "", redis_url=server.url, **files).redis_address
            assert refused is not None
            shut_out = RedisSessions(refused)
            with pytest.raises(RedisError):
                await shut_out.open()
            await shut_out.close()
        wrong = RedisSessions(address.replace("s3cret", "guessed"))
        with pytest.raises(RedisError):
            await wrong.open()
        await wrong.close()


async def test_a_broker_behind_tls_is_spoken_to_with_a_client_certificate(
    own_broker: Broker, authority: Authority, stranger: Authority
) -> None:
    with tcp_proxy(own_broker.port, authority.server_context(asks_for_certificate=True)) as proxy:
        own_broker.advertised = f"localhost:{proxy.port}"
        own_broker.restart()

        def address(**files: Any) -> Any:
            return settings_for(
                "auth", "", kafka_bootstrap=own_broker.advertised, kafka_security_protocol="SSL", **files
            ).kafka()

        session = await meet(address(**files_of("kafka", authority, authority)))
        assert session.cluster_id == own_broker.cluster_id
        await session.ensure_topics(["secured"])
        async with session.producer() as producer, session.consumer(max_records=1) as consumer:
            sent = await producer.send_and_wait("secured", b"hello", partition=0)
            partition = next(iter({sent.topic_partition}))
            consumer.assign([partition])
            consumer.seek(partition, sent.offset)
            assert (await consumer.getone()).value == b"hello"
        for files in (files_of("kafka", authority, None), files_of("kafka", stranger, authority)):
            with pytest.raises(KafkaConnectionError):
                await meet(address(**files))


async def _keeps(cache: RedisCache) -> bool:
    """A machine under load may pass over the cache, which gives up quickly."""
    await cache.put("key", b"answer")
    return await cache.get("key") == b"answer"


async def _counts(buckets: RedisBuckets) -> bool:
    await buckets.take(Policy("user", 500), "a")
    return bool(await buckets._redis.exists("ringi:limit:user:a"))


@asynccontextmanager
async def _collector(authority: Authority, received: list[dict[str, str]]) -> AsyncIterator[int]:
    """Takes traces over TLS from clients with a certificate, and notes the headers of each request."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        await reader.readexactly(int(headers["content-length"]))
        received.append(headers | {"path": head[0].split(" ")[1]})
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    context = authority.server_context(asks_for_certificate=True)
    async with await asyncio.start_server(take, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


CUT_OFF = "unexpected eof|closed the connection"
"""What is left to say where the connection ends before the alert arrives."""
TRACE = """
from services.kit.running import tracing
from services.kit.running.settings import ServiceSettings
from opentelemetry import trace
tracing.configure(ServiceSettings(), "test")
with tracing.span("a step"):
    pass
print(trace.get_tracer_provider().force_flush(3000))
"""


async def test_traces_go_to_a_collector_with_its_headers_and_a_client_certificate(
    authority: Authority,
) -> None:
    received: list[dict[str, str]] = []
    async with _collector(authority, received) as port:
        files = files_of("otlp", authority, authority)
        environment = {f"RINGI_{name.upper()}": str(path) for name, path in files.items()} | {
            "RINGI_ENV": "test",
            **KEY_VARIABLES,
            "RINGI_OTLP_ENDPOINT": f"https://localhost:{port}",
            "RINGI_OTLP_HEADERS": "x-api-key=s3cret%20key",
        }
        child = await _run_python(TRACE, environment)
        assert child == 0
        await eventually(lambda: bool(received))
    assert received[0]["path"] == "/v1/traces"
    assert received[0]["x-api-key"] == "s3cret key"


async def _run_python(script: str, environment: dict[str, str]) -> int:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, env=os.environ | environment)
    return await process.wait()
