"""What somebody saw when they acted on a request, beside what there is now."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity import customer_facts
from frontend.opportunity.facts import RequestSeen, of_customer, of_opinions, of_request
from frontend.opportunity.kinds.definitions import kinds_for_reading
from frontend.opportunity.reading import actor_of, look_of, place_of
from frontend.opportunity.views import Approval, HistoryEntry
from frontend.ui import formats
from frontend.ui.gateway import segment
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.views import View


class SeenEntry(View):
    entry: HistoryEntry
    seen: RequestSeen | None = None
    now: RequestSeen


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was seen; ``now`` is what it is today, and counts only where it differs."""

    label: str
    then: str
    now: str

    @property
    def has_changed(self) -> bool:
        return self.then != self.now


async def show(request: Request) -> Response:
    """GET /approvals/{id}/history/{entry}."""
    page = Page.of(request)
    root = f"/approvals/{segment(request.path_params['id'])}"
    answer = await page.gateway.get(f"{root}/history/{segment(request.path_params['entry'])}")
    found = SeenEntry.model_validate(answer)
    approval = Approval.model_validate(await page.gateway.get(root))
    groups: list[tuple[str, list[Fact]]] = []
    if found.seen is not None:
        kinds = await kinds_for_reading(page)
        then, now = of_request(found.seen, kinds), of_request(found.now, kinds)
        groups.append((gettext("Contents of the request"), _compared(then, now)))
        if found.seen.opinions:
            # They belong to the stage of then, and are not compared with those of another one.
            groups.append((gettext("Opinions"), [Fact(who, text, text) for who, text in of_opinions(found.seen)]))
        if found.seen.customer is not None:
            groups.append(
                (gettext("Customer"), _compared(of_customer(found.seen.customer), of_customer(found.now.customer)))
            )
    return page.render(
        "opportunity/seen.html",
        approval=approval,
        entry=found.entry,
        who=actor_of(found.entry),
        place=place_of(found.entry, approval),
        look=look_of(found.entry),
        groups=groups,
        changes=sum(fact.has_changed for _, facts in groups for fact in facts),
    )


def _compared(then: list[tuple[str, str]], now: list[tuple[str, str]]) -> list[Fact]:
    """What was not known then can't have changed."""
    today, unknown = dict(now), customer_facts.unknown()
    return [Fact(label, text, text if text == unknown else today.get(label, formats.NOTHING)) for label, text in then]
