"""The service's own keys for evidence: made here, sealed in the database, replaced when they have served their time."""

from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.kit.db.database import Reader, UnitOfWork
from services.kit.events import audit
from services.kit.running import clock
from services.kit.running.keyring import Keyring
from services.kit.running.logging import get_logger
from services.kit.trust.crypto import SealBrokenError, open_sealed, resealed, seal
from services.opportunity.dossier import Signer, fingerprint, jwk
from services.opportunity.repository import evidence_keys

KEY_PURPOSE: Final = "evidence-key"
KEY_LIFETIME: Final = timedelta(days=365)
_log = get_logger("evidence")


async def signer(uow: UnitOfWork, keys: Keyring) -> Signer:
    """The key that signs now; a new one where there is none yet, or the present one has served its time or does not
    open, as its key was replaced.

    Another replica may replace it before this transaction ends: ``dossier_check.KEY_SLACK`` allows for that.
    """
    found = await _in_use(uow, keys)
    if found is not None:
        return found
    await evidence_keys.lock(uow)
    # Whoever held the lock may have made one.
    return await _in_use(uow, keys) or await rotate(uow, keys)


async def _in_use(uow: UnitOfWork, keys: Keyring) -> Signer | None:
    row = await evidence_keys.active(uow)
    if row is None or row["created_at"] < clock.now() - KEY_LIFETIME:
        return None
    try:
        raw = open_sealed(keys, KEY_PURPOSE, row["sealed_private_key"], bound_to=row["kid"].encode())
    except SealBrokenError:
        _log.warning("the evidence key does not open with the present keys; it is replaced", kid=row["kid"])
        return None
    return Signer(row["kid"], Ed25519PrivateKey.from_private_bytes(raw))


async def rotate(uow: UnitOfWork, keys: Keyring) -> Signer:
    """Retire the present key and make the next one. What the old one signed verifies as before."""
    now = clock.now()
    made = Signer(f"evidence-{now:%Y%m%d}-{uuid4().hex[:8]}", Ed25519PrivateKey.generate())
    sealed = seal(keys, KEY_PURPOSE, made.private.private_bytes_raw(), bound_to=made.key_id.encode())
    await evidence_keys.replace(uow, kid=made.key_id, sealed=sealed, public_key=made.public, at=now)
    await audit.record_audit(
        uow,
        action="evidence_key.create",
        resource_type="evidence_key",
        resource_id=None,
        detail={"kid": made.key_id, "fingerprint": fingerprint(made.public)},
    )
    return made


async def reseal(uow: UnitOfWork, keys: Keyring) -> int:
    """Seals the key that signs now with the newest key of the ring, where an earlier one sealed it; returns how many.
    Raises SealBrokenError."""
    await evidence_keys.lock(uow)
    row = await evidence_keys.active(uow)
    if row is None:
        return 0
    sealed = resealed(keys, KEY_PURPOSE, row["sealed_private_key"], bound_to=row["kid"].encode())
    if sealed is None:
        return 0
    await evidence_keys.reseal(uow, row["kid"], sealed)
    return 1


async def public_keys(reader: Reader) -> dict[str, Any]:
    """The answer of ``GET /approvals/evidence-keys``."""
    return {
        "keys": [
            jwk(row["kid"], bytes(row["public_key"]))
            | {
                "status": "ACTIVE" if row["retired_at"] is None else "RETIRED",
                "createdAt": row["created_at"],
                "retiredAt": row["retired_at"],
            }
            for row in await evidence_keys.public(reader)
        ]
    }
