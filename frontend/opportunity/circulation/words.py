"""The words of circulation, in the language of the running request."""

from __future__ import annotations

from frontend.ui.i18n import gettext
from frontend.ui.looks import Look


def verdict_look(verdict: str | None) -> Look:
    return {
        "SUPPORTS": Look(gettext("Looks good"), "ok", "thumbs-up"),
        "CONCERNED": Look(gettext("Has concerns"), "warn", "triangle-alert"),
        "CLEAR": Look(gettext("Nothing to note"), "ok", "circle-check"),
        "FINDING": Look(gettext("Finding"), "warn", "triangle-alert"),
    }.get(verdict or "", Look(gettext("Comment only"), "muted", "message-square"))


def said(action: str, verdict: str | None, to_name: str | None) -> str:
    """What somebody did, as the end of a sentence that begins with their name, where it needs more than the action."""
    if action == "CONSULT" and to_name:
        return gettext("showed it to %(name)s for an opinion") % {"name": to_name}
    if action == "END_CONSULTATION" and to_name:
        return gettext("shows it to %(name)s no longer") % {"name": to_name}
    return {
        ("ADVISE", "SUPPORTS"): gettext("said that it looks good"),
        ("ADVISE", "CONCERNED"): gettext("has concerns"),
        ("POST_REVIEW", "FINDING"): gettext("reviewed it and found something"),
    }.get((action, verdict or ""), "")
