"""Mail as an administrator sees it: whether it goes out, what everybody gets, and whose address takes none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from frontend.admin import words
from frontend.admin.manifest import MAIL
from frontend.ui import notification_words
from frontend.ui.drafts import Draft
from frontend.ui.gateway import Answer, GatewayProblem, Json, segment
from frontend.ui.page import Page
from frontend.ui.saving import FRESH, NotSaved, refusal, refused

PATH = "/notifications/mail"


@dataclass(slots=True)
class DefaultsDraft(Draft):
    PARTS: ClassVar = {"mail": ("mail",)}
    LISTS: ClassVar = frozenset({"mail"})

    @classmethod
    def rendered(cls, record: Json) -> Mapping[str, Sequence[str]]:
        return {"mail": [item["type"] for item in record["defaults"] if item["mail"]]}

    def change(self, parts: Set[str], record: Json | None = None, /) -> dict[str, Any]:
        """The kinds that this form has turned; those that somebody else turned meanwhile are left alone."""
        before = set((self.original.inputs or {}).get("mail", ()))
        turned = before ^ set(self.all("mail")) if parts else set()
        known = [item["type"] for item in (record or {"defaults": []})["defaults"]]
        return {"defaults": [{"type": kind, "mail": kind not in before} for kind in known if kind in turned]}


async def show(request: Request) -> Response:
    """GET /mail; `saved` says so after a change."""
    page = Page.of(request)
    current = await page.gateway.read(PATH)
    return _render(page, DefaultsDraft.of(current), current)


async def save(request: Request) -> Response:
    """POST /mail: the firm's defaults."""
    page = Page.of(request)
    draft = DefaultsDraft.from_form(await page.form())
    current = await page.gateway.read(PATH)
    change = draft.change(draft.touched, current.body)
    if change["defaults"]:
        try:
            await page.gateway.send("PUT", PATH, change)
        except GatewayProblem as problem:
            return _render(page, draft, current, await refused(page, draft, problem))
    return page.redirect(f"{MAIL}?saved=1")


async def try_again(request: Request) -> Response:
    """POST /mail/failing/{id}: mail goes to this person's address again."""
    page = Page.of(request)
    await page.form()
    try:
        await page.gateway.send("DELETE", f"{PATH}/failing/{segment(request.path_params['id'])}")
    except GatewayProblem as problem:
        current = await page.gateway.read(PATH)
        return _render(page, DefaultsDraft.of(current), current, NotSaved(problem.status, await refusal(page, problem)))
    return page.redirect(f"{MAIL}?saved=1")


def _render(page: Page, draft: DefaultsDraft, current: Answer, outcome: NotSaved = FRESH) -> Response:
    return page.render(
        "admin/mail.html",
        status=outcome.status,
        draft=draft,
        message=outcome.message,
        saved=bool(page.query("saved")) and outcome is FRESH,
        mail=current.body,
        groups=notification_words.groups(),
        known_kinds=notification_words.known(),
        states=words.mail_states(),
    )
