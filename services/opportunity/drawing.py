"""Which requests of a population a seed draws: a simple random sample without replacement that anybody can draw again.

The population is the list of the requests' numbers, sorted, one a line. The rank of a number is the SHA-256 of the
seed, a line feed and the number; the lowest ranks are drawn, in that order. So a shell with ``sha256sum`` and ``sort``
finds the same requests (`docs/auditor.md`), and a larger sample by the same seed begins with the smaller one.
"""

import hashlib
import secrets
from collections.abc import Iterable
from typing import Final

ALGORITHM: Final = "sha256(seed LF number), ascending"
SEED_BYTES: Final = 16


def new_seed() -> str:
    """Where nobody gives one: nobody chose it either."""
    return secrets.token_hex(SEED_BYTES)


def listing(numbers: Iterable[str]) -> bytes:
    """The population as a file: sorted by code point, each number with a line feed behind it."""
    return "".join(f"{number}\n" for number in sorted(numbers)).encode()


def numbers_of(listed: bytes) -> list[str]:
    """The inverse. Raises ValueError for what ``listing`` would not write: another order, a repeat, half a line."""
    numbers = listed.decode().split("\n")[:-1]
    if listing(set(numbers)) != listed or "" in numbers:
        raise ValueError("not a sorted list of numbers, one a line")
    return numbers


def digest(listed: bytes) -> str:
    return hashlib.sha256(listed).hexdigest()


def rank(seed: str, number: str) -> str:
    return hashlib.sha256(f"{seed}\n{number}".encode()).hexdigest()


def draw(seed: str, numbers: Iterable[str], count: int) -> list[str]:
    """``count`` of the numbers, or all where there are fewer; in the order in which they were drawn."""
    return sorted(numbers, key=lambda number: rank(seed, number))[:count]
