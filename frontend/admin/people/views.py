"""Accounts, sessions and previews of deletions as the gateway answers them."""

from __future__ import annotations

from pydantic import Field

from frontend.ui.views import User, View


class Person(User):
    department_id: str | None = None
    state: str | None = "ACTIVE"
    version: int = 1
    created_at: str = ""
    totp_enabled: bool = False
    process_id: str | None = None
    last_sign_in_at: str | None = None


class PersonPage(View):
    items: list[Person] = Field(default_factory=list)
    next_cursor: str | None = None


class Session(View):
    id: str
    created_at: str
    last_used_at: str
    ip: str | None = None
    user_agent: str | None = None
    current: bool = False


class WorkItem(View):
    kind: str
    count: int
    names: list[str] = Field(default_factory=list)


class Conflict(View):
    kind: str
    resource_id: str
    number: str = ""
    reason: str
    resolution: str


class DeletionPreview(View):
    items: list[WorkItem] = Field(default_factory=list)
    conflicts: list[Conflict] = Field(default_factory=list)
    complete: bool = True
