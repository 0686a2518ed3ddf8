"""What the firm sets for attachments: limits, in megabytes as people count them, and how long files are kept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity.firm.views import Limits, Retention
from frontend.opportunity.firm.words import LIMITS
from frontend.ui import saving
from frontend.ui.access import allows
from frontend.ui.drafts import Draft
from frontend.ui.formats import whole
from frontend.ui.gateway import Answer, Json
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.saving import FRESH, INVALID, NotSaved, differences

_PATH: Final = "/approval-settings"
_MIB: Final = 1024 * 1024
_SIZE: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,20})?")
"""With decimals enough for a size that was set in bytes."""


def labels() -> dict[str, str]:
    """By the parts of the form."""
    return {
        "attachmentMaxBytes": gettext("Largest file (MB)"),
        "attachmentsPerRequest": gettext("Files of one request"),
        "retentionYears": gettext("Files of requests that have ended are kept for (years)"),
        "abandonedDraftDays": gettext("Files of drafts are kept after the last change for (days)"),
    }


@dataclass(slots=True)
class LimitsDraft(Draft):
    PARTS: ClassVar = {
        "attachmentMaxBytes": ("size",),
        "attachmentsPerRequest": ("count",),
        "retentionYears": ("years",),
        "abandonedDraftDays": ("days",),
    }

    @classmethod
    def rendered(cls, record: Json) -> Mapping[str, Sequence[str]]:
        limits = Limits.model_validate(record)
        size, count = limits.attachment_max_bytes, limits.attachments_per_request
        return {
            "size": ["" if size is None else f"{Decimal(size) / _MIB:f}"],
            "count": ["" if count is None else str(count)],
            "years": [str(limits.retention_years)],
            "days": [str(limits.abandoned_draft_days)],
        }

    def check(self) -> bool:
        """Fill `problems` with what can be told without asking the server."""
        if self.get("size") and self._bytes is None:
            self.problems["attachmentMaxBytes"] = gettext("Enter megabytes, for example 10 or 2.5.")
        if self.get("count") and whole(self.get("count")) is None:
            self.problems["attachmentsPerRequest"] = gettext("Enter a whole number.")
        for part in ("retentionYears", "abandonedDraftDays"):
            if whole(self.shown(part)) is None:
                self.problems[part] = gettext("Enter a whole number.")
        return not self.problems

    @property
    def _bytes(self) -> int | None:
        typed = unicodedata.normalize("NFKC", self.get("size"))
        return int(Decimal(typed) * _MIB) if _SIZE.fullmatch(typed) else None

    def change(self, parts: Set[str], record: Json | None = None, /) -> dict[str, Any]:
        before = Limits.model_validate(record or {})
        size = self._bytes if "attachmentMaxBytes" in parts else before.attachment_max_bytes
        count = whole(self.get("count")) if "attachmentsPerRequest" in parts else before.attachments_per_request
        years = whole(self.get("years")) if "retentionYears" in parts else before.retention_years
        days = whole(self.get("days")) if "abandonedDraftDays" in parts else before.abandoned_draft_days
        terms = {"retentionYears": years, "abandonedDraftDays": days}
        return {"attachmentMaxBytes": size, "attachmentsPerRequest": count} | terms

    def shown(self, part: str) -> str:
        return self.get(self.PARTS[part][0])


async def show(request: Request) -> Response:
    """GET /firm/limits."""
    page = Page.of(request)
    answer = await page.gateway.read(_PATH)
    return await _render(page, LimitsDraft.of(answer), answer)


async def update(request: Request) -> Response:
    """POST /firm/limits."""
    page = Page.of(request)
    draft = LimitsDraft.from_form(await page.form())
    current = await page.gateway.read(_PATH)
    if not draft.check():
        return await _render(page, draft, current, INVALID)
    answer = await saving.save(page, _PATH, draft, current)
    if isinstance(answer, NotSaved):
        return await _render(page, draft, current, answer)
    return page.redirect(LIMITS)


async def _render(page: Page, draft: LimitsDraft, current: Answer, outcome: NotSaved = FRESH) -> Response:
    theirs = LimitsDraft(inputs=dict(draft.original.inputs or {}))
    return page.render(
        "opportunity/firm_limits.html",
        status=outcome.status,
        message=outcome.message,
        draft=draft,
        limits=Limits.model_validate(outcome.record or current.body),
        retention=await _retention(page),
        labels=labels(),
        outrun=differences(outcome.both, labels(), draft.shown, theirs.shown),
    )


async def _retention(page: Page) -> Retention | None:
    """What the purge does; None for who has no part in it."""
    if not allows(page.identity.roles, "audit:read"):
        return None
    return Retention.model_validate(await page.gateway.get(f"{_PATH}/retention"))
