"""The words, icons and colours of customers and investment profiles, in the language of the running request."""

from __future__ import annotations

from frontend.ui import customer_words, profile_words
from frontend.ui.i18n import gettext
from frontend.ui.looks import Look


def relationship_look(relationship: str) -> Look:
    kind, icon = {
        "PROSPECT": ("info", "sprout"),
        "CLIENT": ("ok", "handshake"),
        "CLOSED": ("muted", "door-closed"),
        "DECEASED": ("muted", "flower"),
    }.get(relationship, ("muted", "circle"))
    return Look(customer_words.relationships().get(relationship, relationship), kind, icon)


def state_look(state: str) -> Look:
    kind, icon = {
        "ACTIVE": ("ok", "circle-check"),
        "DELETING": ("warn", "loader"),
        "DELETED": ("bad", "trash-2"),
        "RESTORING": ("info", "archive-restore"),
        "PURGING": ("bad", "eraser"),
        "PURGED": ("muted", "eraser"),
    }.get(state, ("muted", "circle"))
    return Look(customer_words.states().get(state, state), kind, icon)


def fields() -> dict[str, str]:
    """Labels by the API's names, in the order of the form."""
    return {
        "name": gettext("Name"),
        "nameKana": gettext("Kana"),
        "kind": gettext("Kind"),
        "relationship": gettext("Relationship"),
        "assignedSalesId": gettext("In charge"),
        "email": gettext("E-mail"),
        "phone": gettext("Phone"),
        "birthDate": gettext("Birth date"),
        "occupation": gettext("Occupation"),
        "tags": gettext("Tags"),
        "notes": gettext("Notes"),
        "riskTolerance": gettext("Risk tolerance"),
        "objectives": gettext("Objectives"),
        "horizon": gettext("Horizon"),
        "assetsBand": gettext("Financial assets"),
        "incomeBand": gettext("Yearly income"),
        "fundSource": gettext("Source of funds"),
        "investorClass": gettext("Investor class"),
        "experience": gettext("Experience"),
    }


def choices_of(field: str) -> dict[str, str]:
    """Texts by value, empty for a field that is free text."""
    return {
        "kind": customer_words.kinds,
        "relationship": customer_words.relationships,
        "riskTolerance": profile_words.risks,
        "assetsBand": profile_words.money_bands,
        "incomeBand": profile_words.money_bands,
        "horizon": profile_words.periods,
        "fundSource": profile_words.fund_sources,
        "investorClass": profile_words.investor_classes,
    }.get(field, dict)()


def workload_text(kind: str) -> str:
    """Rows that a deletion touches."""
    return {
        "meetings": gettext("Meetings"),
        "tasks": gettext("Tasks"),
        "approvals": gettext("Open approval requests"),
        "approval_drafts": gettext("Drafts of requests"),
    }.get(kind, kind)
