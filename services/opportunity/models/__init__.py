"""Tables of the opportunity service."""

from services.opportunity.models import bulk, copies, evidence, firm, inbox, retention, rules, samples, templates
from services.opportunity.models.base import OpportunityModel
from services.opportunity.models.requests import APPROVAL_COLUMNS

__all__ = [
    "APPROVAL_COLUMNS",
    "OpportunityModel",
    "bulk",
    "copies",
    "evidence",
    "firm",
    "inbox",
    "retention",
    "rules",
    "samples",
    "templates",
]
