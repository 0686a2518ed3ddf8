"""Signing keys: made here, sealed in the database, retired with an overlap; and the tokens that they sign."""

import base64
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.auth import audit_heads
from services.auth.record import Session, User
from services.auth.settings import ACCESS_TOKEN_LIFETIME, SIGNING_KEY_LIFETIME, SIGNING_KEY_OVERLAP
from services.kit.db.database import Database
from services.kit.db.unit_of_work import Row, UnitOfWork
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.keyring import Keyring
from services.kit.trust.crypto import open_sealed, resealed, seal
from services.kit.trust.tokens import ACCESS_TOKEN_TYPE, ALGORITHM

KEY_PURPOSE: Final = "signing-key"
KEYS_LOCK: Final = 7_121_103
"""Advisory lock: two processes that start at once make one key."""
RELOAD_SECONDS: Final = 60.0
UNKNOWN_KID_SECONDS: Final = 1.0


class SigningKeys:
    """All keys of this issuer, from its own database; also the KeySource that verifies here."""

    def __init__(self, db: Database, keys: Keyring) -> None:
        self._db = db
        self._sealing = keys
        self._public: dict[str, Ed25519PublicKey] = {}
        self._active: tuple[str, Ed25519PrivateKey] | None = None
        self._loaded_at: float | None = None

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        found = self._public.get(kid)
        if found is None and (self._loaded_at is None or time.monotonic() - self._loaded_at > UNKNOWN_KID_SECONDS):
            await self._load()
            found = self._public.get(kid)
        return found

    async def jwks(self) -> dict[str, Any]:
        """The JWKS document (RFC 7517, RFC 8037)."""
        await self._refresh()
        return {
            "keys": [
                {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": ALGORITHM, "kid": kid, "x": _base64url(key)}
                for kid, key in self._public.items()
            ]
        }

    async def sign(self, claims: Mapping[str, Any], *, typ: str = ACCESS_TOKEN_TYPE) -> str:
        return (await self.signer(typ))[1](claims)

    async def signer(self, typ: str) -> tuple[str, Callable[[Mapping[str, Any]], str]]:
        """The present key's id, and how it signs: for who must not wait between two words."""
        await self._refresh()
        if self._active is None:
            await self.ensure()
        assert self._active is not None, "ensure() makes a key"
        kid, private = self._active

        def sign(claims: Mapping[str, Any]) -> str:
            return jwt.encode(dict(claims), private, ALGORITHM, headers={"typ": typ, "kid": kid})

        return kid, sign

    async def ensure(self) -> None:
        """Make the first key, or the next one when the present one has served its time."""
        async with self._db.transaction(ActorContext.system()) as uow:
            await uow.execute("SELECT pg_advisory_xact_lock(%s)", [KEYS_LOCK])
            created = await uow.scalar("SELECT created_at FROM signing_keys WHERE retired_at IS NULL")
            if created is None or created < clock.now() - SIGNING_KEY_LIFETIME:
                await self.rotate(uow)
        await self._load()

    async def rotate(self, uow: UnitOfWork) -> str:
        """Retire the present key and make the next one; tokens of the old one stay good until they expire."""
        now = clock.now()
        private = Ed25519PrivateKey.generate()
        kid = f"{now:%Y%m%d}-{uuid4().hex[:8]}"
        before = await uow.one("SELECT kid, sealed_private_key FROM signing_keys WHERE retired_at IS NULL FOR UPDATE")
        endorser = (kid, private) if before is None else (before["kid"], self._open(before))
        endorsement = audit_heads.introduction(kid, private.public_key(), *endorser)
        await uow.execute("UPDATE signing_keys SET retired_at = %s WHERE retired_at IS NULL", [now])
        await uow.execute(
            "UPDATE signing_keys SET sealed_private_key = NULL WHERE retired_at < %s", [now - SIGNING_KEY_OVERLAP]
        )
        await uow.execute(
            "INSERT INTO signing_keys (kid, sealed_private_key, public_key, endorsement, created_at)"
            " VALUES (%s, %s, %s, %s, %s)",
            [
                kid,
                seal(self._sealing, KEY_PURPOSE, private.private_bytes_raw(), bound_to=kid.encode()),
                private.public_key().public_bytes_raw(),
                endorsement,
                now,
            ],
        )
        return kid

    async def reseal(self) -> int:
        """Seals what is sealed with an earlier key of the ring with the newest; returns how many."""
        changed = 0
        async with self._db.transaction(ActorContext.system()) as uow:
            for row in await uow.all(
                "SELECT kid, sealed_private_key FROM signing_keys WHERE sealed_private_key IS NOT NULL FOR UPDATE"
            ):
                sealed = resealed(self._sealing, KEY_PURPOSE, row["sealed_private_key"], bound_to=row["kid"].encode())
                if sealed is not None:
                    changed += await uow.execute(
                        "UPDATE signing_keys SET sealed_private_key = %s WHERE kid = %s", [sealed, row["kid"]]
                    )
        return changed

    def _open(self, row: Row) -> Ed25519PrivateKey:
        raw = open_sealed(self._sealing, KEY_PURPOSE, row["sealed_private_key"], bound_to=row["kid"].encode())
        return Ed25519PrivateKey.from_private_bytes(raw)

    async def _refresh(self) -> None:
        if self._loaded_at is None or time.monotonic() - self._loaded_at > RELOAD_SECONDS:
            await self._load()

    async def _load(self) -> None:
        async with self._db.reader() as reader:
            rows = await reader.all(
                "SELECT kid, sealed_private_key, public_key, retired_at FROM signing_keys"
                " WHERE retired_at IS NULL OR retired_at > %s",
                [clock.now() - SIGNING_KEY_OVERLAP],
            )
        self._public = {row["kid"]: Ed25519PublicKey.from_public_bytes(row["public_key"]) for row in rows}
        self._active = None
        for row in rows:
            if row["retired_at"] is None:
                self._active = (row["kid"], self._open(row))
        self._loaded_at = time.monotonic()


def _base64url(key: Ed25519PublicKey) -> str:
    return base64.urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode()


async def access_token(
    keys: SigningKeys,
    user: User,
    session: Session,
    *,
    issuer: str,
    audience: str,
    roles: list[str],
) -> str:
    """A token of the session's user, issued at its last use and good for ACCESS_TOKEN_LIFETIME."""
    issued_at = session.last_used_at
    return await keys.sign(
        {
            "iss": issuer,
            "aud": audience,
            "sub": str(user.id),
            "sid": str(session.id),
            "jti": uuid4().hex,
            "roles": roles,
            # To the microsecond: a revocation of "all tokens until now" must not catch the one that follows at once.
            "iat": issued_at.timestamp(),
            "nbf": int(issued_at.timestamp()),
            "exp": int((issued_at + ACCESS_TOKEN_LIFETIME).timestamp()),
        }
    )
