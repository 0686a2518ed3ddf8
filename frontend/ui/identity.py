"""Who is asking, as the shell tells a remote: a signed note that lives 60 seconds and fits one remote only."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import jwt

from frontend.ui.keys import Keyring

IDENTITY_HEADER = "X-Ringi-Identity"
IDENTITY_SECONDS = 60
NOTE_MAX_LENGTH = 16_384
ISSUER = "ringi-shell"
TOKEN_TYPE = "ringi-identity+jwt"  # noqa: S105 - the value of a header
_USE = "identity"


class IdentityRefused(Exception):
    """The note is missing, expired, forged, or meant for another remote."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The signed-in person with what a page needs to be rendered and to call the gateway for them."""

    user_id: str
    name: str
    email: str
    roles: frozenset[str]
    locale: str
    theme: str
    access_token: str
    csrf: str
    request_id: str = ""
    address: str = ""
    """Where the person is connected from, as far as our proxies tell it."""


def signing_keys(keys: Keyring) -> tuple[bytes, ...]:
    return keys.derived(_USE)


def sign(identity: Identity, *, audience: str, keys: Sequence[bytes]) -> str:
    """By the newest key."""
    issued = int(time.time())
    claims = {**asdict(identity), "roles": sorted(identity.roles)}
    payload = {"iss": ISSUER, "aud": audience, "iat": issued, "exp": issued + IDENTITY_SECONDS, "who": claims}
    return jwt.encode(payload, keys[0], algorithm="HS256", headers={"typ": TOKEN_TYPE})


def verify(token: str | None, *, audience: str, keys: Sequence[bytes]) -> Identity:
    """Raises IdentityRefused."""
    if not token or len(token) > NOTE_MAX_LENGTH:
        raise IdentityRefused("no identity")
    try:
        if jwt.get_unverified_header(token).get("typ") != TOKEN_TYPE:
            raise IdentityRefused("wrong type of token")
        payload = _payload(token, audience, keys)
    except jwt.InvalidTokenError as error:
        raise IdentityRefused(str(error)) from error
    # During an upgrade the shell may tell more than this remote knows, or once knew.
    who = {field.name: payload["who"][field.name] for field in fields(Identity) if field.name in payload["who"]}
    return Identity(**{**who, "roles": frozenset(who["roles"])})


def _payload(token: str, audience: str, keys: Sequence[bytes]) -> dict[str, Any]:
    refused = jwt.InvalidTokenError("no key")
    for key in keys:
        try:
            payload: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["HS256"],
                audience=audience,
                issuer=ISSUER,
                options={"require": ["exp", "aud", "iat"]},
            )
        except jwt.InvalidSignatureError as error:
            refused = error
        else:
            return payload
    raise refused
