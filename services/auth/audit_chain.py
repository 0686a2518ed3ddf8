"""How audit entries are chained: each link's hash covers the one before, so that any edit breaks all that follow.

A link holds a salted commitment to the detail: when detail and salt are erased, the chain still verifies.
"""

import hashlib
from typing import Any, Final

import orjson

from services.auth.record import AuditLogEntry

GENESIS: Final = b"\0" * 32
COVERED: Final = (
    "id", "service", "actor_id", "on_behalf_of", "action", "resource_type", "resource_id", "outcome", "ip",
    "request_id", "process_id",
)  # fmt: skip


def commitment(salt: bytes, detail: dict[str, Any] | None) -> bytes:
    """SHA-256 of salt and detail; says nothing about a detail whose salt is unknown."""
    return hashlib.sha256(salt + orjson.dumps(detail, option=orjson.OPT_SORT_KEYS)).digest()


def link_hash(previous: bytes, position: int, entry: AuditLogEntry, detail_commitment: bytes) -> bytes:
    """SHA-256 over the link before, the canonical JSON of the entry, and the commitment to its detail."""
    content = {name: getattr(entry, name) for name in COVERED}
    # Microseconds since the epoch: PostgreSQL's resolution, and free of any format.
    content["at"] = round(entry.at.timestamp() * 1_000_000)
    content["detail"] = detail_commitment.hex()
    content["position"] = position
    canonical = orjson.dumps(content, default=str, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(previous + canonical).digest()
