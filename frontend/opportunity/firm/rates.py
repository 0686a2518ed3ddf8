"""The rate table: what counts, what was entered when, and the form for one more row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity import money
from frontend.opportunity.firm.views import RatePage
from frontend.opportunity.firm.words import RATES
from frontend.ui import saving
from frontend.ui.drafts import Draft
from frontend.ui.gateway import Json
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.saving import FRESH, INVALID, NotSaved
from frontend.ui.time_zone import office_now

_FIRST = "USD"
_FIGURE = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,8})?")


@dataclass(slots=True)
class RateDraft(Draft):
    """A row of the table; `confirmed` is asked for when the figure is far from the one so far."""

    PARTS: ClassVar = {
        "currency": ("currency",),
        "yenPerUnit": ("yenPerUnit",),
        "validFrom": ("validFrom",),
        "note": ("note",),
        "confirmed": ("confirmed",),
    }
    TEXTS: ClassVar = frozenset({"note"})
    LISTS: ClassVar = frozenset({"confirmed"})

    @classmethod
    def blank(cls, currency: str) -> RateDraft:
        return cls(inputs={"currency": (currency,), "validFrom": (office_now().date().isoformat(),)})

    def check(self) -> bool:
        """Fill `problems` with what can be told without asking the server."""
        if self._figure is None:
            self.problems["yenPerUnit"] = gettext("Enter how many yen one unit is worth, for example 150.25.")
        if not self.get("validFrom"):
            self.problems["validFrom"] = gettext("Enter a day.")
        return not self.problems

    @property
    def _figure(self) -> str | None:
        typed = unicodedata.normalize("NFKC", self.get("yenPerUnit")).replace(",", "").removeprefix("¥")
        return typed if _FIGURE.fullmatch(typed) else None

    def change(self, _parts: Set[str], _record: Json | None = None, /) -> dict[str, Any]:
        return {
            "currency": self.get("currency"),
            "yenPerUnit": self._figure,
            "validFrom": self.get("validFrom"),
            "note": self.block("note") or "",
            "confirmed": bool(self.all("confirmed")),
        }


async def home(request: Request) -> Response:
    """GET /firm."""
    return Page.of(request).redirect(RATES)


async def show(request: Request) -> Response:
    """GET /firm/rates; `currency` shows that one alone."""
    page = Page.of(request)
    return await _render(page, RateDraft.blank(page.query("currency") or _FIRST))


async def enter(request: Request) -> Response:
    """POST /firm/rates."""
    page = Page.of(request)
    draft = RateDraft.from_form(await page.form())
    if not draft.check():
        return await _render(page, draft, INVALID)
    answer = await saving.create(page, "/currency-rates", draft, draft.change(set(draft.PARTS)))
    if isinstance(answer, NotSaved):
        return await _render(page, draft, answer)
    return page.redirect(RATES)


async def _render(page: Page, draft: RateDraft, outcome: NotSaved = FRESH) -> Response:
    chosen = page.query("currency")
    known = dict(money.currencies())
    narrowed = {"currency": chosen} if chosen in known else {}
    answer = await page.gateway.get("/currency-rates", **narrowed, cursor=page.query("cursor"))
    return page.render(
        "opportunity/firm_rates.html",
        status=outcome.status,
        message=outcome.message,
        draft=draft,
        listed=RatePage.model_validate(answer),
        chosen=chosen if chosen in known else "",
    )
