"""Who may see what here: reports by own, team or all; processes by who started them or may see what they change."""

from uuid import UUID

from services.contracts.permissions import Permission, Scope, scope_of
from services.kit.errors import Forbidden
from services.kit.principal import Principal
from services.kit.unit_of_work import Reader


async def visible_reps(reader: Reader, principal: Principal) -> list[UUID] | None:
    """The reps whose figures the caller sees, in order; None means everyone's."""
    scope = scope_of(principal.roles, Permission.REPORT_READ)
    if scope is Scope.ALL:
        return None
    if scope is Scope.TEAM:
        rows = await reader.all("SELECT id FROM team_of(%s) ORDER BY id", [principal.user_id])
        return [row["id"] for row in rows]
    return [principal.user_id]


def may_read_reports(principal: Principal) -> None:
    """Raises Forbidden without the permission."""
    if not principal.has(Permission.REPORT_READ):
        raise Forbidden()


def may_read_approval_figures(principal: Principal) -> None:
    """Approvers too: of the requests that name them."""
    if not principal.has(Permission.REPORT_READ) and not principal.has(Permission.APPROVAL_DECIDE):
        raise Forbidden()


def sees_all_processes(principal: Principal) -> bool:
    return principal.has(Permission.PROCESS_READ)
