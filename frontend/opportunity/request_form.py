"""Writing a request: customer, content, the route it will take, saved as a draft or submitted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity import words
from frontend.opportunity.views import Approval, CustomerChoice, Route
from frontend.ui.gateway import CONFLICT, UNPROCESSABLE, GatewayProblem, UserGateway, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import KEY_FIELD, Page

PRECONDITION_FAILED = 412
MIN_QUERY = 2
MAX_CHOICES = 8


@dataclass(slots=True)
class Draft:
    """The form as it stands. `amount` is as typed; `problems` are messages by field name of the API."""

    customer_id: str = ""
    customer_name: str = ""
    customer_query: str = ""
    kind: str = "FEE_DISCOUNT"
    title: str = ""
    description: str = ""
    amount: str = ""
    previous_id: str = ""
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_form(cls, form: FormData) -> Draft:
        def text(name: str) -> str:
            return str(form.get(name, "")).strip()

        customer_id, _, customer_name = text("customer").partition("|")
        return cls(
            customer_id,
            customer_name,
            text("customer_query"),
            text("kind") or "OTHER",
            text("title"),
            text("description"),
            text("amount"),
            text("previous_id"),
        )

    @classmethod
    def from_approval(cls, approval: Approval) -> Draft:
        return cls(
            customer_id=approval.customer_id or "",
            customer_name=approval.customer_name or "",
            kind=approval.kind,
            title=approval.title,
            description=approval.description or "",
            amount="" if approval.amount is None else f"{approval.amount:,}",
        )

    def check(self) -> bool:
        """Fill `problems` with what can be told without asking the server."""
        if not self.title:
            self.problems["title"] = gettext("Give the request a title.")
        if self.amount and self._yen() is None:
            self.problems["amount"] = gettext("Enter whole yen, for example 1,200,000.")
        return not self.problems

    def _yen(self) -> int | None:
        digits = self.amount.replace(",", "").replace("，", "").replace("¥", "").replace("円", "")
        return int(digits) if digits.isdecimal() else None

    def body(self) -> dict[str, Any]:
        """As the API takes it; the route is left to the policy."""
        body: dict[str, Any] = {"kind": self.kind, "title": self.title, "description": self.description}
        if self.customer_id:
            body["customerId"] = self.customer_id
        if self.amount and self._yen() is not None:
            body |= {"amount": self._yen(), "currency": "JPY"}
        return body


async def new(request: Request) -> Response:
    """GET /approvals/new; `?customerId=` chooses the customer, `?previousId=` asks again."""
    page = Page.of(request)
    draft = Draft()
    if page.query("previousId"):
        previous = await page.gateway.get(f"/approvals/{segment(page.query('previousId'))}")
        draft = Draft.from_approval(Approval.model_validate(previous))
        draft.previous_id = page.query("previousId")
    elif page.query("customerId"):
        chosen = CustomerChoice.model_validate(
            await page.gateway.get(f"/customers/{segment(page.query('customerId'))}")
        )
        draft.customer_id, draft.customer_name = chosen.id, chosen.name
    return await _render(page, draft)


async def create(request: Request) -> Response:
    """POST /approvals/new: `action` is find (a customer, without JavaScript), preview, draft or submit."""
    page = Page.of(request)
    form = await page.form()
    draft, action = Draft.from_form(form), str(form.get("action", "submit"))
    if action in {"find", "preview"}:
        return await _render(page, draft, with_route=action == "preview")
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE)
    body = {**draft.body(), "draft": action == "draft"}
    if draft.previous_id:
        body["previousId"] = draft.previous_id
    try:
        answer = await page.gateway.send("POST", "/approvals", body, key=str(form.get(KEY_FIELD, "")) or None)
    except GatewayProblem as problem:
        return await _explained(page, draft, problem)
    return page.redirect(f"/approvals/{segment(answer.body['id'])}")


async def edit(request: Request) -> Response:
    """GET /approvals/{id}/edit: a draft, or a request that was returned."""
    page = Page.of(request)
    answer = await page.gateway.read(f"/approvals/{segment(request.path_params['id'])}")
    approval = Approval.model_validate(answer.body)
    return await _render(page, Draft.from_approval(approval), approval=approval, etag=answer.headers.get("ETag", ""))


async def update(request: Request) -> Response:
    """POST /approvals/{id}/edit: save, and then submit or resubmit when asked."""
    page = Page.of(request)
    form = await page.form()
    draft, action = Draft.from_form(form), str(form.get("action", "save"))
    root = f"/approvals/{segment(request.path_params['id'])}"
    approval = Approval.model_validate(await page.gateway.get(root))
    etag, key = str(form.get("etag", "")), str(form.get(KEY_FIELD, "")) or None
    if action in {"find", "preview"}:
        return await _render(page, draft, approval=approval, etag=etag, with_route=action == "preview")
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE, approval=approval, etag=etag)
    body = {**draft.body(), "customerId": draft.customer_id or None}
    try:
        await page.gateway.send("PUT", root, body, if_match=etag)
        if action in {"submit", "resubmit"}:
            await page.gateway.send("PATCH", f"{root}/{action}", {}, key=key)
    except GatewayProblem as problem:
        return await _explained(page, draft, problem, approval=approval, etag=etag)
    return page.redirect(root)


async def customers(request: Request) -> Response:
    """GET /approvals/-/customers?customer_query=: what the picker offers."""
    page = Page.of(request)
    query = page.query("customer_query").strip()
    return page.render("opportunity/customer_choices.html", choices=await _choices(page.gateway, query), query=query)


async def preview(request: Request) -> Response:
    """POST /approvals/-/preview: the route for the form as it stands."""
    page = Page.of(request)
    draft = Draft.from_form(await page.form())
    route, message = await _route(page.gateway, draft)
    return page.render("opportunity/route_preview.html", route=route, message=message)


async def _choices(gateway: UserGateway, query: str) -> list[CustomerChoice]:
    if len(query) < MIN_QUERY:
        return []
    answer = await gateway.get("/customers/search", q=query[:100], limit=MAX_CHOICES)
    found = [CustomerChoice.model_validate(item) for item in answer["items"]]
    return [customer for customer in found if customer.state == "ACTIVE"]


async def _route(gateway: UserGateway, draft: Draft) -> tuple[Route | None, str]:
    """The preview, or why there is none yet."""
    try:
        answer = await gateway.send("POST", "/approvals/preview", {**draft.body(), "title": draft.title or "-"})
    except GatewayProblem as problem:
        if problem.is_outage:
            return None, gettext("The route cannot be shown right now.")
        return None, "; ".join(dict.fromkeys([problem.message, *problem.field_errors.values()]))
    return Route.model_validate(answer.body), ""


async def _explained(
    page: Page, draft: Draft, problem: GatewayProblem, *, approval: Approval | None = None, etag: str = ""
) -> Response:
    """The form again with what the server said, at the fields where it said so."""
    if problem.is_outage:
        message = gettext("It was not saved: the service does not answer. Your text is still here; try again.")
    elif problem.status == PRECONDITION_FAILED:
        message = gettext("Somebody changed this request since you opened it. Compare before you save.")
    elif problem.status in {CONFLICT, UNPROCESSABLE}:
        message = problem.message
    else:
        raise problem
    draft.problems = problem.field_errors
    return await _render(page, draft, status=problem.status, approval=approval, etag=etag, message=message)


async def _render(
    page: Page,
    draft: Draft,
    *,
    status: int = 200,
    approval: Approval | None = None,
    etag: str = "",
    message: str = "",
    with_route: bool = False,
) -> Response:
    route, route_message = await _route(page.gateway, draft) if with_route else (None, "")
    choices = [] if draft.customer_id else await _choices(page.gateway, draft.customer_query)
    return page.render(
        "opportunity/request_form.html",
        status=status,
        draft=draft,
        approval=approval,
        etag=etag,
        message=message,
        route=route,
        route_message=route_message,
        choices=choices,
        kinds=list(words.kinds().items()),
    )
