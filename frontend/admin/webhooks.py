"""Webhooks: where the firm's own programs are told of events, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response

from frontend.admin import words
from frontend.admin.manifest import WEBHOOKS
from frontend.ui import saving
from frontend.ui.drafts import Draft
from frontend.ui.gateway import GatewayProblem, Json, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.saving import FRESH, INVALID, NotSaved, differences, refusal

PATH: Final = "/webhooks"
LOG_LIMIT: Final = 50


@dataclass(slots=True)
class WebhookDraft(Draft):
    """`active` is one box; `eventTypes` one for each event."""

    PARTS: ClassVar = {
        "url": ("url",),
        "description": ("description",),
        "eventTypes": ("eventTypes",),
        "active": ("active",),
    }
    LISTS: ClassVar = frozenset({"eventTypes", "active"})

    @classmethod
    def rendered(cls, record: Json) -> Mapping[str, Sequence[str]]:
        return {
            "url": [record["url"]],
            "description": [record["description"]],
            "eventTypes": record["eventTypes"],
            "active": ["1"] if record["active"] else [],
        }

    def check(self) -> bool:
        if not self.get("url"):
            self.problems["url"] = gettext("Enter a URL.")
        if not self.all("eventTypes"):
            self.problems["eventTypes"] = gettext("Choose at least one event.")
        return not self.problems

    def change(self, parts: Set[str], record: Json | None = None, /) -> dict[str, Any]:
        """As the API takes it: whole."""
        mine = {
            "url": self.get("url"),
            "description": self.get("description"),
            "eventTypes": self.all("eventTypes"),
            "active": bool(self.all("active")),
        }
        return mine if record is None else {name: mine[name] if name in parts else record[name] for name in mine}

    def reads(self, part: str) -> str:
        """How a person reads a part."""
        match part:
            case "eventTypes":
                return "、".join(words.event_text(event) for event in self.all(part))
            case "active":
                return gettext("Yes") if self.all(part) else gettext("No")
            case _:
                return self.get(part)


async def show(request: Request) -> Response:
    """GET /webhooks."""
    page = Page.of(request)
    return page.render("admin/webhooks.html", listed=await page.gateway.get(PATH))


async def one(request: Request) -> Response:
    """GET /webhooks/{id}; `state` and `cursor` are of its log, `done` says what was just done."""
    return await _render_one(Page.of(request), request.path_params["id"])


async def _render_one(page: Page, webhook_id: str, *, status: int = 200, error: str = "") -> Response:
    path, state = f"{PATH}/{segment(webhook_id)}", page.query("state")
    webhook, log = await asyncio.gather(
        page.gateway.get(path),
        page.gateway.get(
            f"{path}/deliveries",
            limit=LOG_LIMIT,
            state=state if state in words.delivery_looks() else "",
            cursor=page.query("cursor"),
        ),
    )
    return page.render(
        "admin/webhook.html",
        status=status,
        webhook=webhook,
        log=log,
        state=state,
        states=[("", gettext("All")), *((key, look.text) for key, look in words.delivery_looks().items())],
        told="、".join(words.event_text(event) for event in webhook["eventTypes"]),
        error=error,
        done=words.webhook_done().get(page.query("done"), ""),
    )


async def new(request: Request) -> Response:
    """GET /webhooks/new."""
    page = Page.of(request)
    if not page.form_key:
        return page.with_form_key()
    return await _render_form(page, WebhookDraft(inputs={"active": ("1",)}, key=page.form_key))


async def create(request: Request) -> Response:
    """POST /webhooks/new. The answer shows the secret, this once."""
    page = Page.of(request)
    draft = WebhookDraft.from_form(await page.form())
    if not draft.check():
        return await _render_form(page, draft, INVALID)
    answer = await saving.create(page, PATH, draft, draft.change(draft.touched))
    if isinstance(answer, NotSaved):
        return await _render_form(page, draft, answer)
    return _render_secret(page, answer.body)


async def edit(request: Request) -> Response:
    """GET /webhooks/{id}/edit."""
    page = Page.of(request)
    answer = await page.gateway.read(f"{PATH}/{segment(request.path_params['id'])}")
    return await _render_form(page, WebhookDraft.of(answer), webhook=answer.body)


async def update(request: Request) -> Response:
    """POST /webhooks/{id}/edit."""
    page = Page.of(request)
    draft = WebhookDraft.from_form(await page.form())
    path = f"{PATH}/{segment(request.path_params['id'])}"
    current = await page.gateway.read(path)
    if not draft.check():
        return await _render_form(page, draft, INVALID, webhook=current.body)
    answer = await saving.save(page, path, draft, current)
    if isinstance(answer, NotSaved):
        return await _render_form(page, draft, answer, webhook=answer.record or current.body)
    return page.redirect(f"{WEBHOOKS}/{segment(current.body['id'])}?done=saved")


async def act(request: Request) -> Response:
    """POST /webhooks/{id}: `action` is test, secret, redeliver (with `delivery`) or delete."""
    page = Page.of(request)
    form = await page.form()
    webhook_id, action = request.path_params["id"], str(form.get("action", ""))
    path = f"{PATH}/{segment(webhook_id)}"
    key = str(form.get("idempotency_key", "")) or None
    try:
        if action == "delete":
            await page.gateway.send("DELETE", path)
            return page.redirect(WEBHOOKS)
        if action == "secret":
            return _render_secret(page, (await page.gateway.send("POST", f"{path}/secret", {}, key=key)).body)
        if action == "redeliver":
            delivery = segment(str(form.get("delivery", "")))
            await page.gateway.send("POST", f"{path}/deliveries/{delivery}/redeliver", {}, key=key)
        else:
            await page.gateway.send("POST", f"{path}/test", {}, key=key)
    except GatewayProblem as problem:
        error = await refusal(page, problem)
        return await _render_one(page, webhook_id, status=problem.status, error=error)
    done = "again" if action == "redeliver" else "test"
    return page.redirect(f"{WEBHOOKS}/{segment(webhook_id)}?done={done}")


def _render_secret(page: Page, webhook: Json) -> Response:
    answer = page.render("admin/webhook_secret.html", webhook=webhook)
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def _render_form(
    page: Page, draft: WebhookDraft, outcome: NotSaved = FRESH, *, webhook: Json | None = None
) -> Response:
    theirs = WebhookDraft(inputs=dict(draft.original.inputs or {}))
    known = (await page.gateway.get(PATH))["eventTypes"]
    return page.render(
        "admin/webhook_form.html",
        status=outcome.status,
        draft=draft,
        webhook=webhook,
        message=outcome.message,
        outrun=differences(outcome.both, words.webhook_fields(), draft.reads, theirs.reads),
        choices=[(event, words.event_text(event)) for event in [*known, *_unknown(draft, known)]],
    )


def _unknown(draft: WebhookDraft, known: Sequence[str]) -> list[str]:
    """What a later version of the API has chosen, kept as it is."""
    return [event for event in draft.all("eventTypes") if event not in known]
