"""Access tokens: what is refused, and that revocation and expiry count for cached ones too."""

import asyncio
import base64
import contextlib
import json
import uuid
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.contracts.permissions import Role, permissions_of
from services.kit.errors import Unauthorized, Unavailable
from services.kit.running import clock
from services.kit.trust.internal import InternalTokens
from services.kit.trust.jwks import JwksKeys
from services.kit.trust.revocation import MAX_AGE_SECONDS, Revocation, RevocationBatch, RevocationFeed
from services.kit.trust.tokens import TokenVerifier
from tests.support.http import TestIssuer, nothing_revoked, settings_for
from tests.support.waiting import DEADLINE

USER = uuid.UUID("019f0000-0000-7000-8000-000000000001")


@pytest.fixture
async def feed() -> RevocationFeed:
    feed = RevocationFeed(nothing_revoked)
    await feed.poll()
    return feed


@pytest.fixture
def verifier(issuer: TestIssuer, feed: RevocationFeed) -> TokenVerifier:
    return TokenVerifier(issuer, feed, permissions_of, issuer="ringi-auth", audience="ringi-api")


def forged(issuer: TestIssuer, header: dict[str, Any], *, algorithm: str = "EdDSA", key: Any = None) -> str:
    """Good claims under another header."""
    claims = jwt.decode(issuer.token(USER, ["rep"]), options={"verify_signature": False})
    headers = {"typ": "at+jwt", "kid": issuer.kid} | header
    return jwt.encode(claims, key or issuer.private_key, algorithm, headers=headers)


async def test_a_good_token_tells_who_calls_and_what_they_may(verifier: TokenVerifier, issuer: TestIssuer) -> None:
    session = uuid.uuid4()
    principal = await verifier.verify(issuer.token(USER, [Role.MANAGER], session_id=session))
    assert (principal.user_id, principal.session_id) == (USER, session)
    assert principal.has("approval:decide")
    assert not principal.has("user:manage")


async def test_a_role_that_nobody_knows_gives_nothing(verifier: TokenVerifier, issuer: TestIssuer) -> None:
    assert (await verifier.verify(issuer.token(USER, ["root"]))).permissions == frozenset()


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "nbf", "iat", "sub", "sid", "jti"])
async def test_a_token_without_a_required_claim_is_refused(
    verifier: TokenVerifier, issuer: TestIssuer, claim: str
) -> None:
    with pytest.raises(Unauthorized):
        await verifier.verify(issuer.token(USER, ["rep"], **{claim: None}))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "somebody-else"},
        {"aud": "another-api"},
        {"exp": 1},
        {"nbf": 4_000_000_000},
        {"iat": 4_000_000_000},
        {"sub": "not-a-uuid"},
        {"sid": 7},
        {"exp": "tomorrow"},
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused(
    verifier: TokenVerifier, issuer: TestIssuer, claims: dict[str, Any]
) -> None:
    with pytest.raises(Unauthorized):
        await verifier.verify(issuer.token(USER, ["rep"], **claims))


async def test_an_unsigned_token_is_refused(verifier: TokenVerifier, issuer: TestIssuer) -> None:
    head, body, _ = issuer.token(USER, ["admin"]).split(".")
    header = json.dumps({"alg": "none", "typ": "at+jwt", "kid": issuer.kid}).encode()
    for token in (f"{base64.urlsafe_b64encode(header).decode().rstrip('=')}.{body}.", f"{head}.{body}."):
        with pytest.raises(Unauthorized):
            await verifier.verify(token)


async def test_the_public_key_as_a_shared_secret_is_refused(verifier: TokenVerifier, issuer: TestIssuer) -> None:
    public = issuer.private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    with pytest.raises(Unauthorized):
        await verifier.verify(forged(issuer, {}, algorithm="HS256", key=public))


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "crit"])
async def test_a_token_that_brings_its_own_key_is_refused(
    verifier: TokenVerifier, issuer: TestIssuer, name: str
) -> None:
    with pytest.raises(Unauthorized):
        await verifier.verify(forged(issuer, {name: ["https://attacker.example/key"]}))


@pytest.mark.parametrize("typ", ["JWT", "svc+jwt", "rt+jwt", None])
async def test_a_token_of_another_kind_is_refused(verifier: TokenVerifier, issuer: TestIssuer, typ: str | None) -> None:
    with pytest.raises(Unauthorized):
        await verifier.verify(forged(issuer, {"typ": typ}))


async def test_a_token_of_another_key_under_a_known_id_is_refused(verifier: TokenVerifier, issuer: TestIssuer) -> None:
    with pytest.raises(Unauthorized):
        await verifier.verify(forged(issuer, {}, key=Ed25519PrivateKey.generate()))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "." * 3, "é" * 10, "a" * 5000])
async def test_anything_that_is_no_token_is_refused(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(Unauthorized):
        await verifier.verify(token)


async def test_a_changed_token_is_refused_though_the_original_is_cached(
    verifier: TokenVerifier, issuer: TestIssuer
) -> None:
    token = issuer.token(USER, ["rep"])
    await verifier.verify(token)
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["roles"] = ["admin"]
    raised = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    with pytest.raises(Unauthorized):
        await verifier.verify(f"{head}.{raised}.{signature}")


async def test_a_cached_token_expires(verifier: TokenVerifier, issuer: TestIssuer) -> None:
    token = issuer.token(USER, ["rep"])
    await verifier.verify(token)
    with clock.travel(timedelta(minutes=16)), pytest.raises(Unauthorized):
        await verifier.verify(token)


async def test_a_revoked_session_ends_a_cached_token(
    verifier: TokenVerifier, issuer: TestIssuer, feed: RevocationFeed
) -> None:
    session = uuid.uuid4()
    token = issuer.token(USER, ["rep"], session_id=session)
    await verifier.verify(token)
    feed.apply([Revocation(session_id=session, expires_at=clock.now() + timedelta(minutes=20))])
    with pytest.raises(Unauthorized):
        await verifier.verify(token)


async def test_voiding_a_users_tokens_spares_those_issued_afterwards(
    verifier: TokenVerifier, issuer: TestIssuer, feed: RevocationFeed
) -> None:
    before = issuer.token(USER, ["admin"])
    now = clock.now()
    feed.apply([Revocation(user_id=USER, not_before=now, expires_at=now + timedelta(minutes=20))])
    with pytest.raises(Unauthorized):
        await verifier.verify(before)
    assert await verifier.verify(issuer.token(USER, ["rep"]))


async def test_tokens_are_refused_while_revocations_can_not_be_read(
    issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = RevocationFeed(nothing_revoked)
    verifier = TokenVerifier(issuer, feed, permissions_of, issuer="ringi-auth", audience="ringi-api")
    token = issuer.token(USER, ["rep"])
    with pytest.raises(Unavailable):
        await verifier.verify(token)
    await feed.poll()
    assert await verifier.verify(token)
    assert feed._read_at is not None
    feed._read_at -= MAX_AGE_SECONDS + 1
    with pytest.raises(Unavailable) as unavailable:
        await verifier.verify(token)
    assert unavailable.value.headers["Retry-After"]


async def test_a_feed_stops_though_its_reading_swallows_the_cancellation() -> None:
    """As psycopg does on Python 3.11 when the cancellation comes together with the answer."""
    reading = asyncio.Event()

    async def fetch(_since: datetime | None) -> RevocationBatch:
        if not reading.is_set():
            reading.set()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        return RevocationBatch(as_of=clock.now(), entries=[])

    feed = RevocationFeed(fetch)
    await feed.start()
    await reading.wait()
    await asyncio.wait_for(feed.stop(), DEADLINE)


async def test_the_feed_asks_again_for_what_may_have_committed_late() -> None:
    asked: list[datetime | None] = []
    as_of = clock.now()

    async def fetch(since: datetime | None) -> RevocationBatch:
        asked.append(since)
        return RevocationBatch(as_of=as_of, entries=[])

    feed = RevocationFeed(fetch)
    await feed.poll()
    await feed.poll()
    assert asked[0] is None
    assert asked[1] is not None
    assert as_of - asked[1] >= timedelta(seconds=30)


async def test_invented_key_ids_do_not_become_load_on_the_issuer() -> None:
    fetched = 0

    async def fetch() -> dict[str, Any]:
        nonlocal fetched
        fetched += 1
        return {"keys": []}

    keys = JwksKeys(fetch)
    for number in range(100):
        assert await keys.key(f"invented-{number}") is None
    assert fetched <= 2


async def test_keys_stay_good_while_the_issuer_is_away(issuer: TestIssuer) -> None:
    public = base64.urlsafe_b64encode(issuer.private_key.public_key().public_bytes_raw()).decode().rstrip("=")
    key = {"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": public, "use": "sig"}
    answers: list[dict[str, Any]] = [{"keys": [key, {"kty": "RSA", "kid": "other"}]}]

    async def fetch() -> dict[str, Any]:
        if not answers:
            raise ConnectionError
        return answers.pop()

    keys = JwksKeys(fetch)
    assert await keys.key("k1") is not None
    assert keys._fetched_at is not None
    keys._fetched_at -= 10_000
    assert await keys.key("k1") is not None


def test_an_internal_token_is_no_user_token_and_a_user_token_no_internal_one(issuer: TestIssuer) -> None:
    settings = settings_for("customer", "postgresql://nowhere")
    tokens = InternalTokens(settings, "customer")
    assert InternalTokens(settings, "auth").verify(tokens.token("auth")) == "customer"
    with pytest.raises(Unauthorized):
        tokens.verify(issuer.token(USER, ["admin"]))
    assert jwt.get_unverified_header(tokens.token("auth"))["typ"] == "svc+jwt"


def test_an_internal_token_of_another_installation_is_refused() -> None:
    ours = InternalTokens(settings_for("customer", "postgresql://nowhere"), "customer")
    other = settings_for("customer", "postgresql://nowhere", internal_keys="another-installation-with-its-own-key")
    with pytest.raises(Unauthorized):
        ours.verify(InternalTokens(other, "customer").token("customer"))
