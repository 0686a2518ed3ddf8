"""The whole page of one request: facts, route, history with its hash chain, and what may be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity.circulation.reading import circulation_of, consultable
from frontend.opportunity.circulation.said import Said
from frontend.opportunity.reading import history_of
from frontend.opportunity.views import Approval, Person
from frontend.ui import kind_words
from frontend.ui.access import allows
from frontend.ui.gateway import UNPROCESSABLE, GatewayProblem, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.saving import refusal
from frontend.ui.views import User

MAX_CANDIDATES = 100
FIELDS = "/fields/"
_NEED_WORDS = frozenset(
    {"comment", "reassign", "ask_opinion", "give_opinion", "decline_opinion", "legal_hold", "legal_release"}
)
_BARE = frozenset({"nudge", "take_back", "recall", "resubmit", "submit"})
"""Actions that take a comment or nothing."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What stood in the form of an action that was refused, so that nobody writes it twice."""

    action: str = ""
    comment: str = ""
    giver: str = ""
    taker: str = ""
    turn: str = ""
    """Whether somebody who is added comes before or after."""
    waits: str = ""
    """Whether the decision waits for the opinion that is asked for."""
    key: str = ""

    @classmethod
    def from_form(cls, form: FormData) -> Typed:
        def text(name: str) -> str:
            return str(form.get(name, "")).strip()

        places = text("from"), text("to"), text("turn")
        return cls(text("action"), text("comment"), *places, text("waits"), text(KEY_FIELD))

    def of(self, *actions: str) -> Typed:
        """It, in the form of these actions; an empty form in the others."""
        return self if self.action in actions else Typed()


async def show(request: Request) -> Response:
    """GET /approvals/{id}."""
    return await _render(Page.of(request), request.path_params["id"])


async def act(request: Request) -> Response:
    """POST /approvals/{id}: `action` is comment, or one of those that `_wish` knows."""
    page = Page.of(request)
    typed = Typed.from_form(await page.form())
    approval_id, comment, key = request.path_params["id"], typed.comment, typed.key or None
    if typed.action in _NEED_WORDS and not comment:
        return await _render(page, approval_id, status=UNPROCESSABLE, typed=typed, missing=True)
    root = f"/approvals/{segment(approval_id)}"
    try:
        if typed.action == "comment":
            await page.gateway.send("POST", f"{root}/comments", {"body": comment}, key=key)
        elif typed.action == "legal_hold":
            await page.gateway.send("POST", f"{root}/legal-holds", {"reason": comment}, key=key)
        elif typed.action == "legal_release":
            path = f"/legal-holds/{segment(typed.taker)}/release"
            await page.gateway.send("POST", path, {"reason": comment}, key=key)
        elif (body := _wish(typed)) is not None:
            await page.gateway.send("PATCH", f"{root}/{typed.action.replace('_', '-')}", body, key=key)
    except GatewayProblem as problem:
        message = "; ".join(dict.fromkeys([problem.message, *_told(problem)]))
        if problem.is_outage:
            message = await refusal(page, problem)
        return await _render(page, approval_id, status=problem.status, error=message, typed=typed)
    return page.redirect(root)


def _wish(typed: Typed) -> dict[str, Any] | None:
    """What the API is asked for; None for an action that no form of the page has."""
    comment = typed.comment or None
    if typed.action in _BARE:
        return {"comment": comment} if comment else {}
    wishes: dict[str, dict[str, Any]] = {
        "add_approver": {"userId": typed.taker, "before": typed.turn == "before", "comment": comment},
        "reassign": {"fromId": typed.giver, "toId": typed.taker, "reason": comment},
        "ask_opinion": {"userId": typed.taker, "question": comment, "blocks": typed.waits != "no"},
        "give_opinion": {"opinion": comment},
        "decline_opinion": {"reason": comment},
        "withdraw_opinion": {"userId": typed.taker},
    }
    return wishes.get(typed.action)


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
    names_somebody = any(approval.may(action) for action in ("REASSIGN", "ADD_APPROVER", "ASK_OPINION"))
    people = await _people(page) if names_somebody else []
    candidates = [user for user in people if allows(user.roles, "approval:decide")]
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
        advisers=_advisers(people, approval, asked | {page.identity.user_id}),
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


def _advisers(people: list[User], approval: Approval, deciding: set[str]) -> list[User]:
    """Who can be asked for an opinion: whoever may comment, and neither decides nor is asked yet."""
    taken = deciding | {approval.requester_id} | {question.asked.id for question in approval.opinions}
    return [user for user in people if user.id not in taken and allows(user.roles, "approval:comment")]


async def _people(page: Page) -> list[User]:
    """Who can be given work; empty when the list may not be read."""
    try:
        answer = await page.gateway.get("/auth/users", limit=MAX_CANDIDATES)
    except GatewayProblem:
        return []
    users = [User.model_validate(item) for item in answer["items"]]
    return [user for user in users if user.can_be_chosen]
