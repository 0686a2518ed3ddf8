"""The sales activity service on a new database."""

import pytest

from tests.services.sales_activity.world import World
from tests.support.http import StartService, TestIssuer


@pytest.fixture
async def world(service_client: StartService, issuer: TestIssuer) -> World:
    return World(await service_client("sales_activity"), issuer)
