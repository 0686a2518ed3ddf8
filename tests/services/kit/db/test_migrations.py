"""A service's database can be migrated from nothing, again without harm, by two at once, and down again."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from services.kit.db import migrations
from tests.support.postgres import PostgresServer

ENV = "from services.kit.db.migrations import run\n\nrun()\n"
FIRST = """
from alembic import op
from services.kit.db.schema import KIT_SCHEMA, KIT_SCHEMA_DROP

revision, down_revision = "0001", None

def upgrade():
    op.execute(KIT_SCHEMA)

def downgrade():
    op.execute(KIT_SCHEMA_DROP)
"""
TABLES = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ENV)
    (folder / "versions" / "0001_kit.py").write_text(FIRST)
    return folder


def _tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute(TABLES)}


def test_two_processes_that_start_at_once_migrate_one_after_the_other(postgres: PostgresServer, scripts: Path) -> None:
    url = postgres.empty_database()
    code = (
        "import pathlib, sys; from services.kit.db.migrations import upgrade_scripts as upgrade;"
        "upgrade(pathlib.Path(sys.argv[1]), sys.argv[2])"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, str(scripts), url]) for _ in range(2)]
    assert [process.wait(60) for process in started] == [0, 0]
    tables = _tables(url)
    assert {"outbox", "intents", "inbox", "processes", "idempotency_keys"} <= tables
    assert sum(name.startswith("outbox_2") for name in tables) == 3


def test_going_down_leaves_nothing_of_the_kit_behind(postgres: PostgresServer, scripts: Path) -> None:
    url = postgres.empty_database()
    migrations.upgrade_scripts(scripts, url)
    migrations.downgrade_scripts(scripts, url)
    assert _tables(url) <= {"alembic_version"}
    migrations.upgrade_scripts(scripts, url)
    assert "outbox" in _tables(url)


def test_an_unknown_service_is_named(postgres: PostgresServer) -> None:
    with pytest.raises(LookupError, match="nonsense"):
        migrations.upgrade("nonsense", postgres.url("postgres"))
