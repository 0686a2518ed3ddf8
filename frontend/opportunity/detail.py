"""The whole page of one request: facts, route, history with its hash chain, and what may be done with it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity.reading import story_of
from frontend.opportunity.views import Person
from frontend.ui.gateway import GatewayProblem, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.views import User

MAX_CANDIDATES = 100
_UNPROCESSABLE = 422
_PATCHES = {"recall": "recall", "resubmit": "resubmit", "submit": "submit"}


async def show(request: Request) -> Response:
    """GET /approvals/{id}."""
    return await _render(Page.of(request), request.path_params["id"])


async def act(request: Request) -> Response:
    """POST /approvals/{id}: `action` is recall, resubmit, submit, reassign or comment."""
    page = Page.of(request)
    form = await page.form()
    approval_id, action = request.path_params["id"], str(form.get("action", ""))
    key = str(form.get(KEY_FIELD, "")) or None
    comment = str(form.get("comment", "")).strip()
    root = f"/approvals/{segment(approval_id)}"
    try:
        if action in _PATCHES:
            await page.gateway.send(
                "PATCH", f"{root}/{_PATCHES[action]}", {"comment": comment} if comment else {}, key=key
            )
        elif action == "comment":
            if not comment:
                return await _render(
                    page, approval_id, status=_UNPROCESSABLE, comment_error=gettext("Write something first.")
                )
            await page.gateway.send("POST", f"{root}/comments", {"body": comment}, key=key)
        elif action == "reassign":
            body = {"fromId": str(form.get("from", "")), "toId": str(form.get("to", "")), "reason": comment}
            if not comment:
                return await _render(page, approval_id, status=_UNPROCESSABLE, reassign_error=gettext("Give a reason."))
            await page.gateway.send("PATCH", f"{root}/reassign", body, key=key)
    except GatewayProblem as problem:
        if problem.is_outage:
            raise
        message = "; ".join(dict.fromkeys([problem.message, *problem.field_errors.values()]))
        return await _render(page, approval_id, status=problem.status, error=message)
    return page.redirect(root)


async def _render(
    page: Page,
    approval_id: str,
    *,
    status: int = 200,
    error: str = "",
    comment_error: str = "",
    reassign_error: str = "",
) -> Response:
    story = await story_of(page.gateway, approval_id)
    approval = story.approval
    candidates = await _candidates(page) if approval.may("REASSIGN") else []
    places: dict[str, Person] = {
        person.id: person for stage in approval.stages[approval.stage :] for person in stage.approvers
    }
    return page.render(
        "opportunity/detail.html",
        status=status,
        story=story,
        candidates=[user for user in candidates if user.id not in places and user.id != approval.requester_id],
        places=list(places.values()),
        error=error,
        comment_error=comment_error,
        reassign_error=reassign_error,
    )


async def _candidates(page: Page) -> list[User]:
    """Who could take over; empty when the list may not be read."""
    try:
        answer = await page.gateway.get("/auth/users", limit=MAX_CANDIDATES)
    except GatewayProblem:
        return []
    users = [User.model_validate(item) for item in answer["items"]]
    return [user for user in users if user.state == "ACTIVE" and {"manager", "approver"} & set(user.roles)]
