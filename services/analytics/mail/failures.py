"""Addresses that take no mail: learned from refusals and bounces, kept as a keyed hash, as the address is auth's."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.analytics.mail.repository import MailState
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.running import clock
from services.kit.running.keyring import Keyring
from services.kit.trust.crypto import tags

_PURPOSE: Final = "mail-address"
LISTED: Final = 200
LATELY: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class AddressHashes:
    """Tells whether two addresses are the same without keeping one."""

    keys: Keyring

    def of(self, address: str) -> list[bytes]:
        """By each key, the newest first: to keep is the first, any of them may have been kept."""
        return tags(self.keys, _PURPOSE, address.casefold().encode())


async def remember(uow: UnitOfWork, user_id: UUID, address_hash: bytes, reason: str) -> None:
    """Keeps the first time and the newest reason."""
    await uow.execute(
        "INSERT INTO mail_failures AS f (user_id, address_hash, since, reason) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (user_id) DO UPDATE SET address_hash = excluded.address_hash, reason = excluded.reason,"
        " since = CASE WHEN f.address_hash = excluded.address_hash THEN f.since ELSE excluded.since END",
        [user_id, address_hash, clock.now(), reason],
    )


async def of(reader: Reader, user_id: UUID) -> Row | None:
    return await reader.one("SELECT address_hash, since, reason FROM mail_failures WHERE user_id = %s", [user_id])


async def forget(uow: UnitOfWork, user_id: UUID) -> bool:
    return await uow.execute("DELETE FROM mail_failures WHERE user_id = %s", [user_id]) > 0


async def everybody(reader: Reader) -> list[Row]:
    """The newest first, with names."""
    return await reader.all(
        'SELECT f.user_id AS "userId", u.name, f.since, f.reason FROM mail_failures f'
        " LEFT JOIN user_copies u ON u.id = f.user_id ORDER BY f.since DESC, f.user_id LIMIT %s",
        [LISTED],
    )


async def counts(reader: Reader) -> dict[str, int]:
    """Mails that wait, and those of the last days by state."""
    rows = await reader.all(
        "SELECT state, count(*) AS count FROM mails WHERE next_at IS NOT NULL OR finished_at >= %s GROUP BY state",
        [clock.now() - LATELY],
    )
    found = {row["state"]: row["count"] for row in rows}
    return {state.value: found.get(state, 0) for state in MailState}
