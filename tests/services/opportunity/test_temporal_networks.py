"""Bad networks between the service that sends a command and Temporal: slow, silent, dead at one end only.

The worker has a network of its own here; what it meets stands in `tests/services/kit/events/test_networks.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from temporalio.service import KeepAliveConfig

from services.kit.processes.intent_relay import IntentRelay
from services.kit.running import temporal as temporal_module
from tests.services.opportunity.world import Person, World
from tests.support.events import running
from tests.support.http import Answer, StartService, TestIssuer, new_key
from tests.support.tcp_proxy import TcpProxy, tcp_proxy
from tests.support.temporal import TemporalServer
from tests.support.waiting import DEADLINE
from workers.opportunity import temporal_part
from workers.runtime import build_worker

LATENCY_SECONDS = 0.3


@pytest.fixture
def network(temporal_server: TemporalServer) -> Iterator[TcpProxy]:
    with tcp_proxy(temporal_server.port) as proxy:
        yield proxy


@pytest.fixture
async def office(
    service_client: StartService, issuer: TestIssuer, temporal_server: TemporalServer, network: TcpProxy
) -> AsyncIterator[World]:
    client = await service_client("opportunity", temporal_address=f"127.0.0.1:{network.port}")
    direct = await temporal_server.client()
    worker = build_worker(direct, temporal_part(client.kit.db, client.kit.internal, direct))
    async with worker, running(IntentRelay(client.kit.db, direct).run):
        yield World(client, issuer)


async def asked(office: World, count: int) -> tuple[Person, list[dict[str, Any]]]:
    rep, approver = await office.person("rep"), await office.person("approver")
    return approver, [await office.request(rep, approver) for _ in range(count)]


async def approved_at_last(office: World, approver: Person, request: dict[str, Any], key: str) -> Answer:
    """Sent again with its key, as often as it is told to come back later and after as long."""
    async with asyncio.timeout(DEADLINE):
        while True:
            answer = await office.act(approver, request, "approve", key=key)
            if answer.status != 503:
                return answer
            await asyncio.sleep(int(answer.headers["retry-after"]))


async def decided_once(office: World, *requests: dict[str, Any]) -> bool:
    rows = await office.rows(
        "SELECT approval_id::text AS id, count(*) AS n FROM approval_history WHERE action = 'APPROVE' GROUP BY 1"
    )
    return {row["id"]: row["n"] for row in rows} == {request["id"]: 1 for request in requests}


async def test_a_slow_network_makes_a_decision_slow_and_nothing_else(office: World, network: TcpProxy) -> None:
    approver, [request] = await asked(office, 1)
    network.delay(LATENCY_SECONDS)
    answer = await office.act(approver, request, "approve")
    assert (answer.status, answer.json["state"]) == (200, "APPROVED")
    assert await decided_once(office, request)


@pytest.mark.parametrize("connected", [True, False], ids=["later", "from the start"])
async def test_a_silent_network_is_a_503_and_the_same_key_decides_once_it_speaks_again(
    office: World, network: TcpProxy, connected: bool
) -> None:
    approver, [first, second] = await asked(office, 2)
    if connected:
        assert (await office.act(approver, first, "approve")).status == 200
    network.black_hole()
    key = new_key()
    refused = await office.act(approver, second, "approve", key=key)
    assert refused.status == 503, refused.json
    assert int(refused.headers["retry-after"]) > 0
    ready = await office.client.get("/readyz")
    assert ready.status == 200, "what needs no workflow is answered"
    assert (await office.get(approver, second))["state"] == "PENDING"
    network.forward()
    answer = await approved_at_last(office, approver, second, key)
    assert (answer.status, answer.json["state"]) == (200, "APPROVED")
    assert await decided_once(office, *([first] if connected else []), second)


async def test_a_connection_that_died_at_one_end_only_is_given_up_and_the_same_key_decides(
    office: World, network: TcpProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporal_module, "KEEP_ALIVE", KeepAliveConfig(interval_millis=10_000, timeout_millis=1_000))
    approver, [first, second] = await asked(office, 2)
    assert (await office.act(approver, first, "approve")).status == 200
    network.half_open()
    key = new_key()
    assert (await office.act(approver, second, "approve", key=key)).status == 503
    answer = await approved_at_last(office, approver, second, key)
    assert (answer.status, answer.json["state"]) == (200, "APPROVED")
    assert await decided_once(office, first, second)
