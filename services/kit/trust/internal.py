"""Calls between services: short-lived tokens of their own kind, for ``/internal`` routes that no user reaches."""

import time
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import aiohttp
import jwt
import orjson
from starlette.requests import Request

from services.kit.errors import Unauthorized, Unavailable
from services.kit.running import clock, correlation
from services.kit.running.http_client import pooled_client
from services.kit.running.settings import ServiceSettings
from services.kit.trust.crypto import derived

INTERNAL_TOKEN_TYPE: Final = "svc+jwt"  # noqa: S105
LIFETIME_SECONDS: Final = 60
RENEW_BEFORE_SECONDS: Final = 20
CALL_TIMEOUT_SECONDS: Final = 5.0
TOKEN_MAX_LENGTH: Final = 1_024
ABSENT_SECONDS: Final = 3.0
ABSENT_MAX: Final = 10_000
_ALGORITHM: Final = "HS256"
_USE: Final = "internal-token"


class InternalTokens:
    """Issues and checks tokens with which one service proves to another what it is. Each is for one service: what one
    was shown, it can't show to another. Raises MissingSettingError without a key."""

    def __init__(self, settings: ServiceSettings, service: str) -> None:
        settings.require_keys("internal")
        self._keys = derived(settings.internal_keys, _USE)
        self._service = service
        self._issued: dict[str, tuple[str, float]] = {}

    def token(self, audience: str) -> str:
        """A token for the next call to that service; reused until shortly before it expires."""
        now = time.time()
        token, expires = self._issued.get(audience, ("", 0.0))
        if now > expires - RENEW_BEFORE_SECONDS:
            expires = now + LIFETIME_SECONDS
            claims = {"iss": self._service, "aud": _claimed(audience), "iat": int(now), "exp": int(expires)}
            token = jwt.encode(claims, self._keys[0], _ALGORITHM, headers={"typ": INTERNAL_TOKEN_TYPE})
            self._issued[audience] = (token, expires)
        return token

    def verify(self, token: str) -> str:
        """The calling service's name; raises Unauthorized."""
        if len(token) > TOKEN_MAX_LENGTH:
            raise Unauthorized()
        try:
            if jwt.get_unverified_header(token).get("typ") != INTERNAL_TOKEN_TYPE:
                raise Unauthorized()
            return str(self._claims(token)["iss"])
        except jwt.InvalidTokenError as error:
            raise Unauthorized() from error

    def _claims(self, token: str) -> dict[str, Any]:
        *others, last = self._keys
        for key in others:
            try:
                return self._claims_by(key, token)
            except jwt.InvalidSignatureError:
                continue
        return self._claims_by(last, token)

    def _claims_by(self, key: bytes, token: str) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            audience=_claimed(self._service),
            # A token of a minute would else be over, or not yet begun, wherever clocks are apart.
            leeway=clock.MAX_SKEW,
            options={"require": ["iss", "aud", "iat", "exp"]},
        )
        return claims


def _claimed(service: str) -> str:
    return f"ringi-internal/{service}"


async def require_internal(request: Request) -> str:
    """Dependency of ``/internal`` routes: the calling service's name, or 401."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized()
    tokens: InternalTokens = request.app.state.kit.internal_tokens
    return tokens.verify(token)


class RecentlyAbsent:
    """What its owner was asked for and does not have; believed for seconds, so that it is not asked again at once."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, UUID], float] = {}

    def add(self, path: str, ids: Iterable[UUID]) -> None:
        now = time.monotonic()
        if len(self._until) > ABSENT_MAX:
            self._until = {key: until for key, until in self._until.items() if until > now}
        if len(self._until) > ABSENT_MAX:
            self._until.clear()
        self._until.update(((path, id_), now + ABSENT_SECONDS) for id_ in ids)

    def holds(self, path: str, id_: UUID) -> bool:
        return self._until.get((path, id_), 0.0) > time.monotonic()


class InternalClient:
    """GETs from other services, with a deadline; they are safe to repeat, so a broken connection is tried twice."""

    def __init__(self, settings: ServiceSettings, tokens: InternalTokens) -> None:
        self._settings = settings
        self._tokens = tokens
        self._session: aiohttp.ClientSession | None = None
        self.absent = RecentlyAbsent()

    async def open(self) -> None:
        self._session = pooled_client(timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT_SECONDS))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, service: str, path: str, params: Sequence[tuple[str, str]] = ()) -> Any:
        """Parsed JSON of ``{service}{path}``; None for 404; raises Unavailable for anything else that fails."""
        assert self._session is not None, "InternalClient is not open"
        headers = {"Authorization": f"Bearer {self._tokens.token(service)}"}
        if (present := correlation.current()) is not None:
            headers["traceparent"] = present.traceparent
        url = self._settings.service_url_for(service) + path
        for attempt in (1, 2):
            try:
                async with self._session.get(url, params=params, headers=headers) as response:
                    if response.status == 404:
                        return None
                    if response.status >= 400:
                        raise Unavailable(f"{service} answered {response.status}")
                    return orjson.loads(await response.read())
            except (aiohttp.ClientConnectionError, aiohttp.ServerDisconnectedError) as error:
                if attempt == 2:
                    raise Unavailable(f"{service} can't be reached") from error
            except TimeoutError as error:
                raise Unavailable(f"{service} did not answer in time") from error
        raise AssertionError("unreachable")
