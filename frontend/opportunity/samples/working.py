"""Working a sample through: its requests with the chosen one beside them, and what is written down of each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity.manifest import SAMPLES
from frontend.opportunity.reading import history_of
from frontend.opportunity.samples import words as sample_words
from frontend.opportunity.samples.views import Items, Sample, SampleItem, SampleItemDetail
from frontend.ui import saving
from frontend.ui.drafts import Draft
from frontend.ui.gateway import CONFLICT, Answer, GatewayProblem, Json, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.saving import FRESH, INVALID, NotSaved


@dataclass(slots=True)
class AssessmentDraft(Draft):
    """Assessment and note are one part: a note belongs to what was said with it."""

    PARTS: ClassVar = {"assessment": ("decision", "note")}
    TEXTS: ClassVar = frozenset({"note"})
    PLACES: ClassVar = {"note": "note", "assessment": "note"}

    @classmethod
    def rendered(cls, record: Json) -> Mapping[str, Sequence[str]]:
        item = SampleItemDetail.model_validate(record)
        return {"decision": [item.assessment], "note": [item.note]}

    def check(self) -> bool:
        if self.get("decision") == "FINDING" and self.block("note") is None:
            self.problems["note"] = gettext("Say what was found.")
        return not self.problems

    def change(self, _parts: Set[str], _record: Json | None = None, /) -> dict[str, Any]:
        return {"assessment": self.get("decision"), "note": self.get("note")}

    def shown(self, _part: str) -> str:
        """As a person reads it."""
        note = self.block("note")
        look = sample_words.assessment_look(self.get("decision"))
        return look.text if note is None else f"{look.text}: {note}"


async def show(request: Request) -> Response:
    """GET /audit-samples/{id}: `item` is the position of the one beside the list, at first the first without an
    assessment."""
    page = Page.of(request)
    return await _show(page, request.path_params["id"], page.query("item"))


async def panel(request: Request) -> Response:
    """GET /audit-samples/{id}/items/{position}: the side of the list; the address becomes that of the list."""
    page = Page.of(request)
    sample_id, position = request.path_params["id"], request.path_params["position"]
    if not page.is_fragment:
        return page.redirect(_address(sample_id, position))
    sample = Sample.model_validate(await page.gateway.get(f"/audit-samples/{segment(sample_id)}"))
    item = await page.gateway.read(_path(sample_id, position))
    return page.render(
        "opportunity/samples_panel.html", push=_address(sample_id, position), **await _beside(page, sample, item)
    )


async def assess(request: Request) -> Response:
    """POST of the same; the next request without an assessment comes up."""
    page = Page.of(request)
    draft = AssessmentDraft.from_form(await page.form())
    sample_id, position = request.path_params["id"], request.path_params["position"]
    if draft.get("decision") not in sample_words.assessments() or not draft.check():
        return await _show(page, sample_id, position, draft, INVALID)
    path = _path(sample_id, position)
    try:
        answer = await saving.save(page, path, draft, await page.gateway.read(path))
    except GatewayProblem as problem:
        if problem.status != CONFLICT:
            raise
        answer = NotSaved(problem.status, problem.message)
    if isinstance(answer, NotSaved):
        return await _show(page, sample_id, position, draft, answer)
    following = _next_of(await _items(page, sample_id), int(answer.body["position"]))
    return page.redirect(_address(sample_id, str(following)))


def _next_of(items: Sequence[SampleItem], position: int) -> int:
    """The next one without an assessment, around the end of the list; where there is none, the same again."""
    left = [item.position for item in items if item.is_open]
    return next((one for one in left if one > position), left[0] if left else position)


async def _show(
    page: Page, sample_id: str, position: str, draft: AssessmentDraft | None = None, outcome: NotSaved = FRESH
) -> Response:
    root = f"/audit-samples/{segment(sample_id)}"
    told, items = await asyncio.gather(page.gateway.get(root), _items(page, sample_id))
    sample = Sample.model_validate(told)
    chosen = next((item for item in items if str(item.position) == position), None)
    explicit = chosen is not None
    chosen = chosen or next((item for item in items if item.is_open), items[0])
    answer = await page.gateway.read(_path(sample_id, str(chosen.position)))
    return page.render(
        "opportunity/samples_work.html",
        status=outcome.status,
        items=items,
        selected=chosen.position,
        explicit=explicit,
        facts=sample_words.drawing_facts(sample),
        **await _beside(page, sample, answer, draft, outcome),
    )


async def _beside(
    page: Page, sample: Sample, answer: Answer, draft: AssessmentDraft | None = None, outcome: NotSaved = FRESH
) -> dict[str, Any]:
    """What the panel shows: the request with its history, and the form of its assessment."""
    item = SampleItemDetail.model_validate(answer.body)
    own = draft or AssessmentDraft.of(answer)
    theirs = AssessmentDraft(inputs=dict(own.original.inputs or {}))
    labels = {"assessment": gettext("Assessment")}
    return {
        "sample": sample,
        "item": item,
        "history": await history_of(page, item.approval_id),
        "draft": own,
        "message": outcome.message,
        "outrun": saving.differences(outcome.both, labels, own.shown, theirs.shown),
    }


async def _items(page: Page, sample_id: str) -> list[SampleItem]:
    return Items.model_validate(await page.gateway.get(f"/audit-samples/{segment(sample_id)}/items")).items


def _path(sample_id: str, position: str) -> str:
    return f"/audit-samples/{segment(sample_id)}/items/{segment(position)}"


def _address(sample_id: str, position: str) -> str:
    return f"{SAMPLES}/{segment(sample_id)}?item={segment(position)}"
