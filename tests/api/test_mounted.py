"""The gateway with services in its own process, as the embedded run has them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import create_app
from api.mounted import MountedUpstream
from api.settings import GatewaySettings
from tests.api.conftest import Edge, OpenEdge, listening
from tests.services.sales_activity.world import World
from tests.support.http import NOWHERE, StartService, TestIssuer
from tests.support.keys import SERVICE_KEYS
from tests.support.waiting import eventually


@pytest.fixture
async def mounted(
    open_edge: OpenEdge, service_client: StartService, issuer: TestIssuer
) -> AsyncIterator[tuple[Edge, World]]:
    """Only sales activity is mounted; auth is a service on the network."""
    other: Edge = await open_edge()
    world = World(await service_client("sales_activity"), issuer)
    settings = GatewaySettings(
        env="test",
        **SERVICE_KEYS,
        auth_url=other.services["auth"].url,
        customer_url=NOWHERE,
        opportunity_url=NOWHERE,
        analytics_url=NOWHERE,
        upstream_timeout_seconds=20,
    )
    async with listening(create_app(settings, {"sales_activity": world.client.app})) as port:
        edge = Edge(port, other.services, issuer)

        async def trusted() -> bool:
            return (await edge.get("/api/v1/tasks")).status == 200

        await eventually(trusted, what="the gateway's trust in auth")
        yield edge, world
        await edge.session.close()


async def test_a_mounted_service_answers_as_it_would_over_the_network(mounted: tuple[Edge, World]) -> None:
    edge, world = mounted
    rep = await world.person("rep")
    headers = {"Idempotency-Key": "mounted-1", "Content-Type": "application/json", "X-Request-ID": "mounted"}
    created = await edge.ask(
        "POST", "/api/v1/tasks", token=rep.token, headers=headers, data='{"title":"電話"}'.encode()
    )
    assert created.status == 201, created.json
    assert created.headers.getall("X-Request-ID") == ["mounted"]
    read = await edge.get(created.headers["Location"], token=rep.token)
    assert (read.json["title"], read.headers["ETag"]) == ("電話", '"1"')
    forged = {"X-Forwarded-For": "1.2.3.4"}
    assert (await edge.get("/api/v1/tasks?colour=red", token=rep.token, headers=forged)).status == 422
    assert (await edge.ask("DELETE", created.headers["Location"], token=rep.token)).status == 204
    entries = await world.rows("SELECT DISTINCT ip FROM audit_entries")
    assert entries == [{"ip": "127.0.0.1"}]


async def test_a_mounted_service_tells_its_part_of_the_document(mounted: tuple[Edge, World]) -> None:
    edge, world = mounted
    upstream = MountedUpstream("sales_activity", world.client.app)
    assert await upstream.document(30) == world.client.app.openapi()
    # The others are nowhere, so there is no whole document.
    assert (await edge.get("/api/openapi.json", token=None)).status == 503


async def test_a_mounted_service_that_hangs_is_504_and_is_told_to_stop(open_edge: OpenEdge, issuer: TestIssuer) -> None:
    other: Edge = await open_edge()
    stopped = asyncio.Event()

    async def hanging(_scope: Scope, _receive: Receive, _send: Send) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    apps: dict[str, ASGIApp] = {"customer": hanging}
    urls = {f"{name}_url": service.url for name, service in other.services.items()}
    settings = GatewaySettings(env="test", **SERVICE_KEYS, upstream_timeout_seconds=0.2, **urls)
    async with listening(create_app(settings, apps)) as port:
        edge = Edge(port, other.services, issuer)

        async def timed_out() -> bool:
            return (await edge.ask("POST", "/api/v1/customers", data=b"{}")).status == 504

        await eventually(timed_out, what="504")
        await asyncio.wait_for(stopped.wait(), 30)
        await edge.session.close()
