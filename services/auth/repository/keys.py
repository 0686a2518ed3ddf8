"""The history of signing keys, public parts only."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.kit.db.unit_of_work import Reader


async def public_keys(reader: Reader) -> dict[str, Ed25519PublicKey]:
    """All keys that ever signed, by id."""
    rows = await reader.all("SELECT kid, public_key FROM signing_keys")
    return {row["kid"]: Ed25519PublicKey.from_public_bytes(row["public_key"]) for row in rows}


async def endorsement(reader: Reader, kid: str) -> str | None:
    """The introduction of a key; None for one that was made before keys were introduced."""
    told: str | None = await reader.scalar("SELECT endorsement FROM signing_keys WHERE kid = %s", [kid])
    return told
