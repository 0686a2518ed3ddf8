"""Passwords: Argon2id (OWASP's minimum: 19 MiB, two passes, one lane), length over composition (NIST SP 800-63B)."""

import importlib.util
import runpy
import secrets
import unicodedata
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from services.kit.errors import Text, Unprocessable

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 128
MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2
LANES: Final = 1
SALT_BYTES: Final = 16
HASH_BYTES: Final = 32
SHORTEST_NAME: Final = 4
"""Shorter names and addresses are part of too many good passwords."""

_OURS: Final = frozenset(
    {
        "password", "password1", "password12", "password123", "password1234", "passw0rd", "p@ssw0rd", "p@ssword",
        "12345678", "123456789", "1234567890", "12345678910", "87654321", "11111111", "00000000", "88888888",
        "11223344", "12341234", "123123123", "987654321", "qwertyui", "qwertyuiop", "qwerty123", "qwerty1234",
        "1q2w3e4r", "1q2w3e4r5t", "1qaz2wsx", "zaq12wsx", "qazwsxedc", "asdfghjk", "asdfghjkl", "zxcvbnm1",
        "abcd1234", "abc12345", "abcdefgh", "a1b2c3d4", "iloveyou", "iloveyou1", "sunshine", "princess",
        "football", "baseball", "basketball", "superman", "starwars", "dragon123", "monkey123", "letmein1",
        "welcome1", "welcome123", "administrator", "admin123", "admin1234", "changeme", "changeme1", "default1",
        "computer", "internet", "whatever", "trustno1", "master123", "michelle", "jennifer", "liverpool",
        "sakura123", "sakurasakura", "arashi123", "doraemon", "pokemon1", "nintendo", "tokyo123", "japan123",
        "nihon123", "yamada123", "tanaka123", "suzuki123", "takahashi", "watanabe", "kobayashi", "samurai1",
        "arigatou", "konnichiwa", "ohayougozaimasu", "aishiteru", "daisuki1", "himitsu1", "pasuwado",
    }
)  # fmt: skip
"""What is tried first here, and stands in no list from elsewhere."""
_LISTED_IN: Final = ("zxcvbn", "frequency_lists.py")

_hasher = PasswordHasher(
    time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, hash_len=HASH_BYTES, salt_len=SALT_BYTES
)


def _nobodys_hash() -> str:
    """Of no password: random where the hash would stand. Made without hashing, so that the first one costs no more."""
    salt, digest = (b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (SALT_BYTES, HASH_BYTES))
    return f"$argon2id$v={ARGON2_VERSION}$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${digest}"


_NOBODY: Final = _nobodys_hash()


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def hash_password(password: str) -> str:
    """The PHC string, with a salt of its own. Some 30 ms of CPU without the interpreter lock: for a thread."""
    return _hasher.hash(_normal(password))


def matches(stored: str | None, password: str) -> bool:
    """Takes as long for a user who does not exist (``stored`` None), and is then False."""
    return _matches(stored or _NOBODY, _normal(password)) and stored is not None


def needs_rehash(stored: str) -> bool:
    """The hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def _normal(password: str) -> str:
    # Two keyboards may compose the same characters differently (NIST SP 800-63B, 5.1.1.2).
    return unicodedata.normalize("NFKC", password)


@cache
def common_passwords() -> frozenset[str]:
    """The most common passwords that are long enough to be allowed, folded as ``check_strength`` folds.

    The package's list is read at the first use, without the package itself, which would keep 100,000 words in memory.
    """
    package, file = _LISTED_IN
    found = importlib.util.find_spec(package)
    assert found is not None, f"{package} is a dependency"
    assert found.submodule_search_locations, f"{package} is a folder"
    lists = runpy.run_path(str(Path(found.submodule_search_locations[0]) / file))["FREQUENCY_LISTS"]
    words = (_normal(word).casefold() for word in lists["passwords"])
    return _OURS | {word for word in words if len(word) >= MIN_LENGTH}


def check_strength(password: str, *, pointer: str, email: str, name: str) -> None:
    """Raises a field error for a password that would be guessed among the first."""
    plain = _normal(password).casefold()
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        message = Text(
            f"{MIN_LENGTH}〜{MAX_LENGTH} 文字で指定してください", f"Use {MIN_LENGTH} to {MAX_LENGTH} characters"
        )
        raise Unprocessable.field(pointer, "password_length", message)
    if plain in common_passwords() or len(set(plain)) <= 2:
        raise Unprocessable.field(
            pointer, "password_common", Text("よく使われるパスワードです", "This password is among the most common")
        )
    local_part = email.partition("@")[0].casefold()
    compact_name = "".join(_normal(name).casefold().split())
    for part in (local_part, compact_name):
        if len(part) >= SHORTEST_NAME and part in plain:
            message = Text(
                "名前やメールアドレスを含めないでください", "The password must not contain the name or e-mail address"
            )
            raise Unprocessable.field(pointer, "password_personal", message)
