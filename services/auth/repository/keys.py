"""The history of signing keys, public parts only."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.auth.audit_heads import KeyOfHistory
from services.kit.db.unit_of_work import Reader


async def history(reader: Reader) -> list[KeyOfHistory]:
    """All keys that ever signed, oldest first."""
    rows = await reader.all("SELECT kid, public_key, endorsement FROM signing_keys ORDER BY created_at, kid")
    return [
        KeyOfHistory(row["kid"], Ed25519PublicKey.from_public_bytes(row["public_key"]), row["endorsement"])
        for row in rows
    ]


async def endorsement(reader: Reader, kid: str) -> str | None:
    """The introduction of a key; None for one that was made before keys were introduced."""
    told: str | None = await reader.scalar("SELECT endorsement FROM signing_keys WHERE kid = %s", [kid])
    return told
