"""Audit entries, verifications and accounts as the gateway answers them."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import Field

from frontend.admin import words
from frontend.ui.i18n import gettext
from frontend.ui.views import View


class Change(NamedTuple):
    """A field before and after; ``told`` False: it changed, but its values were not kept."""

    field: str
    before: Any
    after: Any
    told: bool = True


class Entry(View):
    id: str
    at: str
    service: str
    actor_id: str | None = None
    actor_name: str | None = None
    on_behalf_of_id: str | None = None
    on_behalf_of_name: str | None = None
    action: str
    resource_type: str
    resource_id: str | None = None
    outcome: str = "SUCCESS"
    ip: str | None = None
    request_id: str | None = None
    process_id: str | None = None
    detail: dict[str, Any] | None = None
    names: dict[str, str] = Field(default_factory=dict)
    names_kept: bool = True
    position: int | None = None
    hash: str | None = None
    previous_hash: str | None = None

    @property
    def actor_text(self) -> str:
        """A name; who had not signed in is nobody we know, and what comes from nowhere is the system's own."""
        known = self.actor_name or (self.actor_id or "")[:8]
        return known or (gettext("Not signed in") if self.ip else gettext("System"))

    @property
    def number(self) -> str:
        """That of a request, if the entry carries it."""
        return str((self.detail or {}).get("number") or "")

    @property
    def record(self) -> str:
        """What the record is called: a number, a person's name, else the beginning of its id."""
        return self.number or self.names.get(self.resource_id or "", "") or (self.resource_id or "")[:8]

    @property
    def page(self) -> str:
        """Where the record can be seen, if it has a page."""
        root = words.PAGES.get(self.resource_type)
        return f"{root}/{self.resource_id}" if root and self.resource_id else ""

    @property
    def changes(self) -> list[Change]:
        """Also of entries from before all services wrote them alike."""
        detail = self.detail or {}
        told = detail.get("changes") or {name: detail.get(name) for name in detail.get("fields") or ()}
        found = [
            Change(name, pair.get("from"), pair.get("to")) for name, pair in told.items() if isinstance(pair, dict)
        ]
        if isinstance(detail.get("from"), str) and isinstance(detail.get("to"), str):
            found.append(Change("state", detail["from"], detail["to"]))
        named = {change.field for change in found}
        silent = [name for name in detail.get("changed") or detail.get("fields") or () if name not in named]
        return found + [Change(name, None, None, told=False) for name in silent]

    @property
    def other_detail(self) -> list[tuple[str, Any]]:
        """What the detail says beside the changes."""
        shown = {"changes", "changed", "fields"} | {change.field for change in self.changes}
        if "state" in {change.field for change in self.changes}:
            shown |= {"from", "to"}
        return [(name, value) for name, value in (self.detail or {}).items() if name not in shown and value is not None]


class EntryPage(View):
    items: list[Entry] = Field(default_factory=list)
    next_cursor: str | None = None


class Finding(View):
    position: int
    fault: str
    problem: str = ""


class UnderWay(View):
    id: str
    requested_at: str
    position: int = 0
    total: int = 0


class HeadStore(View):
    name: str
    kept_at: str | None = None
    failing_since: str | None = None
    waits_since: str | None = None
    read_at: str | None = None
    late: bool = False


class Verification(View):
    position: int = 0
    verified_to: str | None = None
    total: int = 0
    checked_at: str | None = None
    whole_checked_at: str | None = None
    holds: bool | None = None
    heads_kept: bool | None = None
    stores: list[HeadStore] = Field(default_factory=list)
    findings: list[Finding] = Field(default_factory=list)
    finding_count: int = 0
    under_way: UnderWay | None = None


class Grant(View):
    role: str
    since: str | None = None
    given_by_id: str | None = None
    given_by_name: str | None = None
    not_recorded_before: str | None = None


class Account(View):
    user_id: str
    name: str
    email: str
    state: str
    totp_enabled: bool = False
    created_at: str
    last_sign_in_at: str | None = None
    roles: list[Grant] = Field(default_factory=list)


class AccountPage(View):
    items: list[Account] = Field(default_factory=list)
    next_cursor: str | None = None
