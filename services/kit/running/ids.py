"""Identifiers: UUIDv7 (RFC 9562), which sort by time of creation and so keep index pages together."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh identifier; two calls in one process are ordered."""
    return uuid7()
