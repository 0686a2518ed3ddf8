"""Secrets of one state folder: generated at its first start, readable by its owner only."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from deploy.databases.names import LOGINS
from deploy.embedded.errors import StartError
from deploy.embedded.state.home import Home, read_json, write_json
from deploy.keys.purposes import FLEETING, PURPOSES
from deploy.keys.rings import new_key

FORMER_KEY = "secret_key"
"""Folders of earlier versions have one key for everything. It goes on opening what it sealed there."""
DEFAULT_DEMO_PASSWORD = "ringi-demo-2026"  # noqa: S105 - public on purpose: the embedded run listens on loopback only
DEMO_PASSWORD_VARIABLE = "RINGI_DEMO_PASSWORD"  # noqa: S105 - the name of one
PASSWORD_LENGTHS = range(8, 129)
PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Secrets:
    """``keys``: rings by purpose, the newest key first; ``roles``: passwords of the database roles that sign in."""

    keys: dict[str, str]
    postgres_password: str
    roles: dict[str, str]
    demo_password: str

    @classmethod
    def load(cls, home: Home) -> Self:
        """Those of a folder in which a run was started, completed by what its version did not have yet."""
        stored = read_json(home.secrets_file)
        found = cls(**_completed(stored))
        if asdict(found) != stored:
            write_json(home.secrets_file, asdict(found), mode=PRIVATE)
        return found

    @classmethod
    def settle(cls, home: Home, environ: Mapping[str, str] = os.environ) -> Self:
        """What a start goes by: the folder's secrets, made where they are missing.

        The demo password is fixed by the start that makes the demo accounts with it. Until then (a start that failed,
        or was about the infrastructure only) each start chooses it anew; later RINGI_DEMO_PASSWORD changes nothing.
        """
        stored = read_json(home.secrets_file)
        if stored and home.has_first_data:
            return cls.load(home)
        demo = environ.get(DEMO_PASSWORD_VARIABLE) or DEFAULT_DEMO_PASSWORD
        if len(demo) not in PASSWORD_LENGTHS:
            raise StartError(
                "RINGI_DEMO_PASSWORD must have 8 to 128 characters.", "Choose a longer one, or leave it unset."
            )
        made = cls(**_completed(stored) | {"demo_password": demo})
        write_json(home.secrets_file, asdict(made), mode=PRIVATE)
        return made

    def ignores(self, environ: Mapping[str, str] = os.environ) -> bool:
        """Whether the environment asks for another demo password than the accounts have."""
        return environ.get(DEMO_PASSWORD_VARIABLE, self.demo_password) != self.demo_password


def _completed(stored: Mapping[str, Any]) -> dict[str, Any]:
    """With a key for each purpose and a password for each role, made where there is none."""
    former = stored.get(FORMER_KEY)
    keys, roles = stored.get("keys", {}), stored.get("roles", {})
    return {
        "keys": {p.name: keys.get(p.name) or _ring(None if p.name in FLEETING else former) for p in PURPOSES},
        "postgres_password": stored.get("postgres_password") or secrets.token_hex(24),
        "roles": {role: roles.get(role) or secrets.token_hex(24) for role in LOGINS},
        "demo_password": stored.get("demo_password", ""),
    }


def _ring(former: str | None) -> str:
    return ",".join([new_key(), *([former] if former else [])])
