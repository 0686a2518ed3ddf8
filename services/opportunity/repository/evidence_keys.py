"""The keys that sign dossiers."""

from datetime import datetime

from services.kit.db.database import Reader, Row, UnitOfWork


async def lock(uow: UnitOfWork) -> None:
    """Nobody else makes a key until the transaction ends."""
    await uow.execute("SELECT pg_advisory_xact_lock(hashtext('evidence_keys'))")


async def active(reader: Reader) -> Row | None:
    """``kid``, ``sealed_private_key``, ``created_at`` of the key that signs now."""
    return await reader.one(
        "SELECT kid, sealed_private_key, created_at FROM evidence_keys WHERE retired_at IS NULL"
        " ORDER BY created_at DESC LIMIT 1"
    )


async def replace(uow: UnitOfWork, *, kid: str, sealed: bytes, public_key: bytes, at: datetime) -> None:
    """The new key signs from now on; of those before it only the public half stays."""
    await uow.execute(
        "UPDATE evidence_keys SET retired_at = %s, sealed_private_key = NULL WHERE retired_at IS NULL", [at]
    )
    await uow.execute(
        "INSERT INTO evidence_keys (kid, sealed_private_key, public_key, created_at) VALUES (%s, %s, %s, %s)",
        [kid, sealed, public_key, at],
    )


async def reseal(uow: UnitOfWork, kid: str, sealed: bytes) -> None:
    await uow.execute("UPDATE evidence_keys SET sealed_private_key = %s WHERE kid = %s", [sealed, kid])


async def public(reader: Reader) -> list[Row]:
    """All keys that ever signed, the newest first, without what is secret."""
    return await reader.all(
        "SELECT kid, public_key, created_at, retired_at FROM evidence_keys ORDER BY created_at DESC, kid"
    )
