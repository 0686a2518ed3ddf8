"""Tables of the opportunity service."""

from services.opportunity.models import copies, evidence, rules, samples
from services.opportunity.models.base import OpportunityModel
from services.opportunity.models.requests import APPROVAL_COLUMNS

__all__ = ["APPROVAL_COLUMNS", "OpportunityModel", "copies", "evidence", "rules", "samples"]
