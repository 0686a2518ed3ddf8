"""What the pages offer follows the services' table of rights. They cannot import it, so a test holds both together."""

import pytest

from frontend.ui.access import allows
from services.contracts.permissions import ROLE_PERMISSIONS, Permission, Role

OFFERED_BY_WHAT_IS_THEIRS = {
    (Role.REP, Permission.PROCESS_READ): "processes that they started, or of their customers",
    (Role.MANAGER, Permission.PROCESS_READ): "the same for their team",
    (Role.APPROVER, Permission.REPORT_READ): "the approval figures that name them",
}
"""Pages that open for a role without the permission: the service decides object by object."""
OFFERED_SOMEWHERE = [permission for permission in Permission if any(allows([role], permission) for role in Role)]


@pytest.mark.parametrize("permission", OFFERED_SOMEWHERE)
def test_nobody_is_offered_what_the_services_refuse_nor_misses_what_they_allow(permission: Permission) -> None:
    offered = {role for role in Role if allows([role], permission)}
    granted = {role for role in Role if permission in ROLE_PERMISSIONS[role]}
    by_what_is_theirs = {role for role, other in OFFERED_BY_WHAT_IS_THEIRS if other is permission}
    assert offered == granted | by_what_is_theirs


def test_the_pages_ask_for_most_rights() -> None:
    assert len(OFFERED_SOMEWHERE) > 10
