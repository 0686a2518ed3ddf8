"""`readyz` is what load balancers believe: it says ready only while requests that write would be served."""

from collections.abc import AsyncIterator

import pytest

from services.contracts.permissions import permissions_of
from services.kit.db.database import Database
from services.kit.http import create_service_app
from services.kit.http import readiness as module
from services.kit.http.readiness import Readiness
from services.kit.running.context import ActorContext
from tests.support.http import ServiceClient, running, settings_for

SYSTEM = ActorContext(None)


@pytest.fixture
async def client(kit_database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServiceClient]:
    monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.3)
    settings = settings_for("customer", kit_database_url)
    app = create_service_app("customer", settings, [], permissions_of=permissions_of)
    async with running(app) as started:
        yield started


async def test_it_is_not_ready_while_no_write_can_have_a_connection(kit_database_url: str) -> None:
    async with Database(kit_database_url, name="customer", write_size=1) as db:
        readiness = Readiness(db)
        await readiness.check()
        async with db.transaction(SYSTEM):
            assert await refusal_of(Readiness(db)) == "The database does not take writes"
        await Readiness(db).check()


async def test_a_database_that_only_reads_is_not_ready(client: ServiceClient, kit_database_url: str) -> None:
    assert (await client.get("/readyz")).status == 200
    async with Database(kit_database_url, name="test") as admin, admin.dedicated("test") as connection:
        name = (await (await connection.execute("SELECT current_database() AS name")).fetchone() or {})["name"]
        await connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND datname = current_database()"
        )
    answer = await client.get("/readyz")
    assert (answer.status, answer.json["code"]) == (503, "unavailable")


async def test_the_database_is_asked_once_a_second_however_many_ask(kit_database_url: str) -> None:
    async with Database(kit_database_url, name="customer") as db:
        readiness = Readiness(db)
        for _ in range(50):
            await readiness.check()
        asked = db.statistics()["write"]["requests_num"]
        assert asked <= 2, "the first, and another if a second has passed"


async def refusal_of(readiness: Readiness) -> str:
    with pytest.raises(module.Unavailable) as refused:
        await readiness.check()
    return str(refused.value)
