"""Legal holds 訴訟ホールド: who sets and lifts them (ADR 0059). Pure rules, as in ``machine``."""

from typing import Final

from services.contracts.permissions import Permission
from services.contracts.states import HoldOffice
from services.kit.trust.principal import Principal

_OPENED_BY: Final = {
    HoldOffice.ADMINISTRATION: Permission.APPROVAL_REASSIGN_ANY,
    HoldOffice.AUDIT: Permission.AUDIT_EXAMINE,
}


def office_of(principal: Principal) -> HoldOffice:
    """In whose name somebody who may set holds does so; who is both acts as an auditor."""
    return HoldOffice.AUDIT if principal.has(Permission.AUDIT_EXAMINE) else HoldOffice.ADMINISTRATION


def keeps(principal: Principal) -> bool:
    """Whether they set holds, and so are told why there are any."""
    return any(principal.has(permission) for permission in _OPENED_BY.values())


def may_release(principal: Principal, office: HoldOffice, *, own: bool) -> bool:
    """An office lifts its own holds, and nobody one on a request of their own."""
    return principal.has(_OPENED_BY[office]) and not own
