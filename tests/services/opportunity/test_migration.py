"""The migrations build what the models say, and take it away again."""

import importlib
from collections.abc import Callable

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from services.kit.db import migrations
from services.opportunity.models import OpportunityModel
from tests.services.opportunity.world import World
from tests.support.postgres import PostgresServer

OWN_TABLES = set(OpportunityModel.metadata.tables)


def of_this_service(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """The kit's tables have no models."""
    return kind != "table" or name in OWN_TABLES


def test_migrations_and_models_agree(fresh_database: Callable[[str], str]) -> None:
    engine = create_engine(fresh_database("opportunity").replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": of_this_service, "compare_type": True})
        assert compare_metadata(context, OpportunityModel.metadata) == []
    engine.dispose()


def test_migrations_go_down_and_up_again(fresh_database: Callable[[str], str]) -> None:
    url = fresh_database("opportunity")
    with psycopg.connect(url) as connection:
        connection.execute("SELECT next_approval_number(2026), next_approval_number(2027)")
    migrations.downgrade("opportunity", url)
    with psycopg.connect(url) as connection:
        left = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S', 'p')"
        ).fetchall()
    assert {row[0] for row in left} <= {"alembic_version"}
    migrations.upgrade("opportunity", url)


def test_no_number_is_given_out_twice_though_the_database_was_killed(durable_postgres: PostgresServer) -> None:
    url = durable_postgres.fresh_database("opportunity")

    def number() -> int:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT next_approval_number(2026)").fetchone()
        assert row is not None
        return int(row[0])

    given = [number() for _ in range(3)]
    durable_postgres.kill()
    durable_postgres.start()
    given += [number() for _ in range(3)]
    assert given == sorted(set(given))


async def test_requests_that_wait_since_before_the_ledger_kept_their_start_can_be_started_again(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    await world.request(rep, stages=[{"name": "承認", "approverIds": [approver.id]}])
    [kept] = await world.rows("SELECT start FROM processes")
    migration = importlib.import_module("services.opportunity.migrations.versions.0003_lost_processes")
    async with world.db.transaction(world.system) as uow:
        await uow.execute("UPDATE processes SET start = NULL")
        await uow.execute(migration.STARTS_OF_APPROVALS)
    [made] = await world.rows("SELECT start FROM processes")
    known = {"ProcessType", "ResourceId"}
    kept["start"]["search"] = {name: value for name, value in kept["start"]["search"].items() if name in known}
    assert made == kept
