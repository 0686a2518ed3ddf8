"""The shell's word on who is asking: only for the remote it was made for, only for a minute, only unaltered."""

from __future__ import annotations

import jwt
import pytest

from frontend.ui import identity as identities
from frontend.ui.identity import Identity, IdentityRefused, sign, signing_key, verify
from frontend.ui.keys import derive, seal, unseal

KEY = signing_key("a-secret-of-at-least-thirty-two-characters")
WHO = Identity("u1", "佐藤 美咲", "rep@ringi.example", frozenset({"rep"}), "ja", "dark", "token", "csrf", "r1", "")


def test_a_remote_reads_what_the_shell_said() -> None:
    assert verify(sign(WHO, audience="opportunity", key=KEY), audience="opportunity", key=KEY) == WHO


@pytest.mark.parametrize(
    "note",
    [
        None,
        "",
        "not a token",
        sign(WHO, audience="customer", key=KEY),
        sign(WHO, audience="opportunity", key=signing_key("another-secret-of-thirty-two-characters!")),
        jwt.encode({"aud": "opportunity", "iss": identities.ISSUER, "who": {}}, "", algorithm="none"),
        jwt.encode({"aud": "opportunity", "iss": identities.ISSUER, "exp": 9e9, "iat": 0, "who": {}}, KEY),
    ],
    ids=["none", "empty", "garbage", "other remote", "other key", "alg none", "other type"],
)
def test_a_note_that_is_not_for_this_remote_is_refused(note: str | None) -> None:
    with pytest.raises(IdentityRefused):
        verify(note, audience="opportunity", key=KEY)


def test_an_old_note_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities.time, "time", lambda: 1_000_000.0)
    note = sign(WHO, audience="opportunity", key=KEY)
    monkeypatch.undo()
    with pytest.raises(IdentityRefused, match="expired"):
        verify(note, audience="opportunity", key=KEY)


def test_a_sealed_record_opens_only_where_it_belongs() -> None:
    key = derive("a-secret-of-at-least-thirty-two-characters", "session-record")
    box = seal(key, "秘密".encode(), bound_to=b"one")
    assert unseal(key, box, bound_to=b"one") == "秘密".encode()
    assert unseal(key, box, bound_to=b"two") is None
    assert unseal(key, box[:-1] + bytes([box[-1] ^ 1]), bound_to=b"one") is None
    assert "秘密".encode() not in box
