"""The migrations build what the models say, and take it away again."""

from collections.abc import Callable

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from services.kit.db import migrations
from services.sales_activity.models import SalesActivityModel
from tests.support.postgres import PostgresServer

OWN_TABLES = set(SalesActivityModel.metadata.tables)


def of_this_service(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """The kit's tables have no models."""
    return kind != "table" or name in OWN_TABLES


def test_migrations_and_models_agree(fresh_database: Callable[[str], str]) -> None:
    url = fresh_database("sales_activity").replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": of_this_service, "compare_type": True})
        assert compare_metadata(context, SalesActivityModel.metadata) == []
    engine.dispose()


def test_the_downgrade_leaves_nothing(postgres: PostgresServer) -> None:
    url = postgres.empty_database()
    migrations.upgrade("sales_activity", url)
    migrations.downgrade("sales_activity", url)
    migrations.upgrade("sales_activity", url)
    postgres.drop(url)
