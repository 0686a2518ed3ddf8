"""One audit entry: who, what, before and after, and its place in the chain."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from frontend.admin import words
from frontend.admin.views import Entry
from frontend.ui.formats import exact, number
from frontend.ui.gateway import segment
from frontend.ui.i18n import gettext
from frontend.ui.page import Page

_ID_LENGTH = 36
_AMOUNTS = frozenset({"amount", "min_amount", "max_amount", "fields.creditLineBefore", "fields.creditLineAfter"})
_FRACTION = re.compile(r"[0-9]+\.[0-9]+")
"""Whole amounts are integers."""


async def show(request: Request) -> Response:
    """GET /audit/{id}."""
    page = Page.of(request)
    entry = Entry.model_validate(await page.gateway.get(f"/auth/audit-logs/{segment(request.path_params['id'])}"))

    def told(field: str, value: Any) -> str:
        return value_text(field, value, entry)

    return page.render("admin/audit_entry.html", entry=entry, told=told)


def value_text(field: str, value: Any, entry: Entry) -> str:
    """A value as people read it: names beside ids, times on the office's clock, roles and states in words."""
    if value is None or value == "" or value == []:
        return "—"
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, int):
        return number(value)
    if field in _AMOUNTS and isinstance(value, str) and _FRACTION.fullmatch(value):
        return f"{Decimal(value):,f}"
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(value_text(field, part, entry) for part in value)
    if isinstance(value, str):
        return _word(field, value, entry)
    return json.dumps(value, ensure_ascii=False, indent=1)


def _word(field: str, value: str, entry: Entry) -> str:
    if field == "roles":
        return words.role_text(value)
    if field == "state" and entry.resource_type == "user":
        return words.user_state(value).text
    if len(value) == _ID_LENGTH and value in entry.names:
        return f"{entry.names[value]} ({value[:8]})"
    if field.endswith(("_at", "At")):
        return exact(value)
    return value
