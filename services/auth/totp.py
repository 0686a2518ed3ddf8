"""Time-based one-time passwords (RFC 6238: SHA-1, 6 digits, 30 s) and recovery codes."""

import hmac
import secrets
import unicodedata
from typing import Final
from uuid import UUID

import pyotp

from services.kit.running import clock
from services.kit.running.keyring import Keyring
from services.kit.trust.crypto import open_sealed, resealed, seal, tags

ISSUER: Final = "Ringi CRM"
DIGITS: Final = 6
STEP_SECONDS: Final = 30
DRIFT_STEPS: Final = 1
"""A phone's clock may be half a minute off."""
RECOVERY_CODES: Final = 10
RECOVERY_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # pragma: allowlist secret
RECOVERY_LENGTH: Final = 12
"""60 bits: can't be guessed online, and needs no slow hash."""
_SECRET_PURPOSE: Final = "totp-secret"  # noqa: S105 - a purpose, not a secret
_CODE_PURPOSE: Final = "recovery-code"


def new_secret() -> str:
    """160 random bits in base32."""
    return pyotp.random_base32()


def seal_secret(keys: Keyring, user_id: UUID, secret: str) -> bytes:
    return seal(keys, _SECRET_PURPOSE, secret.encode(), bound_to=user_id.bytes)


def open_secret(keys: Keyring, user_id: UUID, sealed: bytes) -> str:
    return open_sealed(keys, _SECRET_PURPOSE, sealed, bound_to=user_id.bytes).decode()


def resealed_secret(keys: Keyring, user_id: UUID, sealed: bytes) -> bytes | None:
    """Sealed with the newest key; None where it is already."""
    return resealed(keys, _SECRET_PURPOSE, sealed, bound_to=user_id.bytes)


def provisioning_uri(secret: str, email: str) -> str:
    """What the authenticator's QR code holds."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def as_meant(code: str) -> str:
    """Without spaces and hyphens, and half-width: an input method may have left full-width digits and letters."""
    return unicodedata.normalize("NFKC", code).replace("-", "").replace(" ", "")


def matching_step(secret: str, code: str) -> int | None:
    """The time step whose code this is, within the drift; None for a wrong code."""
    code = as_meant(code)
    if not code.isascii():
        return None
    now = int(clock.now().timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    found = None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            found = step
    return found


def new_recovery_codes() -> list[str]:
    """Shown once; each counts once."""
    return ["".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]


def recovery_hashes(keys: Keyring, code: str) -> list[bytes]:
    """By each key, the newest first. Keyed, so that a stolen table can't even be searched; spaces, hyphens and case
    don't count."""
    return tags(keys, _CODE_PURPOSE, as_meant(code).upper().encode())
