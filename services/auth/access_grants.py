"""Who was given which role when and by whom, read from the entries that the changes left behind."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class RoleRecord:
    """An audit entry of a user that may have changed roles, oldest first."""

    at: datetime
    actor_id: UUID | None
    action: str
    detail: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Given:
    """``at`` None: nothing recorded says when; it was not before ``known_from`` that the roles are known."""

    at: datetime | None
    by: UUID | None = None
    known_from: datetime | None = None


def grants(held: Iterable[str], records: Iterable[RoleRecord]) -> dict[str, Given]:
    """By role that is held now. Entries from before values were kept say that roles changed, but not which: what can
    have been given then is not known from anything earlier."""
    found: dict[str, Given] = {}
    for record in records:
        detail = record.detail or {}
        change = (detail.get("changes") or {}).get("roles")
        if record.action == "user.created" and "roles" in detail:
            found = {role: Given(record.at, record.actor_id) for role in detail["roles"]}
        elif change is not None:
            before, after = set(change["from"]), set(change["to"])
            kept = {role: found.get(role, Given(None, known_from=record.at)) for role in before & after}
            found = kept | {role: Given(record.at, record.actor_id) for role in after - before}
        elif "roles" in (detail.get("changed") or ()):
            found = {}
    return {role: found.get(role, Given(None)) for role in held}
