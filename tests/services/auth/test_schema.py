"""Auth's migrations and its models say the same, and can be taken back."""

import psycopg
from sqlalchemy import create_engine, inspect

from services.auth.models import TABLES
from services.kit.db import migrations
from tests.support.postgres import PostgresServer


def test_the_tables_have_the_columns_that_the_models_name(postgres: PostgresServer) -> None:
    url = postgres.fresh_database("auth")
    inspector = inspect(create_engine(url.replace("postgresql://", "postgresql+psycopg://")))
    for table in TABLES.metadata.sorted_tables:
        migrated = {c["name"]: (str(c["type"]), c["nullable"]) for c in inspector.get_columns(table.name)}
        declared = {c.name: bool(c.nullable) for c in table.columns}
        assert {name: nullable for name, (_, nullable) in migrated.items()} == declared, table.name


def test_the_schema_can_be_taken_back_and_made_again(postgres: PostgresServer) -> None:
    url = postgres.empty_database("auth_down")
    migrations.upgrade("auth", url)
    migrations.downgrade("auth", url)
    with psycopg.connect(url) as connection:
        left = connection.execute(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'"
        ).fetchone()
    assert left == (0,)
    migrations.upgrade("auth", url)
