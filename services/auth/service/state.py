"""What auth's endpoints share beside the kit: ``app.state.auth``."""

import unicodedata
from dataclasses import dataclass

from services.auth.hashing import Hashing
from services.auth.settings import AuthSettings
from services.auth.signing import SigningKeys


@dataclass(frozen=True, slots=True)
class Auth:
    settings: AuthSettings
    keys: SigningKeys
    hashing: Hashing


def normal_email(email: str) -> str:
    """One person, one spelling."""
    return unicodedata.normalize("NFKC", email).strip().lower()
