"""Which passwords are refused, and that the list of common ones is there, and small."""

import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from services.auth import passwords
from services.kit.errors import Unprocessable
from tests.services.auth.conftest import PASSWORD, AuthWorld, Person

MOST_BYTES = 3_000_000
MOST_CPU_SECONDS = 1.0


def test_the_list_of_common_passwords_is_long_and_folded() -> None:
    passwords.common_passwords.cache_clear()
    started = time.process_time()
    common = passwords.common_passwords()
    assert time.process_time() - started < MOST_CPU_SECONDS
    assert len(common) > 10_000
    assert {"baseball1", "tinkerbell", "sakurasakura"} <= common
    assert all(word == word.casefold() and len(word) >= passwords.MIN_LENGTH for word in common)


def test_the_list_stays_small_in_memory_and_brings_no_package_along() -> None:
    common = passwords.common_passwords()
    assert sys.getsizeof(common) + sum(map(sys.getsizeof, common)) < MOST_BYTES
    assert not any(name.partition(".")[0] == "zxcvbn" for name in sys.modules)


@pytest.mark.parametrize("password", ["Baseball1", "ｂａｓｅｂａｌｌ１", "BASEBALL1"])
def test_case_and_width_make_no_common_password_a_good_one(password: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        passwords.check_strength(password, pointer="/password", email="a@ringi.example", name="山田")
    assert refused.value.errors[0].code == "password_common"


def test_a_sentence_is_no_common_password() -> None:
    passwords.check_strength("correct horse battery staple", pointer="/password", email="a@b.example", name="山田")


async def test_no_transaction_is_open_while_a_password_is_hashed(
    world: AuthWorld, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hash takes as long as many transactions; with one open, a morning's sign-ins would take all connections."""
    open_then: list[int] = []

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            with psycopg.connect(world.client.kit.db.url) as connection:
                row = connection.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
                ).fetchone()
            assert row is not None
            open_then.append(row[0])
            return function(*arguments)

        return call

    monkeypatch.setattr(passwords, "hash_password", watched(passwords.hash_password))
    monkeypatch.setattr(passwords, "matches", watched(passwords.matches))
    person = await world.signed_in()
    change = {"currentPassword": PASSWORD, "newPassword": "a quite different phrase"}
    assert (await world.client.post("/auth/password", change, token=person.token)).status == 204
    user = {"email": "new@ringi.example", "name": "新人", "password": PASSWORD, "roles": ["rep"]}
    assert (await world.client.post("/auth/users", user, token=admin.token)).status == 201
    link = await world.client.post(f"/auth/users/{person.id}/password-reset", token=admin.token)
    reset = {"token": link.json["token"], "newPassword": "yet another long phrase"}
    assert (await world.client.post("/auth/password/reset", reset)).status == 204
    assert len(open_then) >= 5
    assert set(open_then) == {0}
