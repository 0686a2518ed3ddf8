"""Tables and models drift apart, or a migration can't be taken back."""

from collections.abc import Callable

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from services.analytics.models import READ_MODEL, AnalyticsModel
from services.kit import migrations

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
