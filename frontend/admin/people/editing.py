"""Adding somebody, and changing name, roles, superior and department."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from frontend.admin import words
from frontend.admin.manifest import PEOPLE
from frontend.admin.people import words as people_words
from frontend.admin.people.pages import PATH
from frontend.ui import saving
from frontend.ui.drafts import Draft
from frontend.ui.gateway import Json, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.people import People, people, with_departments
from frontend.ui.saving import FRESH, INVALID, NotSaved, differences


@dataclass(slots=True)
class PersonDraft(Draft):
    """`email` and `password` stand only in the form of a new person."""

    PARTS: ClassVar = {name: (name,) for name in ("name", "email", "password", "roles", "managerId", "departmentId")}
    LISTS: ClassVar = frozenset({"roles"})

    @classmethod
    def rendered(cls, record: Json) -> Mapping[str, Sequence[str]]:
        return {
            "name": [record["name"]],
            "email": [record["email"]],
            "password": [""],
            "roles": record["roles"],
            "managerId": [record["managerId"] or ""],
            "departmentId": [record["departmentId"] or ""],
        }

    def check(self) -> bool:
        needed = {"name": gettext("Enter a name.")}
        if self.original.inputs is None:
            needed |= {"email": gettext("Enter an e-mail address."), "password": gettext("Enter a first password.")}
        self.problems |= {name: message for name, message in needed.items() if not self.get(name)}
        if not self.all("roles"):
            self.problems["roles"] = gettext("Choose at least one role.")
        return not self.problems

    def change(self, parts: Set[str], record: Json | None = None, /) -> dict[str, Any]:
        """Of a record the name always, which the API asks for, and what was changed."""
        mine: dict[str, Any] = {
            "name": self.get("name"),
            "email": self.get("email"),
            "password": self.get("password"),
            "roles": self.all("roles"),
            "managerId": self.get("managerId") or None,
            "departmentId": self.get("departmentId") or None,
        }
        if record is None:
            return mine
        return {"name": record["name"]} | {name: value for name, value in mine.items() if name in parts}

    def reads(self, part: str, known: People) -> str:
        """How a person reads a part."""
        match part:
            case "roles":
                return "、".join(words.role_text(role) for role in self.all(part))
            case "managerId":
                return known.name(self.get(part))
            case "departmentId":
                return known.departments.get(self.get(part), "")
            case _:
                return self.get(part)


async def new(request: Request) -> Response:
    """GET /people/new; `department` is chosen already."""
    page = Page.of(request)
    if not page.form_key:
        return page.with_form_key()
    inputs: dict[str, tuple[str, ...]] = {"roles": ("rep",), "departmentId": (page.query("department"),)}
    return await _render(page, PersonDraft(inputs=inputs, key=page.form_key))


async def create(request: Request) -> Response:
    """POST /people/new."""
    page = Page.of(request)
    draft = PersonDraft.from_form(await page.form())
    if not draft.check():
        return await _render(page, draft, INVALID)
    answer = await saving.create(page, PATH, draft, draft.change(draft.touched))
    if isinstance(answer, NotSaved):
        return await _render(page, draft, answer)
    return page.redirect(f"{PEOPLE}/{segment(answer.body['id'])}?done=saved")


async def edit(request: Request) -> Response:
    """GET /people/{id}/edit."""
    page = Page.of(request)
    answer = await page.gateway.read(f"{PATH}/{segment(request.path_params['id'])}")
    return await _render(page, PersonDraft.of(answer), record=answer.body)


async def update(request: Request) -> Response:
    """POST /people/{id}/edit."""
    page = Page.of(request)
    draft = PersonDraft.from_form(await page.form())
    path = f"{PATH}/{segment(request.path_params['id'])}"
    current = await page.gateway.read(path)
    if not draft.check():
        return await _render(page, draft, INVALID, record=current.body)
    answer = await saving.save(page, path, draft, current)
    if isinstance(answer, NotSaved):
        return await _render(page, draft, answer, record=answer.record or current.body)
    return page.redirect(f"{PEOPLE}/{segment(current.body['id'])}?done=saved")


async def _render(page: Page, draft: PersonDraft, outcome: NotSaved = FRESH, *, record: Json | None = None) -> Response:
    known = await with_departments(page.gateway, await people(page.gateway, draft.get("managerId")))
    theirs = PersonDraft(inputs=dict(draft.original.inputs or {}))
    return page.render(
        "admin/person_form.html",
        status=outcome.status,
        draft=draft,
        record=record,
        message=outcome.message,
        outrun=differences(
            outcome.both,
            people_words.parts(),
            lambda part: draft.reads(part, known),
            lambda part: theirs.reads(part, known),
        ),
        superiors=known.selectable(draft.get("managerId"), but=record["id"] if record else ""),
        departments=list(known.departments.items()),
    )
