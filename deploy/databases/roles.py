"""Databases and roles, made or brought to what they should be; safe to repeat, also to give new passwords.

- ``ringi_owner`` owns databases and tables. Nobody signs in as it.
- ``ringi_migrator`` signs in to migrate and to mend, and acts as the owner.
- ``ringi_auth`` and its four sisters are what the services run as: rows of their own database, nothing else
  (`services.kit.db.grants`).
"""

from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg import sql

from deploy.databases.names import LOGINS, MIGRATOR, OWNER, SERVICES, database_name
from services.kit.db import grants

CONNECT_SECONDS: Final = 10

Connection = psycopg.Connection[tuple[object, ...]]


def bring_up(admin_url: str, passwords: Mapping[str, str]) -> list[str]:
    """Makes what is missing and sets the passwords (by role); returns what was changed, in words.

    ``admin_url``: of a role that may create databases and roles; it need not be a superuser. Databases of the time when
    services owned their tables are handed over to the owner.
    """
    with psycopg.connect(admin_url, autocommit=True, connect_timeout=CONNECT_SECONDS) as admin:
        done = _make_roles(admin, passwords)
        for service in SERVICES:
            done += _make_database(admin, service)
            with psycopg.connect(
                admin_url, dbname=database_name(service), autocommit=True, connect_timeout=CONNECT_SECONDS
            ) as inside:
                done += _hand_over(inside, service)
    return done


def are_there(admin_url: str) -> bool:
    """Whether every role and database exists."""
    with psycopg.connect(admin_url, autocommit=True, connect_timeout=CONNECT_SECONDS) as admin:
        roles = [OWNER, *LOGINS]
        row = admin.execute(
            "SELECT (SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s)) = %s AND"
            " (SELECT count(*) FROM pg_database WHERE datname = ANY(%s) AND datdba = to_regrole(%s)) = %s",
            [roles, len(roles), [database_name(service) for service in SERVICES], OWNER, len(SERVICES)],
        ).fetchone()
    return row is not None and bool(row[0])


def _make_roles(admin: Connection, passwords: Mapping[str, str]) -> list[str]:
    done = []
    present = {row[0] for row in admin.execute("SELECT rolname FROM pg_roles")}
    for role in (OWNER, *LOGINS):
        name = sql.Identifier(role)
        if role not in present:
            admin.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(name))
            done.append(f"role {role} made")
        if role == OWNER:
            continue
        # Only its hash travels, so that no log of the server holds a password.
        verifier = admin.pgconn.encrypt_password(passwords[role].encode(), role.encode(), b"scram-sha-256").decode()
        admin.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(verifier)))
        done.append(f"password of {role} set")
    owner, migrator = sql.Identifier(OWNER), sql.Identifier(MIGRATOR)
    admin.execute(sql.SQL("GRANT {} TO {}").format(owner, migrator))
    admin.execute(sql.SQL("ALTER ROLE {} SET role TO {}").format(migrator, owner))
    _join(admin, OWNER)
    return done


def _join(admin: Connection, role: str) -> None:
    """To give something to a role, or to take it, one has to be a member. A superuser is one of all."""
    row = admin.execute("SELECT pg_has_role(%s, 'USAGE')", [role]).fetchone()
    if row is None or not row[0]:
        admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))


def _make_database(admin: Connection, service: str) -> list[str]:
    name, owner = sql.Identifier(database_name(service)), sql.Identifier(OWNER)
    row = admin.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [database_name(service)]
    ).fetchone()
    done = []
    if row is None:
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))
        done.append(f"database {database_name(service)} made")
    elif row[0] != OWNER:
        _join(admin, str(row[0]))
        admin.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, owner))
        done.append(f"database {database_name(service)} handed over by {row[0]}")
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    who = sql.SQL(", ").join(map(sql.Identifier, (MIGRATOR, grants.role_of(service))))
    admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, who))
    return done


def _hand_over(inside: Connection, service: str) -> list[str]:
    """What somebody else owns in the database becomes the owner's, and the service's role gets its rights: at once, so
    that a running service never stands before closed tables."""
    done = []
    with inside.transaction():
        strangers = inside.execute(
            "SELECT DISTINCT pg_get_userbyid(c.relowner) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relowner <> to_regrole(%s)"
            " AND c.relowner <> 10",  # the server's first superuser: extensions are its own
            [OWNER],
        ).fetchall()
        for (stranger,) in strangers:
            _join(inside, str(stranger))
            inside.execute(
                sql.SQL("REASSIGN OWNED BY {} TO {}").format(sql.Identifier(str(stranger)), sql.Identifier(OWNER))
            )
            done.append(f"tables of {database_name(service)} handed over by {stranger}")
        for statement, parameters in grants.statements(service):
            inside.execute(statement, parameters or None)
    return done
