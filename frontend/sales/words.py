"""The words, icons and colours of meetings and tasks, in the language of the running request."""

from __future__ import annotations

from frontend.ui.i18n import gettext, pgettext
from frontend.ui.looks import Look


def meeting_looks() -> dict[str, Look]:
    return {
        "PLANNED": Look(gettext("Planned"), "info", "calendar-clock"),
        "HELD": Look(gettext("Held"), "ok", "circle-check"),
        "CANCELLED": Look(gettext("Cancelled"), "muted", "ban"),
    }


def meeting_look(state: str) -> Look:
    return meeting_looks().get(state, Look(state, "muted", "circle"))


def task_looks() -> dict[str, Look]:
    return {
        "OPEN": Look(pgettext("task", "Open"), "info", "circle"),
        "IN_PROGRESS": Look(gettext("In progress"), "info", "loader"),
        "COMPLETED": Look(gettext("Completed"), "ok", "circle-check"),
        "CANCELLED": Look(gettext("Cancelled"), "muted", "ban"),
    }


def task_look(state: str) -> Look:
    return task_looks().get(state, Look(state, "muted", "circle"))


def priorities() -> dict[str, str]:
    """From the most pressing to the least."""
    return {"URGENT": gettext("Urgent"), "HIGH": gettext("High"), "NORMAL": gettext("Normal"), "LOW": gettext("Low")}


def priority_look(priority: str) -> Look:
    kind, icon = {
        "URGENT": ("bad", "chevrons-up"),
        "HIGH": ("warn", "chevron-up"),
        "LOW": ("muted", "chevron-down"),
    }.get(priority, ("muted", "equal"))
    return Look(priorities().get(priority, priority), kind, icon)


def step_text(state: str) -> str:
    """What happened to a task that has just come to this state."""
    return {
        "OPEN": gettext("The task is open again."),
        "IN_PROGRESS": gettext("The task was started."),
        "COMPLETED": gettext("The task is done."),
        "CANCELLED": gettext("The task was cancelled."),
    }.get(state, state)


def lead_times() -> dict[str, str]:
    """Hours before the due date at which the assignee is reminded."""
    return {
        "0": gettext("No reminder"),
        "1": gettext("1 hour before"),
        "3": gettext("3 hours before"),
        "24": gettext("1 day before"),
        "48": gettext("2 days before"),
        "72": gettext("3 days before"),
        "168": gettext("1 week before"),
    }


def lead_text(hours: int) -> str:
    return lead_times().get(str(hours), gettext("%(n)s hours before") % {"n": hours})


def meeting_fields() -> dict[str, str]:
    """Labels by the parts of the form, in its order."""
    return {
        "customer": gettext("Customer"),
        "title": gettext("Title"),
        "period": gettext("Day and time"),
        "place": gettext("Place"),
        "userId": gettext("In charge"),
        "agenda": gettext("Agenda"),
        "attendeeIds": gettext("Also attending"),
    }


def task_fields() -> dict[str, str]:
    """Labels by the parts of the form, in its order."""
    return {
        "title": gettext("Title"),
        "customer": gettext("Customer"),
        "due": gettext("Due"),
        "leadHours": gettext("Reminder"),
        "priority": gettext("Priority"),
        "userId": gettext("Assignee"),
        "description": gettext("Description"),
    }


def outcome_fields() -> dict[str, str]:
    """Labels by the parts of the form, in its order."""
    return {
        "outcome": gettext("What was agreed"),
        "nextStep": gettext("Next step"),
        "state": gettext("State"),
    }
