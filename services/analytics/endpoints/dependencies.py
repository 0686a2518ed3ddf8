"""What the endpoints of this service ask for beyond the kit's dependencies."""

from typing import Annotated

from fastapi import Depends

from services.contracts.permissions import Permission
from services.kit.http import requires
from services.kit.trust.principal import Principal

ReportReader = Annotated[Principal, Depends(requires(Permission.REPORT_READ))]
ApprovalFiguresReader = Annotated[Principal, Depends(requires(Permission.REPORT_READ, Permission.APPROVAL_DECIDE))]
"""Approvers too, of the requests that name them."""
Administrator = Annotated[Principal, Depends(requires(Permission.USER_MANAGE))]
