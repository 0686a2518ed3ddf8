"""Tables of the opportunity service."""

from services.opportunity.models import copies, evidence, firm, rules
from services.opportunity.models.base import OpportunityModel
from services.opportunity.models.requests import APPROVAL_COLUMNS

__all__ = ["APPROVAL_COLUMNS", "OpportunityModel", "copies", "evidence", "firm", "rules"]
