"""The tables that the migrations make are those that the models say, and going down leaves nothing."""

from collections.abc import Callable
from typing import Any

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from services.customer.models import CustomerModel
from services.kit.db import migrations
from services.kit.db.schema import KIT_SCHEMA
from tests.support.postgres import PostgresServer


def _of_the_kit(table: str) -> bool:
    return f"CREATE TABLE {table} " in KIT_SCHEMA or table.startswith("outbox_") or table == migrations.VERSION_TABLE


def _about_a_comment(difference: Any) -> bool:
    """Comments are for readers of the database; the models have docstrings."""
    first = difference[0] if isinstance(difference, list) else difference
    return str(first[0]).endswith("comment")


def test_migrations_and_models_describe_the_same_tables(fresh_database: Callable[[str], str]) -> None:
    engine = create_engine(fresh_database("customer").replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_object": lambda _object, name, kind, _reflected, _other: (
                    not (kind == "table" and _of_the_kit(name))
                ),
            },
        )
        differences = compare_metadata(context, CustomerModel.metadata)
    engine.dispose()
    assert [difference for difference in differences if not _about_a_comment(difference)] == []


def test_going_down_leaves_no_table(postgres: PostgresServer) -> None:
    url = postgres.empty_database()
    migrations.upgrade("customer", url)
    migrations.downgrade("customer", url)
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        functions = connection.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        ).fetchall()
    assert {name for (name,) in tables} <= {migrations.VERSION_TABLE}
    assert functions == []
