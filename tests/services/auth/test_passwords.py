"""Which passwords are refused, and that the list of common ones is there, and small."""

import sys
import time

import pytest

from services.auth import passwords
from services.kit.errors import Unprocessable

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
