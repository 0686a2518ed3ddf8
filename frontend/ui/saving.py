"""What a form says when it was not saved, the same in every remote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from frontend.ui.formats import timestamp
from frontend.ui.gateway import CONFLICT, UNPROCESSABLE, GatewayProblem
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.people import people

PRECONDITION_FAILED = 412


class Difference(NamedTuple):
    """A field that two people filled in differently, as a person reads it."""

    label: str
    mine: str
    theirs: str


def differences(
    labels: Mapping[str, str], mine: Callable[[str], str], theirs: Callable[[str], str]
) -> list[Difference]:
    """The fields of `labels` (name → label) whose texts differ."""
    compared = (Difference(label, mine(name), theirs(name)) for name, label in labels.items())
    return [row for row in compared if row.mine != row.theirs]


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
