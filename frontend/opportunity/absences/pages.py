"""Absences: one's own, those that one stands in for, the calendar of the team, and the form."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity import words
from frontend.opportunity.absences.calendar import Month, weekdays, weeks
from frontend.opportunity.absences.draft import AbsenceDraft
from frontend.opportunity.absences.views import Absence, AbsencePage
from frontend.opportunity.manifest import ABSENCES
from frontend.ui import saving
from frontend.ui.access import allows
from frontend.ui.gateway import GatewayProblem, UserGateway, segment
from frontend.ui.i18n import gettext
from frontend.ui.identity import Identity
from frontend.ui.page import Page
from frontend.ui.people import People, people
from frontend.ui.saving import FRESH, INVALID, NotSaved, differences, refusal

PAGE_LIMIT: Final = 50
CALENDAR_LIMIT: Final = 200
CALENDAR_PAGES: Final = 5
"""A month of a thousand absences; a larger firm looks at the list."""
_DECIDING_ROLES = frozenset({"manager", "approver"})


async def show(request: Request) -> Response:
    """GET /absences; `month` (2026-11) is that of the calendar, `cursor` leads to older ones of one's own."""
    page = Page.of(request)
    month = Month.parse(page.query("month"))
    own, (team, is_whole) = await asyncio.gather(
        page.gateway.get("/proxies", scope="OWN", limit=PAGE_LIMIT, cursor=page.query("cursor")),
        _team(page.gateway, month),
    )
    listed = AbsencePage.model_validate(own)
    me = page.identity.user_id
    return page.render(
        "opportunity/absences.html",
        given=[absence for absence in listed.items if absence.from_id == me],
        held=[absence for absence in listed.items if absence.to_id == me],
        older=listed.next_cursor,
        month=month,
        weeks=weeks(month, team),
        weekdays=weekdays(),
        team=sorted(team, key=lambda absence: absence.begins),
        is_whole=is_whole,
        may_plan=may_plan(page.identity),
    )


async def _team(gateway: UserGateway, month: Month) -> tuple[list[Absence], bool]:
    """Who of those whose absences this person sees is away in a month, and whether these are all."""
    found: list[Absence] = []
    cursor = ""
    for _ in range(CALENDAR_PAGES):
        answer = AbsencePage.model_validate(
            await gateway.get(
                "/proxies",
                scope="TEAM",
                limit=CALENDAR_LIMIT,
                cursor=cursor,
                **{"from": month.begin.isoformat(), "to": month.end.isoformat()},
            )
        )
        found += answer.items
        if answer.next_cursor is None:
            return found, True
        cursor = answer.next_cursor
    return found, False


def may_plan(who: Identity) -> bool:
    return allows(who.roles, "approval:decide approval:reassign-any")


def _plans_for_others(who: Identity) -> bool:
    return allows(who.roles, "approval:reassign-any")


async def one(request: Request) -> Response:
    """GET /absences/{id}."""
    return await _render_one(Page.of(request), request.path_params["id"])


async def _render_one(page: Page, absence_id: str, *, status: int = 200, error: str = "") -> Response:
    absence = Absence.model_validate(await page.gateway.get(f"/proxies/{segment(absence_id)}"))
    me = page.identity.user_id
    changes = absence.from_id == me or _plans_for_others(page.identity)
    return page.render(
        "opportunity/absence.html",
        status=status,
        absence=absence,
        error=error,
        may_change=absence.is_live and changes,
        may_end=absence.is_live and (changes or absence.to_id == me),
    )


async def end(request: Request) -> Response:
    """POST /absences/{id}/end: at once; one that has not begun vanishes."""
    page = Page.of(request)
    await page.form()
    absence_id = request.path_params["id"]
    try:
        await page.gateway.send("DELETE", f"/proxies/{segment(absence_id)}")
    except GatewayProblem as problem:
        return await _render_one(page, absence_id, status=problem.status, error=await refusal(page, problem))
    return page.redirect(ABSENCES)


async def new(request: Request) -> Response:
    """GET /absences/new."""
    page = Page.of(request)
    if not page.form_key:
        return page.with_form_key()
    draft = AbsenceDraft.blank()
    draft.key = page.form_key
    return await _render(page, draft)


async def create(request: Request) -> Response:
    """POST /absences/new."""
    page = Page.of(request)
    draft = AbsenceDraft.from_form(await page.form())
    absent = draft.get("fromId") if _plans_for_others(page.identity) else page.identity.user_id
    if not draft.check(absent):
        return await _render(page, draft, INVALID)
    answer = await saving.create(page, "/proxies", draft, draft.change(draft.touched))
    if isinstance(answer, NotSaved):
        return await _render(page, draft, answer)
    return page.redirect(f"{ABSENCES}/{segment(answer.body['id'])}")


async def edit(request: Request) -> Response:
    """GET /absences/{id}/edit."""
    page = Page.of(request)
    answer = await page.gateway.read(f"/proxies/{segment(request.path_params['id'])}")
    return await _render(page, AbsenceDraft.of(answer), absence=Absence.model_validate(answer.body))


async def update(request: Request) -> Response:
    """POST /absences/{id}/edit."""
    page = Page.of(request)
    draft = AbsenceDraft.from_form(await page.form())
    path = f"/proxies/{segment(request.path_params['id'])}"
    current = await page.gateway.read(path)
    absence = Absence.model_validate(current.body)
    if not draft.check(absence.from_id):
        return await _render(page, draft, INVALID, absence=absence)
    answer = await saving.save(page, path, draft, current)
    if isinstance(answer, NotSaved):
        return await _render(page, draft, answer, absence=Absence.model_validate(answer.record or current.body))
    return page.redirect(f"{ABSENCES}/{segment(absence.id)}")


async def _render(
    page: Page, draft: AbsenceDraft, outcome: NotSaved = FRESH, *, absence: Absence | None = None
) -> Response:
    known = await people(page.gateway, draft.get("toId"), draft.get("fromId"))
    absent = absence.from_id if absence else draft.get("fromId") or page.identity.user_id
    theirs = AbsenceDraft(inputs=dict(draft.original.inputs or {}))
    return page.render(
        "opportunity/absence_form.html",
        status=outcome.status,
        draft=draft,
        absence=absence,
        message=outcome.message,
        outrun=differences(outcome.both, words.absence_fields(), draft.reads(known), theirs.reads(known)),
        absent_choices=_deciders(known, draft.get("fromId")) if _plans_for_others(page.identity) else [],
        choices=[one for one in _deciders(known, draft.get("toId")) if one[0] != absent or one[0] == draft.get("toId")],
    )


def _deciders(known: People, chosen: str) -> list[tuple[str, str]]:
    """Id and name of everybody who can decide, and of whoever is chosen already."""
    able = [
        user
        for user in known.users.values()
        if user.can_be_chosen and _DECIDING_ROLES & set(user.roles) and "admin" not in user.roles
    ]
    offered = [(user.id, user.name) for user in sorted(able, key=lambda user: user.name)]
    if chosen and chosen not in dict(offered):
        offered.append((chosen, known.name(chosen) or gettext("Unknown")))
    return offered
