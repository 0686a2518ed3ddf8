"""Second factors and password resets."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.kit.db.unit_of_work import Reader, UnitOfWork
from services.kit.running import clock


async def save_secret(uow: UnitOfWork, user_id: UUID, sealed: bytes) -> None:
    """A secret that has yet to be confirmed by a first code."""
    await uow.execute(
        "UPDATE users SET totp_secret = %s, totp_confirmed_at = NULL, totp_last_step = NULL WHERE id = %s",
        [sealed, user_id],
    )


async def secrets(uow: UnitOfWork) -> list[tuple[UUID, bytes]]:
    """Everybody's, sealed; held until the transaction ends."""
    rows = await uow.all("SELECT id, totp_secret FROM users WHERE totp_secret IS NOT NULL ORDER BY id FOR UPDATE")
    return [(row["id"], row["totp_secret"]) for row in rows]


async def reseal(uow: UnitOfWork, user_id: UUID, sealed: bytes) -> None:
    await uow.execute("UPDATE users SET totp_secret = %s WHERE id = %s", [sealed, user_id])


async def confirm(uow: UnitOfWork, user_id: UUID, step: int) -> None:
    await uow.execute(
        "UPDATE users SET totp_confirmed_at = %s, totp_last_step = %s WHERE id = %s", [clock.now(), step, user_id]
    )


async def use_step(uow: UnitOfWork, user_id: UUID, step: int) -> bool:
    """False when this code, or a later one, was used before."""
    return bool(
        await uow.execute(
            "UPDATE users SET totp_last_step = %s WHERE id = %s AND coalesce(totp_last_step, -1) < %s",
            [step, user_id, step],
        )
    )


async def remove(uow: UnitOfWork, user_id: UUID) -> None:
    await uow.execute(
        "UPDATE users SET totp_secret = NULL, totp_confirmed_at = NULL, totp_last_step = NULL WHERE id = %s", [user_id]
    )
    await uow.execute("DELETE FROM recovery_codes WHERE user_id = %s", [user_id])


async def replace_recovery_codes(uow: UnitOfWork, user_id: UUID, hashes: Sequence[bytes]) -> None:
    await uow.execute("DELETE FROM recovery_codes WHERE user_id = %s", [user_id])
    await uow.execute(
        "INSERT INTO recovery_codes (user_id, code_hash) SELECT %s, unnest(%s::bytea[])", [user_id, list(hashes)]
    )


async def use_recovery_code(uow: UnitOfWork, user_id: UUID, hashes: Sequence[bytes]) -> bool:
    """False for a code that is wrong or was used. ``hashes``: of the one code, by each key."""
    return bool(
        await uow.execute(
            "UPDATE recovery_codes SET used_at = %s WHERE user_id = %s AND code_hash = ANY(%s) AND used_at IS NULL",
            [clock.now(), user_id, list(hashes)],
        )
    )


async def insert_reset(uow: UnitOfWork, *, token_hash: bytes, user_id: UUID, expires_at: datetime) -> None:
    """Earlier links of the user stop counting."""
    await uow.execute("DELETE FROM password_resets WHERE user_id = %s AND used_at IS NULL", [user_id])
    await uow.execute(
        "INSERT INTO password_resets (token_hash, user_id, expires_at) VALUES (%s, %s, %s)",
        [token_hash, user_id, expires_at],
    )


async def find_reset(reader: Reader, token_hash: bytes) -> UUID | None:
    """Whose link this is, if it would count now."""
    user_id: UUID | None = await reader.scalar(
        "SELECT user_id FROM password_resets WHERE token_hash = %s AND used_at IS NULL AND expires_at > %s",
        [token_hash, clock.now()],
    )
    return user_id


async def use_reset(uow: UnitOfWork, token_hash: bytes) -> UUID | None:
    """The user whose link this is; None when it is unknown, over, or was used."""
    now = clock.now()
    user_id: UUID | None = await uow.scalar(
        "UPDATE password_resets SET used_at = %s WHERE token_hash = %s AND used_at IS NULL AND expires_at > %s"
        " RETURNING user_id",
        [now, token_hash, now],
    )
    return user_id
