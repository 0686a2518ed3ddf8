"""`ringi roles`: databases and database roles, each with its own password. Safe to repeat."""

import os
from pathlib import Path

import psycopg

from deploy.cli.terminal import console, fail
from deploy.databases.names import ADMIN_URL, LOGINS
from deploy.databases.roles import bring_up
from services.kit.running.settings import USUAL_PASSWORDS


def command() -> None:
    """Make databases and roles that are missing, hand tables over to their owner, set the passwords.

    Reads RINGI_ADMIN_DATABASE_URL (a role that may create databases and roles; a superuser is not needed) and a
    password a role: RINGI_MIGRATOR_PASSWORD, RINGI_AUTH_PASSWORD and so on. Each may stand in a file: …_FILE.
    """
    admin = _secret(ADMIN_URL)
    passwords = {role: _secret(variable) for role, variable in LOGINS.items()}
    weak = [variable for role, variable in LOGINS.items() if passwords[role] in {*USUAL_PASSWORDS, role}]
    if weak:
        fail(f"{weak[0]} is a password that anybody would try.", "Choose random ones: ringi keys generate")
    try:
        done = bring_up(admin, passwords)
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        fail(f"PostgreSQL refused: {reason}", "See what the administrator's role needs: docs/ops.md, Database roles")
    for change in done:
        console().print(f"✓ {change}")


def _secret(variable: str) -> str:
    path = os.environ.get(f"{variable}_FILE")
    try:
        value = Path(path).read_text().strip() if path else os.environ.get(variable, "")
    except OSError as error:
        fail(f"{variable}_FILE can't be read: {error.strerror}.", "Name a file that this process may read.")
    if not value:
        fail(f"{variable} is not set.", "Make passwords: ringi keys generate --env-file .env")
    return value
