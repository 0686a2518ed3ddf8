"""The form that draws a sample."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar, Final, Self

from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity import words
from frontend.opportunity.manifest import SAMPLES
from frontend.opportunity.samples import words as sample_words
from frontend.opportunity.samples.views import Sample
from frontend.ui import saving
from frontend.ui.amounts import AmountRefused, parse_amount
from frontend.ui.drafts import Draft
from frontend.ui.formats import Amount
from frontend.ui.gateway import GatewayProblem, Json, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.profile_words import flag_text
from frontend.ui.saving import FRESH, INVALID, NotSaved
from frontend.ui.time_zone import office_now

MAX_SAMPLE: Final = 200
USUAL_COUNT: Final = 25
_QUARTER_MONTHS: Final = 3


@dataclass(slots=True)
class SampleDraft(Draft):
    PARTS: ClassVar = {
        "title": ("title",),
        "from": ("from",),
        "until": ("until",),
        "kinds": ("kinds",),
        "states": ("states",),
        "flags": ("flags",),
        "minAmount": ("minAmount",),
        "maxAmount": ("maxAmount",),
        "count": ("count",),
        "seed": ("seed",),
        "previousId": ("previousId",),
    }
    LISTS: ClassVar = frozenset({"kinds", "states", "flags"})
    PLACES: ClassVar = {"decidedFrom": "from", "decidedTo": "until", "population": "until"}

    @classmethod
    def blank(cls, previous: str = "") -> Self:
        """What was decided in this quarter until today."""
        today = office_now().date()
        begin = date(today.year, today.month - (today.month - 1) % _QUARTER_MONTHS, 1)
        return cls(
            inputs={
                "from": (begin.isoformat(),),
                "until": (today.isoformat(),),
                "count": (str(USUAL_COUNT),),
                "previousId": (previous,),
            }
        )

    def check(self) -> bool:
        """Fill `problems` with what can be told without asking the server."""
        if not self.get("title"):
            self.problems["title"] = gettext("Give the sample a title.")
        for name in ("from", "until"):
            if _day(self.get(name)) is None:
                self.problems[name] = gettext("Enter a day.")
        begin, end = _day(self.get("from")), _day(self.get("until"))
        if begin is not None and end is not None and end < begin:
            self.problems["until"] = gettext("The last day lies before the first.")
        for name in ("minAmount", "maxAmount"):
            try:
                self._amount(name)
            except AmountRefused as refused:
                self.problems[name] = str(refused)
        if not (self.get("count").isascii() and self.get("count").isdecimal() and 1 <= self._count <= MAX_SAMPLE):
            self.problems["count"] = gettext("Enter a number from 1 to %(most)s.") % {"most": MAX_SAMPLE}
        return not self.problems

    @property
    def _count(self) -> int:
        return int(self.get("count")[:9])

    def _amount(self, name: str) -> Amount | None:
        return parse_amount(self.get(name)) if self.get(name) else None

    def change(self, _parts: Set[str], _record: Json | None = None, /) -> dict[str, Any]:
        """People name the last day, the API what lies before a moment."""
        end = _day(self.get("until"))
        assert end is not None, "it was checked"
        population: dict[str, Any] = {
            "decidedFrom": self.get("from"),
            "decidedTo": (end + timedelta(days=1)).isoformat(),
            **{name: self.all(name) for name in ("kinds", "states", "flags")},
            **{name: self._amount(name) for name in ("minAmount", "maxAmount")},
        }
        body: dict[str, Any] = {"title": self.get("title"), "count": self._count, "population": population}
        return body | {name: self.get(name) for name in ("seed", "previousId") if self.get(name)}


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day < date.max else None


async def new(request: Request) -> Response:
    """GET /audit-samples/new; `follows` is the id of a closed sample that the new one follows up."""
    page = Page.of(request)
    if not page.form_key:
        return page.with_form_key()
    draft = SampleDraft.blank(page.query("follows"))
    draft.key = page.form_key
    return await _render(page, draft)


async def create(request: Request) -> Response:
    """POST /audit-samples/new."""
    page = Page.of(request)
    draft = SampleDraft.from_form(await page.form())
    if not draft.check():
        return await _render(page, draft, INVALID)
    answer = await saving.create(page, "/audit-samples", draft, draft.change(draft.touched))
    if isinstance(answer, NotSaved):
        return await _render(page, draft, answer)
    return page.redirect(f"{SAMPLES}/{segment(answer.body['id'])}")


async def _render(page: Page, draft: SampleDraft, outcome: NotSaved = FRESH) -> Response:
    return page.render(
        "opportunity/samples_form.html",
        status=outcome.status,
        draft=draft,
        message=outcome.message,
        follows=await _follows(page, draft.get("previousId")),
        kinds=list(words.kinds().items()),
        states=[(state, words.state_look(state).text) for state in sample_words.DECIDED],
        flags=[(flag, flag_text(flag)) for flag in words.FLAGS],
        max_sample=MAX_SAMPLE,
    )


async def _follows(page: Page, sample_id: str) -> Sample | None:
    if not sample_id:
        return None
    try:
        return Sample.model_validate(await page.gateway.get(f"/audit-samples/{segment(sample_id)}"))
    except GatewayProblem as problem:
        if problem.is_outage:
            raise
        return None
