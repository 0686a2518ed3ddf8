"""Which access tokens count: auth's keys and its list of revocations, asked for over the gateway's own way to auth."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from api.calls import Call, Headers, Upstream
from api.headers import find
from services.contracts.permissions import permissions_of
from services.kit.errors import Unauthorized, Unavailable
from services.kit.http.app import ISSUER_SERVICE, JWKS_PATH, REVOCATIONS_PATH
from services.kit.running.settings import ServiceSettings
from services.kit.trust.internal import CALL_TIMEOUT_SECONDS, InternalTokens
from services.kit.trust.jwks import JwksKeys
from services.kit.trust.principal import Principal
from services.kit.trust.revocation import RevocationBatch, RevocationFeed
from services.kit.trust.tokens import TokenVerifier

GATEWAY: Final = "gateway"


class Trust:
    """The first of two checks: each service verifies the token again by itself."""

    def __init__(self, settings: ServiceSettings, auth: Upstream) -> None:
        assert auth.name == ISSUER_SERVICE
        self._auth = auth
        self._tokens = InternalTokens(settings, GATEWAY)
        self.revocations = RevocationFeed(self._fetch_revocations)
        self._verifier = TokenVerifier(
            JwksKeys(self._fetch_jwks),
            self.revocations,
            permissions_of,
            issuer=settings.token_issuer,
            audience=settings.token_audience,
        )

    async def caller(self, headers: Headers) -> Principal:
        """Who calls; raises Unauthorized without a good token, Unavailable when that can't be told."""
        scheme, _, token = (find(headers, b"authorization") or b"").partition(b" ")
        if scheme.lower() != b"bearer" or not token.strip():
            raise Unauthorized
        return await self._verifier.verify(token.strip().decode("latin-1"))

    async def _fetch_jwks(self) -> Any:
        return await self._get(JWKS_PATH, {})

    async def _fetch_revocations(self, since: datetime | None) -> RevocationBatch:
        query = {} if since is None else {"since": since.isoformat()}
        return RevocationBatch.model_validate(await self._get(REVOCATIONS_PATH, query))

    async def _get(self, path: str, query: dict[str, str]) -> Any:
        authorization = (b"authorization", f"Bearer {self._tokens.token(ISSUER_SERVICE)}".encode())
        call = Call("GET", path, query=urlencode(query).encode(), headers=[authorization])
        reply = await self._auth.fetch(call, CALL_TIMEOUT_SECONDS)
        if reply.status != 200:
            raise Unavailable(f"{path} answered {reply.status}")
        return reply.json()
