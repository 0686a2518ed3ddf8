"""The `migrate` job: databases of the five services made and brought to their newest schema.

On most starts nothing has changed. Then a look into each database is enough, and Alembic is not even imported.
"""

import hashlib
import importlib
import os
import sys
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg

import services
from deploy.databases import roles
from deploy.databases.names import ADMIN_URL, LOGINS, SERVICES
from deploy.embedded.children.gate import wait_for_start
from deploy.embedded.state.home import Home, read_json, write_json

CONNECT_SECONDS = 10
SERVICE_ROOT = Path(services.__file__ or "").parent


@dataclass(frozen=True, slots=True)
class State:
    """What a database was migrated from and to. The month counts: an upgrade also makes the outbox's next ones."""

    digest: str
    revision: str | None
    month: str


def main() -> None:
    importlib.import_module("psycopg.pq")  # loaded while the server still starts
    home = Home.from_environment()
    wait_for_start(sys.argv)
    bring_up_to_date(home)


def bring_up_to_date(home: Home) -> None:
    """Make what is missing and migrate what is behind. Needs the job's environment (see supervisor)."""
    if not roles.are_there(os.environ[ADMIN_URL]):
        roles.bring_up(os.environ[ADMIN_URL], {role: os.environ[variable] for role, variable in LOGINS.items()})
    migrated = read_json(_record(home))
    for service in filter(has_migrations, SERVICES):
        url = os.environ[f"RINGI_{service.upper()}_DATABASE_URL"]
        found = State(schema_digest(service), current_revision(url), f"{datetime.now(UTC):%Y-%m}")
        if found.revision is not None and migrated.get(service) == asdict(found):
            continue
        print(f"progress: {service}", flush=True)  # noqa: T201 - the protocol between a job and the supervisor
        importlib.import_module("services.kit.db.migrations").upgrade(service, url)
        migrated[service] = asdict(replace(found, revision=current_revision(url)))
        write_json(_record(home), migrated)


def forget(home: Home) -> None:
    """The databases are not what was recorded any more."""
    _record(home).unlink(missing_ok=True)


def _record(home: Home) -> Path:
    return home.path / "migrated.json"


def has_migrations(service: str) -> bool:
    return migrations_folder(service).is_dir()


def migrations_folder(service: str) -> Path:
    return SERVICE_ROOT / service / "migrations"


def schema_digest(service: str) -> str:
    """Of all files that a service's migrations are made of, the kit's included."""
    kit = [SERVICE_ROOT / "kit" / "db" / name for name in ("schema.py", "grants.py")]
    files = [*sorted(migrations_folder(service).rglob("*.py")), *kit]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def current_revision(url: str) -> str | None:
    """The Alembic revision that the database is at, None before the first migration."""
    with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as connection:
        known = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
        if known is None or known[0] is None:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


if __name__ == "__main__":
    main()
