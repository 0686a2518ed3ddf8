"""One running system for the whole matrix, with people and their belongings."""

from collections.abc import AsyncIterator

import pytest

from services.contracts.permissions import Role
from services.kit.db.database import Database
from tests.rights.world import World
from tests.support.broker import running_broker
from tests.support.postgres import PostgresServer
from tests.support.system import running_system
from tests.support.temporal import running_temporal

UNLIMITED = 1_000_000


@pytest.fixture(scope="package")
async def world(postgres: PostgresServer) -> AsyncIterator[World]:
    limits = dict.fromkeys(("rate_limit_user", "rate_limit_address", "rate_limit_login"), UNLIMITED)
    with running_temporal() as temporal, running_broker() as broker:
        async with (
            running_system(postgres, temporal, broker, **limits) as system,
            Database(system.databases["analytics"], name="test") as analytics,
        ):
            world = World(system, analytics, await system.person("admin", Role.ADMIN))
            await world.gather_people()
            await world.hand_out()
            yield world
