"""The tree of departments, and the form of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response

from frontend.admin.manifest import ORGANIZATION
from frontend.admin.organization.views import Department, DepartmentTree, nested
from frontend.ui import saving
from frontend.ui.drafts import Draft
from frontend.ui.gateway import GatewayProblem, Json, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.people import People, people
from frontend.ui.saving import FRESH, INVALID, NotSaved, differences, refusal

PATH: Final = "/departments"


@dataclass(slots=True)
class DepartmentDraft(Draft):
    PARTS: ClassVar = {name: (name,) for name in ("name", "code", "parentId", "headId")}

    @classmethod
    def rendered(cls, record: Json) -> Mapping[str, Sequence[str]]:
        return {name: [record[name] or ""] for name in cls.PARTS}

    def check(self) -> bool:
        if not self.get("name"):
            self.problems["name"] = gettext("Enter a name.")
        return not self.problems

    def change(self, parts: Set[str], record: Json | None = None, /) -> dict[str, Any]:
        """As the API takes it: whole."""
        mine = {name: self.get(name) or None for name in self.PARTS}
        return mine if record is None else {name: mine[name] if name in parts else record[name] for name in mine}

    def reads(self, part: str, known: People, tree: Sequence[Department]) -> str:
        """How a person reads a part."""
        match part:
            case "parentId":
                return next((one.name for one in tree if one.id == self.get(part)), "")
            case "headId":
                return known.name(self.get(part))
            case _:
                return self.get(part)


async def show(request: Request) -> Response:
    """GET /organization."""
    page = Page.of(request)
    tree = await _tree(page)
    return page.render("admin/organization.html", nodes=nested(tree), count=len(tree))


async def new(request: Request) -> Response:
    """GET /organization/new; `parent` is chosen already."""
    page = Page.of(request)
    if not page.form_key:
        return page.with_form_key()
    return await _render(page, DepartmentDraft(inputs={"parentId": (page.query("parent"),)}, key=page.form_key))


async def create(request: Request) -> Response:
    """POST /organization/new."""
    page = Page.of(request)
    draft = DepartmentDraft.from_form(await page.form())
    if not draft.check():
        return await _render(page, draft, INVALID)
    answer = await saving.create(page, PATH, draft, draft.change(draft.touched))
    return await _render(page, draft, answer) if isinstance(answer, NotSaved) else page.redirect(ORGANIZATION)


async def edit(request: Request) -> Response:
    """GET /organization/{id}."""
    page = Page.of(request)
    answer = await page.gateway.read(_path(request))
    return await _render(page, DepartmentDraft.of(answer), record=answer.body)


async def update(request: Request) -> Response:
    """POST /organization/{id}; `action` delete deletes it."""
    page = Page.of(request)
    draft = DepartmentDraft.from_form(await page.form())
    current = await page.gateway.read(_path(request))
    if draft.action == "delete":
        return await _delete(page, _path(request), draft, current.body)
    if not draft.check():
        return await _render(page, draft, INVALID, record=current.body)
    answer = await saving.save(page, _path(request), draft, current)
    if isinstance(answer, NotSaved):
        return await _render(page, draft, answer, record=answer.record or current.body)
    return page.redirect(ORGANIZATION)


async def _delete(page: Page, path: str, draft: DepartmentDraft, record: Json) -> Response:
    try:
        await page.gateway.send("DELETE", path, if_match=draft.original.etag)
    except GatewayProblem as problem:
        return await _render(page, draft, NotSaved(problem.status, await refusal(page, problem)), record=record)
    return page.redirect(ORGANIZATION)


def _path(request: Request) -> str:
    """The department behind the form, below the gateway's root."""
    return f"{PATH}/{segment(request.path_params['id'])}"


async def _tree(page: Page) -> list[Department]:
    return DepartmentTree.model_validate(await page.gateway.get(PATH)).items


async def _render(
    page: Page, draft: DepartmentDraft, outcome: NotSaved = FRESH, *, record: Json | None = None
) -> Response:
    tree, known = await _tree(page), await people(page.gateway, draft.get("headId"))
    theirs = DepartmentDraft(inputs=dict(draft.original.inputs or {}))
    fields = {
        "name": gettext("Name"),
        "code": gettext("Department code"),
        "parentId": gettext("Belongs to"),
        "headId": gettext("Head"),
    }
    return page.render(
        "admin/department_form.html",
        status=outcome.status,
        draft=draft,
        record=record,
        message=outcome.message,
        outrun=differences(
            outcome.both,
            fields,
            lambda part: draft.reads(part, known, tree),
            lambda part: theirs.reads(part, known, tree),
        ),
        parents=[(one.id, one.name) for one in tree if record is None or one.id != record["id"]],
        heads=known.selectable(draft.get("headId")),
    )
