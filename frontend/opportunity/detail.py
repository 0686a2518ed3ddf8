"""The whole page of one request: facts, route, history with its hash chain, and what may be done with it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity.circulation.reading import circulation_of, consultable
from frontend.opportunity.circulation.said import Said
from frontend.opportunity.reading import history_of
from frontend.opportunity.views import Person
from frontend.ui import kind_words
from frontend.ui.gateway import UNPROCESSABLE, GatewayProblem, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.saving import refusal
from frontend.ui.views import User

MAX_CANDIDATES = 100
FIELDS = "/fields/"
_NEED_WORDS = frozenset({"comment", "reassign"})
_PATCHES = {"nudge": "nudge", "take_back": "take-back", "recall": "recall", "resubmit": "resubmit", "submit": "submit"}


@dataclass(frozen=True, slots=True)
class Typed:
    """What stood in the form of an action that was refused, so that nobody writes it twice."""

    action: str = ""
    comment: str = ""
    giver: str = ""
    taker: str = ""
    turn: str = ""
    """Whether somebody who is added comes before or after."""
    key: str = ""

    @classmethod
    def from_form(cls, form: FormData) -> Typed:
        def text(name: str) -> str:
            return str(form.get(name, "")).strip()

        return cls(text("action"), text("comment"), text("from"), text("to"), text("turn"), text(KEY_FIELD))

    def of(self, *actions: str) -> Typed:
        """It, in the form of these actions; an empty form in the others."""
        return self if self.action in actions else Typed()


async def show(request: Request) -> Response:
    """GET /approvals/{id}."""
    return await _render(Page.of(request), request.path_params["id"])


async def act(request: Request) -> Response:
    """POST /approvals/{id}: `action` is nudge, take_back, add_approver, recall, resubmit, submit, reassign or
    comment."""
    page = Page.of(request)
    typed = Typed.from_form(await page.form())
    approval_id, comment, key = request.path_params["id"], typed.comment, typed.key or None
    if typed.action in _NEED_WORDS and not comment:
        return await _render(page, approval_id, status=UNPROCESSABLE, typed=typed, missing=True)
    root = f"/approvals/{segment(approval_id)}"
    try:
        if typed.action in _PATCHES:
            body = {"comment": comment} if comment else {}
            await page.gateway.send("PATCH", f"{root}/{_PATCHES[typed.action]}", body, key=key)
        elif typed.action == "comment":
            await page.gateway.send("POST", f"{root}/comments", {"body": comment}, key=key)
        elif typed.action == "add_approver":
            added = {"userId": typed.taker, "before": typed.turn == "before", "comment": comment or None}
            await page.gateway.send("PATCH", f"{root}/add-approver", added, key=key)
        elif typed.action == "reassign":
            body = {"fromId": typed.giver, "toId": typed.taker, "reason": comment}
            await page.gateway.send("PATCH", f"{root}/reassign", body, key=key)
    except GatewayProblem as problem:
        message = "; ".join(dict.fromkeys([problem.message, *_told(problem)]))
        if problem.is_outage:
            message = await refusal(page, problem)
        return await _render(page, approval_id, status=problem.status, error=message, typed=typed)
    return page.redirect(root)


def _told(problem: GatewayProblem) -> list[str]:
    """What is wrong with each value; what the kind asks for has no input here, so it is named."""
    return [
        f"{kind_words.label(pointer.removeprefix(FIELDS))}: {message}" if pointer.startswith(FIELDS) else message
        for pointer, message in problem.pointed_errors
    ]


async def show_with(page: Page, approval_id: str, *, file_error: str, status: int) -> Response:
    """The page, with what is wrong with a file beside its form."""
    return await _render(page, approval_id, status=status, file_error=file_error)


async def show_refused(page: Page, approval_id: str, said: Said, *, error: str, status: int) -> Response:
    """The page, with what was written in a form of circulation and why it was not taken."""
    return await _render(page, approval_id, status=status, error=error, said=said)


async def _render(
    page: Page,
    approval_id: str,
    *,
    status: int = 200,
    error: str = "",
    file_error: str = "",
    typed: Typed | None = None,
    said: Said | None = None,
    missing: bool = False,
) -> Response:
    """`missing`: the words that the action of `typed` needs."""
    history = await history_of(page, approval_id)
    approval = history.approval
    circulation = await circulation_of(page.gateway, approval_id)
    candidates = await _candidates(page) if approval.may("REASSIGN") or approval.may("ADD_APPROVER") else []
    places: dict[str, Person] = {
        person.id: person for stage in approval.stages[approval.stage :] for person in stage.approvers
    }
    asked = {person.id for person in approval.current_stage.approvers} if approval.current_stage else set()
    if approval.shortage is not None:
        places |= {person.id: person for person in approval.shortage.vacant}
    return page.render(
        "opportunity/detail.html",
        status=status,
        history=history,
        candidates=[user for user in candidates if user.id not in places and user.id != approval.requester_id],
        addable=[user for user in candidates if user.id not in asked and user.id != approval.requester_id],
        places=list(places.values()),
        circulation=circulation,
        consultable=await consultable(page.gateway, page.identity, circulation) if approval.may("CONSULT") else [],
        said=said or Said(),
        error=error,
        file_error=file_error,
        typed=typed or Typed(),
        comment_error=gettext("Write something first.") if missing else "",
        reassign_error=gettext("Give a reason.") if missing else "",
    )


async def _candidates(page: Page) -> list[User]:
    """Who could take over; empty when the list may not be read."""
    try:
        answer = await page.gateway.get("/auth/users", limit=MAX_CANDIDATES)
    except GatewayProblem:
        return []
    users = [User.model_validate(item) for item in answer["items"]]
    return [user for user in users if user.can_be_chosen and {"manager", "approver"} & set(user.roles)]
