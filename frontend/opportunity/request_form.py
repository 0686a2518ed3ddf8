"""Writing a request: customer, content, the route it will take, saved as a draft or submitted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity import words
from frontend.opportunity.views import Approval, Route
from frontend.ui.customer_field import CustomerField
from frontend.ui.formats import money, whole
from frontend.ui.gateway import UNPROCESSABLE, GatewayProblem, UserGateway, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.saving import PRECONDITION_FAILED, differences, refusal


@dataclass(slots=True)
class Draft:
    """The form as it stands. `amount` is as typed; `problems` are messages by field name of the API; `key` is the
    idempotency key that it came with: sent again after an outage, it is done once."""

    customer: CustomerField = field(default_factory=CustomerField)
    kind: str = "FEE_DISCOUNT"
    title: str = ""
    description: str = ""
    amount: str = ""
    previous_id: str = ""
    key: str = ""
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_form(cls, form: FormData) -> Draft:
        def text(name: str) -> str:
            return str(form.get(name, "")).strip()

        return cls(
            CustomerField.from_form(form),
            text("kind") or "OTHER",
            text("title"),
            text("description"),
            text("amount"),
            text("previous_id"),
            text(KEY_FIELD),
        )

    @classmethod
    def from_approval(cls, approval: Approval) -> Draft:
        return cls(
            customer=CustomerField(approval.customer_id or "", approval.customer_name or ""),
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
        return whole(digits)

    def body(self) -> dict[str, Any]:
        """As the API takes it; the route is left to the policy."""
        body: dict[str, Any] = {"kind": self.kind, "title": self.title, "description": self.description}
        if self.customer.id:
            body["customerId"] = self.customer.id
        if self.amount and self._yen() is not None:
            body |= {"amount": self._yen(), "currency": "JPY"}
        return body

    def shown(self, name: str) -> str:
        """A field as a person reads it."""
        match name:
            case "customer":
                return self.customer.name
            case "kind":
                return words.kind_text(self.kind)
            case "amount":
                yen = self._yen()
                return self.amount if yen is None else money(yen)
            case _:
                return str(getattr(self, name))


async def new(request: Request) -> Response:
    """GET /approvals/new; `?customerId=` chooses the customer, `?previousId=` asks again."""
    page = Page.of(request)
    draft = Draft()
    if page.query("previousId"):
        previous = await page.gateway.get(f"/approvals/{segment(page.query('previousId'))}")
        draft = Draft.from_approval(Approval.model_validate(previous))
        draft.previous_id = page.query("previousId")
    else:
        draft.customer = await CustomerField.of(page.gateway, page.query("customerId"))
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
        answer = await page.gateway.send("POST", "/approvals", body, key=draft.key or None)
    except GatewayProblem as problem:
        draft.problems = problem.field_errors
        return await _render(page, draft, status=problem.status, message=await refusal(page, problem))
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
    current = await page.gateway.read(root)
    approval = Approval.model_validate(current.body)
    etag = str(form.get("etag", ""))
    if action in {"find", "preview"}:
        return await _render(page, draft, approval=approval, etag=etag, with_route=action == "preview")
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE, approval=approval, etag=etag)
    body = {**draft.body(), "customerId": draft.customer.id or None}
    try:
        saved = await page.gateway.send("PUT", root, body, if_match=etag)
    except GatewayProblem as problem:
        draft.problems = problem.field_errors
        message, theirs = await refusal(page, problem), None
        if problem.status == PRECONDITION_FAILED:
            theirs, etag = Draft.from_approval(approval), current.headers.get("ETag", "")
        return await _render(
            page, draft, status=problem.status, approval=approval, etag=etag, message=message, theirs=theirs
        )
    if action in {"submit", "resubmit"}:
        # From here on the form is that of the version just saved.
        etag = saved.headers.get("ETag", "")
        try:
            await page.gateway.send("PATCH", f"{root}/{action}", {}, key=draft.key or None)
        except GatewayProblem as problem:
            draft.problems = problem.field_errors
            message = await refusal(page, problem)
            if problem.is_outage:
                message = gettext("It is saved, but it was not submitted: the service does not answer. Try again.")
            return await _render(page, draft, status=problem.status, approval=approval, etag=etag, message=message)
    return page.redirect(root)


async def preview(request: Request) -> Response:
    """POST /approvals/-/preview: the route for the form as it stands."""
    page = Page.of(request)
    draft = Draft.from_form(await page.form())
    route, message = await _route(page.gateway, draft)
    return page.render("opportunity/route_preview.html", route=route, message=message)


async def _route(gateway: UserGateway, draft: Draft) -> tuple[Route | None, str]:
    """The preview, or why there is none yet."""
    try:
        answer = await gateway.send("POST", "/approvals/preview", {**draft.body(), "title": draft.title or "-"})
    except GatewayProblem as problem:
        if problem.is_outage:
            return None, gettext("The route cannot be shown right now.")
        return None, "; ".join(dict.fromkeys([problem.message, *problem.field_errors.values()]))
    return Route.model_validate(answer.body), ""


async def _render(
    page: Page,
    draft: Draft,
    *,
    status: int = 200,
    approval: Approval | None = None,
    etag: str = "",
    message: str = "",
    with_route: bool = False,
    theirs: Draft | None = None,
) -> Response:
    """`theirs`: what somebody else saved after this form had been opened."""
    await draft.customer.search(page.gateway)
    route, route_message = await _route(page.gateway, draft) if with_route else (None, "")
    return page.render(
        "opportunity/request_form.html",
        status=status,
        draft=draft,
        approval=approval,
        etag=etag,
        message=message,
        route=route,
        route_message=route_message,
        outrun=differences(words.fields(), draft.shown, theirs.shown) if theirs else [],
        kinds=list(words.kinds().items()),
    )
