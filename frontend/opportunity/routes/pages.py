"""Approval routes to read: the list, one with its versions, two versions beside each other, who is named where."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity.firm.views import CalendarState
from frontend.opportunity.routes import words as route_words
from frontend.opportunity.routes.trial import TrialForm
from frontend.opportunity.routes.views import (
    Alarm,
    ApprovalRoute,
    NamingPage,
    RouteContent,
    RoutePage,
    RouteVersion,
    VersionPage,
)
from frontend.opportunity.words import kind_text
from frontend.ui.access import allows
from frontend.ui.formats import money
from frontend.ui.gateway import GatewayProblem, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.people import People, people, with_departments
from frontend.ui.profile_words import risks
from frontend.ui.saving import refusal

OVERSEE = "audit:read"
"""Whose screens these are: administrators', and to read auditors'."""
EDIT = "approval:reassign-any"


async def show(request: Request) -> Response:
    """GET /routes: by priority, with what is planned and what can't work."""
    page = Page.of(request)
    answer = await page.gateway.get("/approval-routes", **_cursor(page))
    listed = RoutePage.model_validate(answer)
    known = await with_departments(
        page.gateway, await people(page.gateway, *(user_id for route in listed.items for user_id in route.people))
    )
    return page.render(
        "opportunity/routes_list.html",
        listed=listed,
        known=known,
        alarms=await _alarms(page),
        calendar=await _calendar(page),
    )


async def detail(request: Request) -> Response:
    """GET /routes/{id}."""
    return await _detail(Page.of(request), request.path_params["id"])


async def _detail(page: Page, route_id: str, *, status: int = 200, error: str = "") -> Response:
    path = f"/approval-routes/{segment(route_id)}"
    route = ApprovalRoute.model_validate(await page.gateway.get(path))
    versions = VersionPage.model_validate(await page.gateway.get(f"{path}/versions", **_cursor(page)))
    alarms = [alarm for alarm in await _alarms(page) if alarm.route_id == route.id]
    known = await with_departments(
        page.gateway, await people(page.gateway, *route.people, *(version.created_by for version in versions.items))
    )
    return page.render(
        "opportunity/routes_detail.html",
        status=status,
        route=route,
        versions=versions,
        alarms=alarms,
        known=known,
        error=error,
    )


async def version(request: Request) -> Response:
    """GET /routes/{id}/versions/{number}: beside the one before, or the one that `with` names."""
    page = Page.of(request)
    path = f"/approval-routes/{segment(request.path_params['id'])}/versions"
    answer = await page.gateway.read(f"{path}/{segment(request.path_params['number'])}")
    shown = RouteVersion.model_validate(answer.body)
    listed = VersionPage.model_validate(await page.gateway.get(path))
    chosen = page.query("with")
    other = next((one for one in listed.items if str(one.version) == chosen), None)
    if other is None:
        other = next((one for one in listed.items if one.version < shown.version and one.state != "WITHDRAWN"), None)
    known = await with_departments(
        page.gateway, await people(page.gateway, *shown.people, *(other.people if other else ()))
    )
    return page.render(
        "opportunity/routes_version.html",
        shown=shown,
        etag=answer.headers.get("ETag", ""),
        other=other,
        versions=[one for one in listed.items if one.version != shown.version],
        rows=compared(other, shown, known) if other else [],
        known=known,
    )


async def withdraw(request: Request) -> Response:
    """POST /routes/{id}/versions/{number}/withdraw."""
    page = Page.of(request)
    form = await page.form()
    route_id, number = request.path_params["id"], request.path_params["number"]
    try:
        await page.gateway.send(
            "DELETE",
            f"/approval-routes/{segment(route_id)}/versions/{segment(number)}",
            if_match=str(form.get("etag", "")),
        )
    except GatewayProblem as problem:
        return await _detail(page, route_id, status=problem.status, error=await refusal(page, problem))
    return page.redirect(f"/routes/{segment(route_id)}")


async def simulate(request: Request) -> Response:
    """GET /routes/{id}/versions/{number}/simulate: what a planned version would have changed."""
    page = Page.of(request)
    path = f"/approval-routes/{segment(request.path_params['id'])}/versions/{segment(request.path_params['number'])}"
    record = await page.gateway.get(path)
    names = ("name", "kind", "minAmount", "maxAmount", "currency", "minAge", "riskTolerances", "priority", "stages")
    trial = TrialForm()
    content = {name: record[name] for name in (*names, "active")}
    await trial.simulate(page, {"routeId": record["routeId"], "route": content})
    return page.render("opportunity/routes_simulation.html", trial=trial, shown=RouteVersion.model_validate(record))


async def naming(request: Request) -> Response:
    """GET /routes/naming: `?userId=` all places of a person."""
    page = Page.of(request)
    chosen = page.query("userId")
    listed = NamingPage()
    if chosen:
        answer = await page.gateway.get("/approval-routes/naming", userId=chosen, **_cursor(page))
        listed = NamingPage.model_validate(answer)
    known = await people(page.gateway, chosen)
    choices = sorted(((user.id, user.name) for user in known.users.values()), key=lambda pair: pair[1])
    return page.render("opportunity/routes_naming.html", chosen=chosen, listed=listed, known=known, choices=choices)


async def _alarms(page: Page) -> list[Alarm]:
    if not allows(page.identity.roles, OVERSEE):
        return []
    answer = await page.gateway.get("/approval-routes/alarms")
    return [Alarm.model_validate(item) for item in answer["items"]]


async def _calendar(page: Page) -> CalendarState:
    """For whoever can mend it."""
    if not allows(page.identity.roles, EDIT):
        return CalendarState()
    return CalendarState.model_validate(await page.gateway.get("/business-calendar"))


def _cursor(page: Page) -> dict[str, str]:
    return {"cursor": page.query("cursor")} if page.query("cursor") else {}


@dataclass(frozen=True, slots=True)
class Compared:
    label: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        return self.before != self.after


def compared(before: RouteContent, after: RouteContent, known: People) -> list[Compared]:
    """Line by line what two versions say; stages by their place."""
    rows = [
        Compared(label, _line(before, part), _line(after, part))
        for part, label in route_words.fields().items()
        if part not in {"stages", "valid", "note"}
    ]
    for position in range(max(len(before.stages), len(after.stages))):
        texts = [
            route_words.stage_text(route.stages[position], known) if position < len(route.stages) else ""
            for route in (before, after)
        ]
        rows.append(Compared(gettext("Stage %(n)s") % {"n": position + 1}, *texts))
    return rows


def _line(route: RouteContent, part: str) -> str:
    match part:
        case "name":
            return route.name
        case "kind":
            return kind_text(route.kind) if route.kind else ""
        case "amounts":
            if route.min_amount is None and route.max_amount is None:
                return ""
            return f"{money(route.min_amount, route.currency)} – {money(route.max_amount, route.currency)}"
        case "minAge":
            return "" if route.min_age is None else str(route.min_age)
        case "riskTolerances":
            return ", ".join(risks().get(risk, risk) for risk in route.risk_tolerances)
        case "priority":
            return str(route.priority)
        case _:
            return gettext("yes") if route.active else gettext("no")
