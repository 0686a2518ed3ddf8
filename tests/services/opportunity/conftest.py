"""The opportunity service on a new database, without and with its worker on a real Temporal server."""

from collections.abc import AsyncIterator

import pytest

from activities.ledger.handlers import LedgerActivities
from activities.opportunity.handlers import OpportunityActivities
from services.kit.processes.intent_relay import IntentRelay
from services.opportunity.references import References
from services.opportunity.service.reconcile import reconcile
from tests.services.opportunity.world import World
from tests.support.events import running
from tests.support.http import StartService, TestIssuer
from tests.support.temporal import TemporalServer
from workers.opportunity import temporal_part
from workers.runtime import build_worker


@pytest.fixture
async def world(service_client: StartService, issuer: TestIssuer) -> World:
    return World(await service_client("opportunity"), issuer)


@pytest.fixture
async def live(
    service_client: StartService, issuer: TestIssuer, temporal_server: TemporalServer
) -> AsyncIterator[World]:
    """With a Temporal worker and the relay of intents."""
    client = await service_client("opportunity", temporal_address=temporal_server.address)
    kit = client.kit
    temporal = await temporal_server.client()
    worker = build_worker(temporal, temporal_part(kit.db, kit.internal, temporal))
    async with worker, running(IntentRelay(kit.db, temporal).run):
        yield World(
            client,
            issuer,
            OpportunityActivities(kit.db, References(kit.db, kit.internal), temporal),
            LedgerActivities(kit.db, temporal, also=reconcile),
        )
