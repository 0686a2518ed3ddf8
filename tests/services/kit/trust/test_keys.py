"""Keys of purposes: what one sealed or signed, no other opens; an earlier key of the ring goes on opening."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from frontend.ui.identity import Identity, IdentityRefused, sign, signing_keys, verify
from frontend.ui.keys import Keyring as FrontendKeyring
from frontend.ui.keys import seal as frontend_seal
from frontend.ui.keys import unseal
from frontend.ui.settings import FrontendSettings
from services.analytics.mail import failures, tokens
from services.analytics.webhooks import signing as webhook_signing
from services.auth import totp
from services.auth.app import create_app as auth_app
from services.auth.signing import KEY_PURPOSE as SIGNING_USE
from services.kit.errors import ProblemError, Unauthorized
from services.kit.http.paging import Cursors
from services.kit.running.keyring import Keyring
from services.kit.running.settings import MissingSettingError, ServiceSettings
from services.kit.trust.crypto import NoKeyError, SealBrokenError, open_sealed, resealed, seal
from services.kit.trust.internal import InternalTokens
from services.opportunity.service.evidence_keys import KEY_PURPOSE as EVIDENCE_USE
from tests.support.http import settings_for
from tests.support.keys import SERVICE_KEYS, key_for

OLD, NEW = "former-key-" + "0123456789" * 3, "present-key-" + "9876543210" * 3
RECORD = UUID(int=7)
WHO = Identity("u1", "佐藤 美咲", "rep@ringi.example", frozenset({"rep"}), "ja", "dark", "token", "csrf", "r1", "")
ANSWER_USE = "stored-answer"
CHALLENGE_USE = "sign-in-challenge"

Opens = Callable[[str, Any], bool]
Makes = Callable[[str], Any]


def sealed_for(use: str) -> tuple[Makes, Opens]:
    def opens(key: str, sealed: Any) -> bool:
        try:
            return open_sealed(Keyring(key), use, sealed) == b"content"
        except SealBrokenError:
            return False

    return lambda key: seal(Keyring(key), use, b"content"), opens


def internal_tokens(key: str) -> InternalTokens:
    return InternalTokens(ServiceSettings(env="test", internal_keys=key), "customer")


def refuses(call: Callable[[], Any], *errors: type[Exception]) -> bool:
    try:
        return call() is None
    except errors:
        return True


PURPOSES: dict[str, tuple[Makes, Opens]] = {
    "internal": (
        lambda key: internal_tokens(key).token("customer"),
        lambda key, made: not refuses(lambda: internal_tokens(key).verify(made), Unauthorized),
    ),
    "answer": sealed_for(ANSWER_USE),
    "cursor": (
        lambda key: Cursors(Keyring(key)).encode("list", ["a"]),
        lambda key, made: not refuses(lambda: Cursors(Keyring(key)).decode("list", made, [str]), ProblemError),
    ),
    "signing": sealed_for(SIGNING_USE),
    "factor": sealed_for(CHALLENGE_USE),
    "totp": (
        lambda key: totp.seal_secret(Keyring(key), RECORD, "JBSWY3DP"),
        lambda key, made: not refuses(lambda: totp.open_secret(Keyring(key), RECORD, made), SealBrokenError),
    ),
    "evidence": sealed_for(EVIDENCE_USE),
    "mail": (
        lambda key: tokens.Unsubscribing(RECORD, None).token(Keyring(key)),
        lambda key, made: tokens.Unsubscribing.of(made, Keyring(key)) is not None,
    ),
    "bounce": (
        lambda key: tokens.return_path("b@firm.example", RECORD, Keyring(key)),
        lambda key, made: tokens.bounced_mail(made, Keyring(key)) is not None,
    ),
    "webhook": (
        lambda key: webhook_signing.sealed("whsec_x", Keyring(key), RECORD),
        lambda key, made: not refuses(lambda: webhook_signing.opened(made, Keyring(key), RECORD), SealBrokenError),
    ),
    "session": (
        lambda key: frontend_seal(FrontendKeyring(key).derived("session-record"), b"content", bound_to=b""),
        lambda key, made: unseal(FrontendKeyring(key).derived("session-record"), made, bound_to=b"") is not None,
    ),
    "identity": (
        lambda key: sign(WHO, audience="sales", keys=signing_keys(FrontendKeyring(key))),
        lambda key, made: (
            not refuses(
                lambda: verify(made, audience="sales", keys=signing_keys(FrontendKeyring(key))), IdentityRefused
            )
        ),
    ),
}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_what_a_purpose_made_opens_with_its_key_and_no_other(purpose: str) -> None:
    make, opens = PURPOSES[purpose]
    made = make(key_for(purpose))
    assert opens(key_for(purpose), made)
    assert not opens(key_for("another purpose".replace(" ", "-")), made)


@pytest.mark.parametrize(("purpose", "other"), list(itertools.permutations(PURPOSES, 2)))
def test_even_one_key_given_to_two_purposes_opens_nothing_of_the_other(purpose: str, other: str) -> None:
    made = PURPOSES[purpose][0](OLD)
    text = made if isinstance(made, str) else None
    opens = PURPOSES[other][1]
    takes_text = isinstance(PURPOSES[other][0](OLD), str)
    if takes_text is (text is not None):
        assert not opens(OLD, made)
    else:  # the other takes bytes where this one gives text, or the other way round
        assert not opens(OLD, made.encode() if isinstance(made, str) else made.hex())


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_key_is_replaced_without_a_gap(purpose: str) -> None:
    make, opens = PURPOSES[purpose]
    of_old = make(OLD)
    assert opens(f"{OLD},{NEW}", make(f"{OLD},{NEW}"))
    assert opens(OLD, make(f"{OLD},{NEW}")), "added, it only opens: who has not got it yet understands everything"
    assert opens(f"{OLD},{NEW}", make(f"{NEW},{OLD}")), "put in use, who has only added it understands everything"
    assert opens(f"{NEW},{OLD}", of_old)
    assert not opens(NEW, of_old)


def test_what_is_kept_as_a_hash_is_found_by_each_key() -> None:
    rings = {ring: Keyring(ring) for ring in (OLD, f"{NEW},{OLD}")}
    assert totp.recovery_hashes(rings[OLD], "abcd")[0] == totp.recovery_hashes(rings[f"{NEW},{OLD}"], "ABCD")[1]
    before, after = (failures.AddressHashes(ring).of("a@b.example") for ring in rings.values())
    assert before[0] == after[1]


def test_resealing_takes_the_newest_key_and_only_where_that_is_due() -> None:
    sealed = seal(Keyring(OLD), "use", b"content", bound_to=b"record")
    fresh = resealed(Keyring(f"{NEW},{OLD}"), "use", sealed, bound_to=b"record")
    assert fresh is not None
    assert open_sealed(Keyring(NEW), "use", fresh, bound_to=b"record") == b"content"
    assert resealed(Keyring(f"{NEW},{OLD}"), "use", fresh, bound_to=b"record") is None
    with pytest.raises(SealBrokenError):
        resealed(Keyring(NEW), "use", sealed, bound_to=b"record")


def test_a_token_for_one_service_is_refused_by_another() -> None:
    settings = settings_for("customer", "postgresql://nowhere")
    token = InternalTokens(settings, "analytics").token("customer")
    assert InternalTokens(settings, "customer").verify(token) == "analytics"
    with pytest.raises(Unauthorized):
        InternalTokens(settings, "opportunity").verify(token)


@pytest.mark.parametrize("purpose", ["internal", "answer", "cursor", "signing", "factor"])
def test_a_process_does_not_start_without_a_key_that_it_needs(purpose: str) -> None:
    settings = settings_for("auth", "postgresql://nowhere", **{f"{purpose}_keys": ""})
    with pytest.raises(MissingSettingError, match=f"RINGI_{purpose.upper()}_KEYS"):
        auth_app(settings)


def test_without_a_key_nothing_is_sealed() -> None:
    with pytest.raises(NoKeyError):
        seal(Keyring(), "use", b"content")


@pytest.mark.parametrize("keys", ["short", "changeme-changeme-changeme-changeme-changeme", "a" * 40, f"{NEW},short"])
@pytest.mark.parametrize("purpose", SERVICE_KEYS)
def test_production_refuses_a_weak_key(purpose: str, keys: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ServiceSettings(env="production", **{purpose: keys})
    assert keys not in str(refused.value).replace("too short", "")


@pytest.mark.parametrize("keys", ["short", "changeme-changeme-changeme-changeme-changeme", "a" * 40, ""])
@pytest.mark.parametrize("purpose", ["session_keys", "identity_keys"])
def test_production_refuses_a_weak_key_of_the_frontend(purpose: str, keys: str) -> None:
    with pytest.raises(ValidationError):
        FrontendSettings(env="production", gateway_url="http://g", **{"identity_keys": NEW, purpose: keys})


@pytest.mark.parametrize("password", ["postgres", "ringi", "ringi_auth", "changeme"])
def test_production_refuses_a_usual_database_password(password: str) -> None:
    url = f"postgresql://ringi_auth:{password}@db/ringi_auth"
    with pytest.raises(ValidationError, match="RINGI_AUTH_DATABASE_URL"):
        ServiceSettings(env="production", auth_database_url=url)


def test_secrets_come_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{NEW}\n{OLD}\n")
    monkeypatch.setenv("RINGI_INTERNAL_KEYS_FILE", str(file))
    monkeypatch.setenv("RINGI_IDENTITY_KEYS_FILE", str(file))
    assert ServiceSettings(env="test").internal_keys == Keyring(f"{NEW},{OLD}")
    assert FrontendSettings(env="test", gateway_url="http://g").identity_keys.derived("x")
    monkeypatch.setenv("RINGI_INTERNAL_KEYS", NEW)
    with pytest.raises(ValueError, match="both set"):
        ServiceSettings(env="test")
    monkeypatch.delenv("RINGI_INTERNAL_KEYS")
    monkeypatch.setenv("RINGI_INTERNAL_KEYS_FILE", str(tmp_path / "absent"))
    with pytest.raises(ValueError, match="RINGI_INTERNAL_KEYS_FILE can't be read"):
        ServiceSettings(env="test")


def test_a_ring_shows_fingerprints_and_no_key() -> None:
    ring = Keyring(f"{NEW},{OLD}")
    assert len(set(ring.fingerprints())) == 2
    assert NEW not in repr(ring)
    with pytest.raises(ValueError, match="twice"):
        Keyring(f"{NEW} {NEW}")
