"""Secrets of one state folder: generated at its first start, readable by its owner only."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from deploy.embedded.errors import StartError
from deploy.embedded.state.home import Home, read_json, write_json

DEFAULT_DEMO_PASSWORD = "ringi-demo-2026"  # noqa: S105 - public on purpose: the embedded run listens on loopback only
PASSWORD_LENGTHS = range(8, 129)
PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Secrets:
    secret_key: str
    postgres_password: str
    service_password: str
    demo_password: str

    @classmethod
    def load(cls, home: Home, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the folder's secrets, or make them. The demo password is fixed by the first start: the accounts are
        seeded with it, and a later RINGI_DEMO_PASSWORD does not change accounts that exist."""
        stored = read_json(home.secrets_file)
        if stored:
            return cls(**stored)
        demo = environ.get("RINGI_DEMO_PASSWORD") or DEFAULT_DEMO_PASSWORD
        if len(demo) not in PASSWORD_LENGTHS:
            raise StartError(
                "RINGI_DEMO_PASSWORD must have 8 to 128 characters.", "Choose a longer one, or leave it unset."
            )
        made = cls(
            secret_key=secrets.token_urlsafe(48),
            postgres_password=secrets.token_hex(24),
            service_password=secrets.token_hex(24),
            demo_password=demo,
        )
        write_json(home.secrets_file, asdict(made), mode=PRIVATE)
        return made
