"""The list of people, and one person with what can be done to the account."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from frontend.admin import words
from frontend.admin.manifest import PEOPLE
from frontend.admin.people import words as people_words
from frontend.admin.people.views import Person, PersonPage, Session
from frontend.admin.views import EntryPage
from frontend.ui.gateway import GatewayProblem, segment
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.people import People, people, with_departments, with_missing
from frontend.ui.saving import refusal

PATH: Final = "/auth/users"
PAGE_LIMIT: Final = 50
HISTORY_LIMIT: Final = 20
_STATES: Final = {"suspend": "SUSPENDED", "activate": "ACTIVE"}
"""By action, the state that is wanted; a locked account is unlocked by being made active."""


async def show(request: Request) -> Response:
    """GET /people?q&role&department&state; htmx asks for the results alone, or for further rows."""
    page = Page.of(request)
    given = _given(page)
    cursor = page.query("cursor")
    asked = {"q": given["q"], "role": given["role"], "state": given["state"], "departmentId": given["department"]}
    answer, known = await asyncio.gather(
        page.gateway.get(PATH, limit=PAGE_LIMIT, cursor=cursor, **asked), with_departments(page.gateway, People())
    )
    listed = PersonPage.model_validate(answer)
    listed_ones = People({person.id: person for person in listed.items}, known.departments)
    known = await with_missing(page.gateway, listed_ones, [person.manager_id for person in listed.items])
    values: dict[str, Any] = {"listed": listed, "known": known, "given": given, "address": address}
    if page.target == "admin-more":
        return page.render("admin/people_rows.html", **values)
    if page.target == "admin-people":
        return page.render("admin/people_results.html", **values, replace=address(given))
    return page.render("admin/people.html", **values)


def _given(page: Page) -> dict[str, str]:
    role, state = page.query("role"), page.query("state")
    return {
        "q": page.query("q").strip()[:100],
        "role": role if role in words.roles() else "",
        "department": page.query("department"),
        "state": state if state in words.user_states() else "",
    }


def address(given: dict[str, str], cursor: str | None = None) -> str:
    query = urlencode({name: value for name, value in {**given, "cursor": cursor or ""}.items() if value})
    return f"{PEOPLE}?{query}" if query else PEOPLE


async def one(request: Request) -> Response:
    """GET /people/{id}; `done` says what was just done."""
    return await _render(Page.of(request), request.path_params["id"])


async def act(request: Request) -> Response:
    """POST /people/{id}: `action` is suspend, activate, end (with `session`), end-all or restore."""
    page = Page.of(request)
    form = await page.form()
    user_id, action = request.path_params["id"], str(form.get("action", ""))
    path = f"{PATH}/{segment(user_id)}"
    try:
        if action == "restore":
            answer = await page.gateway.send("POST", f"{path}/restore", key=str(form.get(KEY_FIELD, "")) or None)
            return page.redirect(f"/processes/{segment(answer.body['sagaId'])}")
        if action == "end":
            await _end(page, user_id, str(form.get("session", "")))
        elif action == "end-all":
            for session in await _sessions(page, user_id):
                if not session.current:
                    await _end(page, user_id, session.id)
        elif action in _STATES:
            change = {"name": str(form.get("name", "")), "state": _STATES[action]}
            await page.gateway.send("PUT", path, change, if_match=str(form.get("etag", "")))
    except GatewayProblem as problem:
        return await _render(page, user_id, status=problem.status, error=await refusal(page, problem))
    return page.redirect(f"{PEOPLE}/{segment(user_id)}?done={segment(action)}")


async def _end(page: Page, user_id: str, session_id: str) -> None:
    """One that has ended by itself meanwhile is no problem."""
    try:
        await page.gateway.send("DELETE", f"/auth/sessions/{segment(session_id)}?{urlencode({'userId': user_id})}")
    except GatewayProblem as problem:
        if problem.status != 404:
            raise


async def _sessions(page: Page, user_id: str) -> list[Session]:
    answer = await page.gateway.get("/auth/sessions", userId=user_id)
    return [Session.model_validate(item) for item in answer["items"]]


async def _render(page: Page, user_id: str, *, status: int = 200, error: str = "") -> Response:
    answer, sessions, history = await asyncio.gather(
        page.gateway.read(f"{PATH}/{segment(user_id)}"),
        _sessions(page, user_id),
        page.gateway.get("/auth/audit-logs", resourceType="user", resourceId=user_id, limit=HISTORY_LIMIT),
    )
    person = Person.model_validate(answer.body)
    known = await people(page.gateway, person.manager_id)
    return page.render(
        "admin/person.html",
        status=status,
        person=person,
        etag=answer.headers.get("ETag", ""),
        sessions=sessions,
        history=EntryPage.model_validate(history),
        known=await with_departments(page.gateway, known),
        reports=[user for user in known.users.values() if user.manager_id == person.id],
        myself=person.id == page.identity.user_id,
        error=error,
        done=people_words.done(page.query("done")),
    )
