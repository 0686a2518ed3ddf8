"""Saving a form that somebody else may have outrun, and what it says when it was not saved, in every remote."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from frontend.ui.drafts import Draft
from frontend.ui.formats import timestamp
from frontend.ui.gateway import CONFLICT, UNPROCESSABLE, Answer, GatewayProblem
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.people import people

PRECONDITION_FAILED = 412
KEY_REUSED = "idempotency_key_reused"
MAX_MERGES = 4
"""So often others may save between the reading and the writing of one form."""


@dataclass(frozen=True, slots=True)
class NotSaved:
    """Why a form is shown again.

    ``status`` is that of the page; ``message`` stands above the form. ``both``: the parts that somebody else changed
    too after the form had been opened, and then ``record`` is theirs.
    """

    status: int
    message: str = ""
    both: Sequence[str] = ()
    record: Any = None


FRESH = NotSaved(200)
"""A form that was not sent yet."""
INVALID = NotSaved(UNPROCESSABLE)
"""A form whose parts say themselves what is wrong with them."""


async def create(page: Page, path: str, draft: Draft, body: Mapping[str, Any]) -> Answer | NotSaved:
    """POST a new record. Raises GatewayProblem for what no form can explain."""
    try:
        return await page.gateway.send("POST", path, body, key=draft.key or None)
    except GatewayProblem as problem:
        return await refused(page, draft, problem)


async def save(page: Page, path: str, draft: Draft, current: Answer) -> Answer | NotSaved:
    """PUT what the person changed; `current` is the record as it was just read.

    Nothing is sent when nothing was changed. When somebody else has saved other parts in between, theirs stay and the
    person's are saved on top; when both changed the same, the draft goes on from theirs and is not saved. Raises
    GatewayProblem for what no form can explain.
    """
    both: list[str] = []
    for _ in range(MAX_MERGES):
        mine = draft.touched
        if not mine:
            return current
        body = draft.change(mine, current.body)
        try:
            return await page.gateway.send("PUT", path, body, if_match=draft.original.etag)
        except GatewayProblem as problem:
            if problem.status != PRECONDITION_FAILED:
                return await refused(page, draft, problem)
            outrun = problem
        current = await page.gateway.read(path)
        both = draft.rebase(current)
        if both:
            break
    return NotSaved(outrun.status, await refusal(page, outrun), both, current.body)


class Difference(NamedTuple):
    """A part that two people filled in differently, as a person reads it."""

    label: str
    mine: str
    theirs: str


def differences(
    parts: Iterable[str], labels: Mapping[str, str], mine: Callable[[str], str], theirs: Callable[[str], str]
) -> list[Difference]:
    return [Difference(labels[part], mine(part), theirs(part)) for part in parts]


async def refused(page: Page, draft: Draft, problem: GatewayProblem) -> NotSaved:
    """The message above the form, after those of its parts. Raises as `refusal` does."""
    if problem.code == KEY_REUSED:
        draft.key = str(uuid.uuid4())
        return NotSaved(problem.status, sent_before())
    draft.explain(problem)
    return NotSaved(problem.status, await refusal(page, problem))


def sent_before() -> str:
    """For a key that was used with other content; the form has a new one from now on."""
    return gettext("This form has been sent before with other content. Send it again only if you want one more.")


async def refusal(page: Page, problem: GatewayProblem) -> str:
    """The message above the form. Raises what no form can explain: a right that is missing, a record that is gone."""
    if problem.is_outage:
        return gettext("It was not saved: the service does not answer. Your text is still here; try again.")
    if problem.status == PRECONDITION_FAILED:
        return await _outrun(page, problem)
    if problem.status not in {CONFLICT, UNPROCESSABLE}:
        raise problem
    return problem.message


async def _outrun(page: Page, problem: GatewayProblem) -> str:
    """Somebody saved in between."""
    who, at = str(problem.document.get("changedBy") or ""), problem.document.get("changedAt")
    name = (await people(page.gateway, who)).name(who) if who else ""
    if not (name and at):
        return gettext("Somebody changed this after you had opened it.")
    text = gettext("%(who)s changed this at %(at)s, after you had opened it.")
    return text % {"who": name, "at": timestamp(str(at))}
