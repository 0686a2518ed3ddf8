"""How audit entries are chained: each link's hash covers the one before, so that any edit breaks all that follow.

A link holds a salted commitment to detail and names: when they and the salt are erased, the chain still verifies.
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


FIRST_FORM: Final = 1
"""Links from before entries kept names, and of older replicas during an update: their commitment covers the detail.
Who calls a later link so breaks it, as its commitment is another."""
FORM: Final = 2


def commitment(entry: AuditLogEntry, form: int = FORM) -> bytes:
    """SHA-256 of salt and content; says nothing about a content whose salt is unknown."""
    content: Any = entry.detail if form == FIRST_FORM else {"detail": entry.detail, "names": entry.names}
    return hashlib.sha256((entry.salt or b"") + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


def is_erased(entry: AuditLogEntry) -> bool:
    """Neither salt nor content is left, as the law may ask for."""
    return entry.salt is None and entry.detail is None and not entry.names


def link_hash(previous: bytes, position: int, entry: AuditLogEntry, detail_commitment: bytes) -> bytes:
    """SHA-256 over the link before, the canonical JSON of the entry, and the commitment to its detail."""
    content = {name: getattr(entry, name) for name in COVERED}
    # Microseconds since the epoch: PostgreSQL's resolution, and free of any format.
    content["at"] = round(entry.at.timestamp() * 1_000_000)
    content["detail"] = detail_commitment.hex()
    content["position"] = position
    canonical = orjson.dumps(content, default=str, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(previous + canonical).digest()
