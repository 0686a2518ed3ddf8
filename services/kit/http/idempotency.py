"""Idempotency-Key: one key, one effect, one answer, for 24 hours, per caller and route."""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from psycopg.types.json import Jsonb
from starlette.requests import Request
from starlette.responses import Response

from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import IdempotencyMismatch, InFlight, Text, Unprocessable
from services.kit.running import clock
from services.kit.running.keyring import Keyring
from services.kit.trust.crypto import open_sealed, seal
from services.kit.trust.principal import Principal

RETENTION: Final = timedelta(hours=24)
DELETED_AT_ONCE: Final = 5_000
REPLAYED_HEADER: Final = "Idempotency-Replayed"
STORED_HEADERS: Final = ("content-type", "etag", "location", "content-language")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_PURPOSE: Final = "stored-answer"


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that a caller sent along with a request."""

    caller: str
    route: str
    key: str
    fingerprint: bytes

    async def replay(self, uow: UnitOfWork, keys: Keyring) -> Response | None:
        """The stored answer, byte for byte; None when the request is new and now ours to do.

        Raises InFlight while another request with this key runs, IdempotencyMismatch for another body.
        """
        if not await uow.scalar("SELECT pg_try_advisory_xact_lock(%s)", [self._lock_id()]):
            raise InFlight()
        row = await uow.one(
            "SELECT fingerprint, status, headers, body FROM idempotency_keys"
            " WHERE caller = %s AND route = %s AND key = %s AND expires_at > %s",
            [self.caller, self.route, self.key, clock.now()],
        )
        if row is None:
            return None
        if row["fingerprint"] != self.fingerprint:
            raise IdempotencyMismatch()
        body = open_sealed(keys, _PURPOSE, row["body"], bound_to=self._binding())
        return Response(body, row["status"], row["headers"] | {REPLAYED_HEADER: "true"})

    async def store(self, uow: UnitOfWork, keys: Keyring, response: Response) -> None:
        """Keep the answer with the effect, in its transaction. Sealed: answers can hold personal data and secrets."""
        headers = {name: response.headers[name] for name in STORED_HEADERS if name in response.headers}
        present = clock.now()
        await uow.execute(
            "INSERT INTO idempotency_keys AS k"
            " (caller, route, key, fingerprint, status, headers, body, created_at, expires_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (caller, route, key) DO UPDATE SET fingerprint = excluded.fingerprint,"
            " status = excluded.status, headers = excluded.headers, body = excluded.body,"
            " created_at = excluded.created_at, expires_at = excluded.expires_at",
            [
                self.caller,
                self.route,
                self.key,
                self.fingerprint,
                response.status_code,
                Jsonb(headers),
                seal(keys, _PURPOSE, bytes(response.body), bound_to=self._binding()),
                present,
                present + RETENTION,
            ],
        )

    def _binding(self) -> bytes:
        return "\0".join((self.caller, self.route, self.key)).encode()

    def _lock_id(self) -> int:
        return int.from_bytes(hashlib.sha256(self._binding()).digest()[:8], signed=True)


async def claim_for(
    request: Request, principal: Principal | None, route: str, content: bytes | None = None
) -> Claim | None:
    """The request's claim; None without a key, and for anonymous callers, who could get each other's answers.

    ``route`` is the template; path, query and body are part of the fingerprint, so that the same key for another
    record is a mismatch and no replay. ``content`` takes the place of a body that is too large to be kept.
    """
    key = request.headers.get("idempotency-key")
    if key is None or principal is None:
        return None
    if not _KEY.fullmatch(key):
        message = Text("1〜255 文字の ASCII で指定してください", "Use 1 to 255 visible ASCII characters")
        raise Unprocessable.field("/Idempotency-Key", "idempotency_key_malformed", message, "header")
    digest = hashlib.sha256()
    body = await request.body() if content is None else content
    for part in (request.scope["path"].encode(), request.scope["query_string"], body):
        digest.update(len(part).to_bytes(8) + part)
    return Claim(str(principal.user_id), f"{request.method} {route}", key, digest.digest())


async def delete_expired(uow: UnitOfWork) -> int:
    """Housekeeping: forget answers whose 24 hours are over; returns how many."""
    return await uow.execute(
        "DELETE FROM idempotency_keys WHERE ctid IN"
        " (SELECT ctid FROM idempotency_keys WHERE expires_at <= %s LIMIT %s FOR UPDATE SKIP LOCKED)",
        [clock.now(), DELETED_AT_ONCE],
    )
