"""Keys for tests, another one for each purpose: what takes the wrong one fails here too."""

from typing import Final

from frontend.ui.keys import Keyring

SERVICE_PURPOSES: Final = ("internal", "answer", "cursor", "signing", "factor", "evidence", "mail", "webhook")
FRONTEND_PURPOSES: Final = ("session", "identity")


def key_for(purpose: str) -> str:
    return f"test-only-{purpose}-key-of-forty-characters"


SERVICE_KEYS: Final = {f"{purpose}_keys": key_for(purpose) for purpose in SERVICE_PURPOSES}
"""By the name of the setting, as of a ``ServiceSettings``."""
FRONTEND_KEYS: Final = {f"{purpose}_keys": Keyring(key_for(purpose)) for purpose in FRONTEND_PURPOSES}
KEY_VARIABLES: Final = {
    f"RINGI_{purpose.upper()}_KEYS": key_for(purpose) for purpose in (*SERVICE_PURPOSES, *FRONTEND_PURPOSES)
}
