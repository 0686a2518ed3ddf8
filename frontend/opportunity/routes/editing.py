"""Writing a route, its next version, or a planned version anew; trying out and simulating what stands in the form."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity import words
from frontend.opportunity.routes import words as route_words
from frontend.opportunity.routes.form import MAX_STAGES, RouteDraft, at
from frontend.opportunity.routes.trial import TrialForm
from frontend.ui import saving
from frontend.ui.amounts import AmountRefused
from frontend.ui.customer_field import CustomerField
from frontend.ui.gateway import segment
from frontend.ui.page import Page
from frontend.ui.people import People, people, with_departments
from frontend.ui.saving import FRESH, INVALID, NotSaved, differences

DECIDING = frozenset({"manager", "approver"})
ASKING = frozenset({"rep", "manager"})


async def new(request: Request) -> Response:
    """GET /routes/new."""
    page = Page.of(request)
    if not page.form_key:
        return page.with_form_key()
    draft = RouteDraft.blank()
    draft.key = page.form_key
    return await _render(page, draft, TrialForm())


async def create(request: Request) -> Response:
    """POST /routes/new: `action` is a step among the stages, find, try, simulate or save."""
    page = Page.of(request)
    form = await page.form()
    draft, trial = RouteDraft.from_form(form), TrialForm.from_form(form)
    if await _is_no_saving(page, draft, trial, None):
        return await _render(page, draft, trial)
    if not draft.check():
        return await _render(page, draft, trial, INVALID)
    answer = await saving.create(page, "/approval-routes", draft, draft.change(set(draft.PARTS)))
    if isinstance(answer, NotSaved):
        return await _render(page, draft, trial, answer)
    return page.redirect(f"/routes/{segment(answer.body['id'])}")


async def edit(request: Request) -> Response:
    """GET /routes/{id}/edit, or of a planned version /routes/{id}/versions/{number}/edit."""
    page = Page.of(request)
    answer = await page.gateway.read(_record(request))
    if "routeId" not in answer.body and answer.body["state"] == "PLANNED":
        # A route that has not begun has nothing to follow but its plan.
        number = answer.body["version"]
        return page.redirect(f"/routes/{segment(answer.body['id'])}/versions/{number}/edit")
    return await _render(page, RouteDraft.of(answer), TrialForm(), record=answer.body)


async def update(request: Request) -> Response:
    """POST of the same: a planned version gets another one in its place."""
    page = Page.of(request)
    form = await page.form()
    draft, trial = RouteDraft.from_form(form), TrialForm.from_form(form)
    current = await page.gateway.read(_record(request))
    if await _is_no_saving(page, draft, trial, current.body):
        return await _render(page, draft, trial, record=current.body)
    if not draft.check():
        return await _render(page, draft, trial, INVALID, record=current.body)
    answer = await saving.save(page, _record(request), draft, current)
    if isinstance(answer, NotSaved):
        return await _render(page, draft, trial, answer, record=answer.record or current.body)
    return page.redirect(f"/routes/{segment(request.path_params['id'])}")


async def try_out(request: Request) -> Response:
    """POST /routes/-/try: the answer alone, for the panel beside the form; `route` names the one that is edited."""
    page = Page.of(request)
    form = await page.form()
    draft, trial = RouteDraft.from_form(form), TrialForm.from_form(form)
    drafted = _drafted(draft, str(form.get("route", "")), None)
    if drafted is not None:
        await trial.ask(page, drafted)
    return page.render("opportunity/routes_trial.html", trial=trial, draft=draft)


def _record(request: Request) -> str:
    """The record behind the form, below the gateway's root."""
    path = f"/approval-routes/{segment(request.path_params['id'])}"
    number = request.path_params.get("number")
    return path if number is None else f"{path}/versions/{segment(number)}"


def _route_of(record: Any) -> str | None:
    return None if record is None else record.get("routeId") or record["id"]


async def _is_no_saving(page: Page, draft: RouteDraft, trial: TrialForm, record: Any) -> bool:
    """Whether another button than the one that saves was pressed; what it asks for is done."""
    if draft.action == "find" or draft.step():
        return True
    if draft.action not in {"try", "simulate"}:
        return False
    drafted = _drafted(draft, _route_of(record), record)
    if drafted is not None:
        await (trial.ask(page, drafted) if draft.action == "try" else trial.simulate(page, drafted))
    return True


def _drafted(draft: RouteDraft, route_id: str | None, record: Any) -> dict[str, Any] | None:
    """What stands in the form, as trials take it; None while it can't be read, and then its inputs say so."""
    draft.check()
    if draft.problems:
        return None
    try:
        return {"routeId": route_id or None, "route": draft.content(set(draft.PARTS), record)}
    except AmountRefused:
        return None


async def _render(
    page: Page, draft: RouteDraft, trial: TrialForm, outcome: NotSaved = FRESH, *, record: Any = None
) -> Response:
    customer = CustomerField.parse(trial.customer, draft.query)
    await customer.search(page.gateway)
    known = await with_departments(page.gateway, await people(page.gateway, *draft.people()))
    theirs = RouteDraft(inputs=dict(draft.original.inputs or {}))
    return page.render(
        "opportunity/routes_form.html",
        status=outcome.status,
        draft=draft,
        trial=trial,
        customer=customer,
        record=record,
        route_id=_route_of(record),
        message=outcome.message,
        outrun=differences(
            outcome.both,
            route_words.fields(),
            lambda part: draft.shown(part, known),
            lambda part: theirs.shown(part, known),
        ),
        known=known,
        at=at,
        max_stages=MAX_STAGES,
        kinds=list(words.kinds().items()),
        deciders=_with_roles(known, DECIDING),
        everybody=_with_roles(known, None),
        requesters=_with_roles(known, ASKING),
    )


def _with_roles(known: People, roles: frozenset[str] | None) -> list[tuple[str, str]]:
    """By name; administrators never decide, whatever other role they have."""
    found = [user for user in known.users.values() if user.can_be_chosen and (roles is None or roles & set(user.roles))]
    if roles == DECIDING:
        found = [user for user in found if "admin" not in user.roles]
    return sorted(((user.id, user.name) for user in found), key=lambda pair: pair[1])
