"""The words of customers, which more than one remote shows, in the language of the running request."""

from __future__ import annotations

from frontend.ui.i18n import gettext


def kinds() -> dict[str, str]:
    return {"INDIVIDUAL": gettext("Individual"), "CORPORATE": gettext("Corporate")}


def relationships() -> dict[str, str]:
    """How a customer stands to the house."""
    return {
        "PROSPECT": gettext("Prospect"),
        "CLIENT": gettext("Existing client"),
        "CLOSED": gettext("Account closed"),
        "DECEASED": gettext("Deceased"),
        "OTHER": gettext("Other"),
    }


def states() -> dict[str, str]:
    return {
        "ACTIVE": gettext("Active"),
        "DELETING": gettext("Being deleted"),
        "DELETED": gettext("Deleted"),
        "RESTORING": gettext("Being restored"),
        "PURGING": gettext("Being erased"),
        "PURGED": gettext("Erased"),
    }
