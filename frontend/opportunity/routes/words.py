"""The words of approval routes, in the language of the running request."""

from __future__ import annotations

from collections.abc import Sequence

from frontend.opportunity.routes.views import RouteContent, RouteStage
from frontend.opportunity.words import kind_text, mode_text, step_in_text
from frontend.ui.formats import money
from frontend.ui.i18n import gettext, ngettext
from frontend.ui.looks import Look
from frontend.ui.people import People
from frontend.ui.profile_words import risks

HEAD = "DEPARTMENT_HEAD"
"""The resolver, and the part of who heads a department."""


def state_look(state: str) -> Look:
    """Of a route and of a version."""
    return {
        "CURRENT": Look(gettext("In force"), "ok", "circle-check"),
        "PLANNED": Look(gettext("Planned"), "info", "calendar-clock"),
        "INACTIVE": Look(gettext("Not in use"), "muted", "circle-off"),
        "PAST": Look(gettext("Earlier"), "muted", "history"),
        "WITHDRAWN": Look(gettext("Withdrawn"), "muted", "ban"),
    }.get(state, Look(state, "muted", "circle"))


def resolvers() -> dict[str, str]:
    return {
        "MANAGER_OF_REQUESTER": gettext("Requester's superior"),
        "MANAGER_OF_MANAGER": gettext("Superior's superior"),
        "ROLE:approver": gettext("Any approver"),
        "ROLE:manager": gettext("Any manager"),
        HEAD: gettext("Head of the requester's department"),
    }


def heads(known: People) -> list[tuple[str, str]]:
    """The resolvers that ask the head of one department, whoever requests, as a form offers them."""
    return [(head, resolver_text(head, known)) for head in (f"{HEAD}:{one}" for one in known.departments)]


def resolver_text(resolver: str, known: People) -> str:
    kind, _, department_id = resolver.partition(":")
    if kind == HEAD and department_id:
        name = known.departments.get(department_id) or gettext("Unknown")
        return gettext("Head of %(department)s") % {"department": name}
    return resolvers().get(resolver, resolver)


def modes() -> dict[str, str]:
    return {
        "ANY": gettext("Any one of them"),
        "ALL": gettext("All of them"),
        "QUORUM": gettext("A number of them"),
    }


def conditions(route: RouteContent) -> list[str]:
    """What a route asks of a request; empty for one that takes every request."""
    found = [kind_text(route.kind)] if route.kind else []
    low, high = money(route.min_amount, route.currency), money(route.max_amount, route.currency)
    if route.min_amount is not None and route.max_amount is not None:
        found.append(gettext("from %(low)s to below %(high)s") % {"low": low, "high": high})
    elif route.min_amount is not None:
        found.append(gettext("from %(low)s") % {"low": low})
    elif route.max_amount is not None:
        found.append(gettext("below %(high)s") % {"high": high})
    if route.min_age is not None:
        found.append(gettext("customers aged %(age)s or over") % {"age": route.min_age})
    if route.risk_tolerances:
        names = risks()
        found.append(
            gettext("risk tolerance: %(names)s")
            % {"names": ", ".join(names.get(risk, risk) for risk in route.risk_tolerances)}
        )
    return found


def conditions_text(route: RouteContent) -> str:
    return " ・ ".join(conditions(route)) or gettext("every request")


def approvers_text(stage: RouteStage, known: People) -> str:
    names = [known.name(user_id) or gettext("Unknown") for user_id in stage.approver_ids]
    names += [resolver_text(resolver, known) for resolver in stage.resolvers]
    return ", ".join(names)


def rule_text(stage: RouteStage) -> str:
    """How many decide and until when."""
    parts = [mode_text(stage.mode, stage.quorum, len(stage.approver_ids) + len(stage.resolvers))]
    if stage.deadline_hours:
        hours = ngettext("within %(num)s hour", "within %(num)s hours", stage.deadline_hours)
        parts.append(hours % {"num": stage.deadline_hours})
        if stage.business_days:
            parts.append(gettext("business days only"))
    return " ・ ".join(part for part in parts if part)


def escalation_text(stage: RouteStage, known: People) -> str:
    names = [known.name(stage.escalate_to) or gettext("Unknown")] if stage.escalate_to else []
    names += [resolver_text(stage.escalate_to_resolver, known)] if stage.escalate_to_resolver else []
    return " / ".join(names)


def step_in_choices() -> dict[str, str]:
    """When superiors may decide in the place of an approver."""
    return {
        "NEVER": gettext("Do not step in"),
        "WHEN_LATE": gettext("May step in once the deadline has passed"),
        "ALWAYS": gettext("May step in at any time"),
    }


def view_times() -> dict[str, str]:
    """When viewers are shown a request."""
    return {"STAGE": gettext("As the stage begins"), "DECISION": gettext("After the decision")}


def readers_texts(stage: RouteStage, known: People) -> list[str]:
    """Whom a stage names beside those who decide, each kind as one line."""

    def names(users: Sequence[str]) -> str:
        return ", ".join(known.name(user_id) or gettext("Unknown") for user_id in users)

    texts = []
    if stage.viewer_ids and stage.view_when == "DECISION":
        texts.append(gettext("for information after the decision: %(names)s") % {"names": names(stage.viewer_ids)})
    elif stage.viewer_ids:
        texts.append(gettext("for information: %(names)s") % {"names": names(stage.viewer_ids)})
    if stage.reviewer_ids:
        texts.append(gettext("review after the decision: %(names)s") % {"names": names(stage.reviewer_ids)})
    return texts


def stage_text(stage: RouteStage, known: People) -> str:
    """A stage as one line, for comparisons."""
    parts = [f"{stage.name}: {approvers_text(stage, known)}", rule_text(stage)]
    if escalation_text(stage, known):
        parts.append(gettext("then %(who)s") % {"who": escalation_text(stage, known)})
    parts += [step_in_text(stage.step_in), *readers_texts(stage, known)]
    return " ・ ".join(part for part in parts if part)


def condition_text(condition: str) -> str:
    return {
        "KIND": gettext("Kind"),
        "AMOUNT": gettext("Amount"),
        "AGE": gettext("Age"),
        "RISK_TOLERANCE": gettext("Risk tolerance"),
    }.get(condition, condition)


def conditions_list(conditions: list[str]) -> str:
    return ", ".join(condition_text(condition) for condition in conditions)


def reason_text(reason: str) -> str:
    """Why somebody is not asked."""
    return {
        "REQUESTER": gettext("is the requester"),
        "GONE": gettext("has left"),
        "SUSPENDED": gettext("is suspended"),
        "BEING_REPLACED": gettext("is just being replaced"),
        "NO_PERMISSION": gettext("may not approve"),
    }.get(reason, reason)


def part_text(part: str) -> str:
    return {
        "APPROVER": gettext("approver"),
        "ESCALATION": gettext("after the deadline"),
        "VIEWER": gettext("for information"),
        "REVIEWER": gettext("for the review after the decision"),
        HEAD: gettext("as head of a department"),
    }.get(part, part)


def fields() -> dict[str, str]:
    """Labels by the parts of the form, in its order."""
    return {
        "name": gettext("Name of the route"),
        "kind": gettext("Kind"),
        "amounts": gettext("Amounts"),
        "minAge": gettext("Customers from this age"),
        "riskTolerances": gettext("Risk tolerance"),
        "priority": gettext("Priority"),
        "active": gettext("In use"),
        "stages": gettext("Stages"),
        "valid": gettext("Valid from"),
        "note": gettext("Why"),
    }
