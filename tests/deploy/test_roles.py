"""`ringi roles`: databases and roles, made by an administrator who is no superuser; what each role may and may not."""

import re
import secrets
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from deploy.databases.names import LOGINS, MIGRATOR, OWNER, SERVICES, database_name
from deploy.databases.roles import are_there, bring_up
from services.analytics.projections import shadow
from services.kit.db import grants, migrations
from services.kit.db.database import Database
from services.kit.running.context import ActorContext
from tests.support.postgres import PostgresServer, running_postgres

PASSWORDS = {role: secrets.token_hex(8) for role in LOGINS}
REFUSED = psycopg.errors.InsufficientPrivilege
AUDIT = {
    "auth": ("audit_log", "audit_chain", "audit_entries"),
    "customer": ("audit_entries",),
    "sales_activity": ("audit_entries",),
    "opportunity": ("audit_entries", "approval_history"),
    "analytics": ("audit_entries",),
}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """With databases of the former kind: auth owns its own, as before there was an owner."""
    with running_postgres() as running:
        running.admin("CREATE ROLE manager LOGIN CREATEDB CREATEROLE")
        for service in SERVICES:  # managed services make roles by their administrator's hand
            running.admin(f"DROP ROLE {grants.role_of(service)}")
        with psycopg.connect(admin_url(running), autocommit=True) as manager:
            manager.execute("CREATE ROLE ringi_auth LOGIN")
            manager.execute("GRANT ringi_auth TO CURRENT_USER")
            manager.execute("CREATE DATABASE ringi_auth OWNER ringi_auth")
        migrations.upgrade("auth", url(running, "auth", "ringi_auth"))
        bring_up(admin_url(running), PASSWORDS)
        for service in SERVICES:
            migrations.upgrade(service, url(running, service, MIGRATOR))
        yield running


def admin_url(server: PostgresServer) -> str:
    return url(server, "", "manager").removesuffix("ringi_") + "postgres"


def url(server: PostgresServer, service: str, role: str) -> str:
    return server.url(database_name(service)).replace("//postgres@", f"//{role}@")


def as_role(server: PostgresServer, service: str, role: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url(server, service, role), autocommit=True)


def test_it_can_be_repeated_and_gives_new_passwords(server: PostgresServer) -> None:
    def verifier() -> object:
        with psycopg.connect(server.url("postgres")) as connection:
            return connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'ringi_auth'").fetchone()

    before = verifier()
    done = bring_up(admin_url(server), PASSWORDS | {"ringi_auth": "another password"})
    assert {change for change in done if not change.startswith("password of ")} == set()
    assert verifier() != before
    assert are_there(server.url("postgres"))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_owns_nothing_and_writes_its_rows(server: PostgresServer, service: str) -> None:
    with as_role(server, service, grants.role_of(service)) as connection:
        owned = connection.execute("SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = current_user")
        assert owned.fetchone() == (0,)
        rights = connection.execute(
            "SELECT bool_and(has_table_privilege(c.oid, 'SELECT')), bool_or(has_table_privilege(c.oid, 'TRUNCATE'))"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')"
            " AND NOT c.relispartition AND n.nspname IN ('public', 'read_model')"
        ).fetchone()
        assert rights == (True, False)
        connection.execute("INSERT INTO inbox (consumer, event_id) VALUES ('x', gen_random_uuid())")
        connection.execute("DELETE FROM inbox")
        for statement in (
            "CREATE TABLE mine ()",
            "CREATE SCHEMA mine",
            "DROP TABLE inbox",
            "CREATE TEMP TABLE mine ()",
        ):
            with pytest.raises(REFUSED):
                connection.execute(statement)
        with pytest.raises(REFUSED):
            connection.execute("UPDATE alembic_version SET version_num = '0000'")


@pytest.mark.parametrize(("service", "table"), [(s, table) for s, tables in AUDIT.items() for table in tables])
def test_the_audit_is_only_ever_written_to_and_read(server: PostgresServer, service: str, table: str) -> None:
    with as_role(server, service, grants.role_of(service)) as connection:
        given = connection.execute(
            "SELECT array_agg(p) FROM unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,TRIGGER}'::text[]) AS p"
            " WHERE has_table_privilege(%s, p)",
            [table],
        ).fetchone()
        assert given == (["SELECT", "INSERT"],)
        with pytest.raises(REFUSED):
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        with pytest.raises(REFUSED):
            connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER ALL").format(sql.Identifier(table)))
    with as_role(server, service, MIGRATOR) as owner, pytest.raises(REFUSED, match="only ever inserted"):
        owner.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_makes_months_of_the_outbox_and_gets_into_no_other_database(
    server: PostgresServer, service: str
) -> None:
    role = grants.role_of(service)
    with as_role(server, service, role) as connection:
        made = connection.execute("SELECT ensure_outbox_partitions('2041-01-01'::date, 2)").fetchone()
        assert made == (2,)
        owner = connection.execute(
            "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'outbox_204101'::regclass"
        ).fetchone()
        assert owner == (OWNER,)
    for other in set(SERVICES) - {service}:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            as_role(server, other, role)


def test_opportunity_numbers_requests_of_a_new_year(server: PostgresServer) -> None:
    with as_role(server, "opportunity", "ringi_opportunity") as connection:
        [(name,)] = connection.execute(
            "SELECT oid::regproc::text FROM pg_proc WHERE prosrc ~ 'CREATE SEQUENCE'"
        ).fetchall()
        taken = [connection.execute(sql.SQL("SELECT {}(2041)").format(sql.Identifier(str(name)))) for _ in range(2)]
        assert [row.fetchone() for row in taken] == [(1,), (2,)]


def test_nobody_signs_in_as_the_owner(server: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        as_role(server, "auth", OWNER)


def test_who_migrates_acts_as_the_owner(server: PostgresServer) -> None:
    with as_role(server, "analytics", MIGRATOR) as connection:
        assert connection.execute("SELECT current_user, session_user").fetchone() == (OWNER, MIGRATOR)


def test_passwords_reach_the_server_as_hashes_only(server: PostgresServer) -> None:
    with psycopg.connect(server.url("postgres")) as connection:
        stored = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = ANY(%s)", [list(LOGINS)])
        assert all(re.match(r"SCRAM-SHA-256\$", str(row[0])) for row in stored.fetchall())


async def test_a_rebuilt_read_model_is_the_services_to_read_and_write(server: PostgresServer) -> None:
    async with Database(url(server, "analytics", MIGRATOR), name="analytics") as db:
        async with db.transaction(ActorContext.system()) as uow:
            await shadow.create(uow)
            await shadow.finish(uow)
            await shadow.exchange(uow)
        async with db.transaction(ActorContext.system()) as uow:
            await shadow.drop(uow)
    with as_role(server, "analytics", "ringi_analytics") as connection:
        rights = connection.execute(
            "SELECT count(*) > 0, bool_and(has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'DELETE'))"
            " FROM pg_class WHERE relnamespace = 'read_model'::regnamespace AND relkind = 'r'"
        ).fetchone()
        assert rights == (True, True)
