"""What the forms of meetings and tasks have in common: sending, and explaining what the server refused."""

from __future__ import annotations

from frontend.sales.drafts import Draft
from frontend.ui.formats import timestamp
from frontend.ui.gateway import CONFLICT, UNPROCESSABLE, GatewayProblem
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.people import people

PRECONDITION_FAILED = 412


async def explanation(page: Page, problem: GatewayProblem, draft: Draft | None = None) -> str:
    """The message above the form; fields get theirs. Raises what no form can explain."""
    if problem.is_outage:
        return gettext("It was not saved: the service does not answer. Your text is still here; try again.")
    if problem.status == PRECONDITION_FAILED:
        who, at = str(problem.document.get("changedBy") or ""), problem.document.get("changedAt")
        name = (await people(page.gateway, who)).name(who) if who else ""
        if name and at:
            text = gettext("%(who)s changed this at %(at)s, after you had opened it. Save again to put yours in place.")
            return text % {"who": name, "at": timestamp(str(at))}
        return gettext("Somebody changed this after you had opened it. Save again to put yours in place.")
    if problem.status not in {CONFLICT, UNPROCESSABLE}:
        raise problem
    if draft is not None:
        draft.explain(problem.field_errors)
    return problem.message
