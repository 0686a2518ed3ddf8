"""The shell's word on who is asking: only for the remote it was made for, only for a minute, only unaltered."""

from __future__ import annotations

import jwt
import pytest

from frontend.ui import identity as identities
from frontend.ui.identity import Identity, IdentityRefused, sign, signing_keys, verify
from frontend.ui.keys import Keyring, seal, unseal

KEYS = signing_keys(Keyring("a-secret-of-at-least-thirty-two-characters"))
WHO = Identity("u1", "佐藤 美咲", "rep@ringi.example", frozenset({"rep"}), "ja", "dark", "token", "csrf", "r1", "")


def test_a_remote_reads_what_the_shell_said() -> None:
    assert verify(sign(WHO, audience="opportunity", keys=KEYS), audience="opportunity", keys=KEYS) == WHO


@pytest.mark.parametrize(
    "note",
    [
        None,
        "",
        "not a token",
        sign(WHO, audience="customer", keys=KEYS),
        sign(WHO, audience="opportunity", keys=signing_keys(Keyring("another-secret-of-thirty-two-characters!"))),
        jwt.encode({"aud": "opportunity", "iss": identities.ISSUER, "who": {}}, "", algorithm="none"),
        jwt.encode({"aud": "opportunity", "iss": identities.ISSUER, "exp": 9e9, "iat": 0, "who": {}}, KEYS[0]),
    ],
    ids=["none", "empty", "garbage", "other remote", "other key", "alg none", "other type"],
)
def test_a_note_that_is_not_for_this_remote_is_refused(note: str | None) -> None:
    with pytest.raises(IdentityRefused):
        verify(note, audience="opportunity", keys=KEYS)


def test_an_old_note_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities.time, "time", lambda: 1_000_000.0)
    note = sign(WHO, audience="opportunity", keys=KEYS)
    monkeypatch.undo()
    with pytest.raises(IdentityRefused, match="expired"):
        verify(note, audience="opportunity", keys=KEYS)


def test_a_sealed_record_opens_only_where_it_belongs() -> None:
    keys = Keyring("a-secret-of-at-least-thirty-two-characters").derived("session-record")
    box = seal(keys, "秘密".encode(), bound_to=b"one")
    assert unseal(keys, box, bound_to=b"one") == "秘密".encode()
    assert unseal(keys, box, bound_to=b"two") is None
    assert unseal(keys, box[:-1] + bytes([box[-1] ^ 1]), bound_to=b"one") is None
    assert "秘密".encode() not in box
