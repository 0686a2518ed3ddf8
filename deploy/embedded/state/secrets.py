"""Secrets of one state folder: generated at its first start, readable by its owner only."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from deploy.embedded.errors import StartError
from deploy.embedded.state.home import Home, read_json, write_json

DEFAULT_DEMO_PASSWORD = "ringi-demo-2026"  # noqa: S105 - public on purpose: the embedded run listens on loopback only
DEMO_PASSWORD_VARIABLE = "RINGI_DEMO_PASSWORD"  # noqa: S105 - the name of one
PASSWORD_LENGTHS = range(8, 129)
PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Secrets:
    secret_key: str
    postgres_password: str
    service_password: str
    demo_password: str

    @classmethod
    def load(cls, home: Home) -> Self:
        """Those of a folder in which a run was started."""
        return cls(**read_json(home.secrets_file))

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
        kept = stored or {
            "secret_key": secrets.token_urlsafe(48),
            "postgres_password": secrets.token_hex(24),
            "service_password": secrets.token_hex(24),
        }
        made = cls(**kept | {"demo_password": demo})
        write_json(home.secrets_file, asdict(made), mode=PRIVATE)
        return made

    def ignores(self, environ: Mapping[str, str] = os.environ) -> bool:
        """Whether the environment asks for another demo password than the accounts have."""
        return environ.get(DEMO_PASSWORD_VARIABLE, self.demo_password) != self.demo_password
