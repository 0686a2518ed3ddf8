"""What auth's endpoints share beside the kit: ``app.state.auth``."""

import unicodedata
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from services.auth.hashing import Hashing
from services.auth.settings import AuthSettings
from services.auth.signing import SigningKeys
from services.kit.text.email import email_address


@dataclass(frozen=True, slots=True)
class Auth:
    settings: AuthSettings
    keys: SigningKeys
    hashing: Hashing


def normal_email(email: str) -> str:
    """One person, one spelling: as it is stored, and as it is looked up at a sign-in, where it may be no address."""
    try:
        return email_address(email).lower()
    except PydanticCustomError:
        return unicodedata.normalize("NFKC", email).strip().lower()
