"""Keys of one purpose as a process reads them: several, the newest first, so that they are replaced while it serves."""

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, SecretStr
from pydantic_core import CoreSchema, core_schema

KEY_MIN_LENGTH: Final = 32
KEY_MIN_DISTINCT: Final = 10
"""A key of fewer distinct characters was typed by hand or is a placeholder."""
PLACEHOLDER_WORDS: Final = ("changeme", "change-me", "placeholder", "example", "insecure", "your-secret")


class Keyring:
    """The first key seals and signs; each of them opens. Written as text, keys stand apart by commas or white space."""

    __slots__ = ("_keys",)

    def __init__(self, text: str = "") -> None:
        """Raises ValueError for a key that is too short, and for one that stands there twice."""
        keys = text.replace(",", " ").split()
        if any(len(key) < KEY_MIN_LENGTH for key in keys):
            raise ValueError(f"each key must have at least {KEY_MIN_LENGTH} characters")
        if len(set(keys)) != len(keys):
            raise ValueError("a key stands there twice")
        self._keys = tuple(SecretStr(key) for key in keys)

    def __iter__(self) -> Iterator[SecretStr]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keyring) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(self._keys)

    def __repr__(self) -> str:
        """Without a secret."""
        return f"Keyring({', '.join(self.fingerprints())})"

    def fingerprints(self) -> list[str]:
        """What tells keys apart for people, in their order."""
        return [fingerprint(key.get_secret_value()) for key in self._keys]

    @property
    def looks_typed(self) -> bool:
        """Whether one of them is no random value: never good enough for production."""
        plain = [key.get_secret_value() for key in self._keys]
        return any(
            len(set(key)) < KEY_MIN_DISTINCT or any(word in key.lower() for word in PLACEHOLDER_WORDS) for key in plain
        )

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._of)

    @classmethod
    def _of(cls, value: Any) -> "Keyring":
        if isinstance(value, cls):
            return value
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if not isinstance(value, str):
            raise ValueError("keys are written as text")
        return cls(value)


def fingerprint(key: str) -> str:
    """Twelve hex digits of its SHA-256: tells two keys apart and says nothing about them."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]
