"""The hash chain over the history of one request.

Each entry's hash covers the hash before it, its plain facts (ids, times, action) and a salted commitment to what
is personal (comment, and the snapshot of what the approver saw). The personal part and its salt are kept in
another table: erasing them leaves the chain verifiable, and without the salt nobody can guess what was written.
"""

import hashlib
import os
from collections.abc import Mapping
from typing import Any

import orjson

GENESIS = "0" * 64
SALT_BYTES = 32


def canonical(value: object) -> bytes:
    """One byte string for equal values: sorted keys, no spaces, times in UTC with Z."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def new_salt() -> bytes:
    return os.urandom(SALT_BYTES)


def commitment(salt: bytes, personal: Mapping[str, Any]) -> str:
    return hashlib.sha256(salt + canonical(personal)).hexdigest()


def entry_hash(previous_hash: str, facts: Mapping[str, Any]) -> str:
    """``facts`` hold the commitment beside the plain fields."""
    return hashlib.sha256(bytes.fromhex(previous_hash) + canonical(facts)).hexdigest()
