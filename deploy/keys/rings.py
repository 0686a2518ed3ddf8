"""The steps in which a key is replaced. A ring is the keys of a purpose, of which the first seals and each opens.

Processes read their keys when they start, and not all start at once. So a new key is given to all of them before one
uses it, and an old one stays until nothing that it made is left.
"""

import secrets
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

KEY_BYTES: Final = 48


class Step(StrEnum):
    ADD = "add"
    USE = "use"
    DROP = "drop"


class StepRefusedError(ValueError):
    """The ring is not where this step belongs."""


def new_key() -> str:
    """384 random bits, in characters that need no quoting anywhere."""
    return secrets.token_urlsafe(KEY_BYTES)


def stepped(ring: Sequence[str], step: Step) -> list[str]:
    """The ring after the step; raises StepRefusedError."""
    match step:
        case Step.ADD:
            if len(ring) != 1:
                raise StepRefusedError("a key is being replaced already" if ring else "there is no key yet")
            return [*ring, new_key()]
        case Step.USE:
            if len(ring) < 2:
                raise StepRefusedError("no key was added")
            return [ring[-1], *ring[:-1]]
        case Step.DROP:
            if len(ring) < 2:
                raise StepRefusedError("there is no old key")
            return [ring[0]]
