"""Tables and models drift apart, or a migration can't be taken back."""

from collections.abc import Callable
from uuid import uuid4

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from services.analytics.models import READ_MODEL, AnalyticsModel
from services.kit.db import migrations

OWN = {table.name for table in AnalyticsModel.metadata.tables.values()}


def _own(item: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    return kind != "table" or name in OWN


def test_the_migrated_schema_is_that_of_the_models(fresh_database: Callable[[str], str]) -> None:
    url = fresh_database("analytics")
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _parents: kind != "schema" or name in (None, READ_MODEL),
        "include_object": _own,
        "compare_server_default": True,
    }
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts=options), AnalyticsModel.metadata)
    engine.dispose()
    assert found == []


def test_the_migration_can_be_taken_back_and_run_again(fresh_database: Callable[[str], str]) -> None:
    url = fresh_database("analytics")
    migrations.downgrade("analytics", url)
    with psycopg.connect(url) as connection:
        left = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
    assert left == [("public", "alembic_version")]
    migrations.upgrade("analytics", url)


def test_requests_from_before_have_the_number_that_their_approvers_were_told(
    fresh_database: Callable[[str], str],
) -> None:
    url = fresh_database("analytics")
    migrations.downgrade("analytics", url, "0001")
    request = uuid4()
    with psycopg.connect(url) as connection:
        for params in ('{"number": "RNG-2026-000161"}', '{"number": "RNG-2026-000161"}', "{}"):
            connection.execute(
                "INSERT INTO notifications (id, source_id, recipient_id, channel, type, params, resource_type,"
                " resource_id, created_at) VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'in_app',"
                " 'APPROVAL_WAITING', %s::jsonb, 'approval', %s, now())",
                [params, request],
            )
    migrations.upgrade("analytics", url)
    with psycopg.connect(url) as connection:
        known = connection.execute("SELECT id, number, aggregate_version FROM approval_copies").fetchall()
    assert known == [(request, "RNG-2026-000161", 0)]
