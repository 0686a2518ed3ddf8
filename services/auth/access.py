"""Who may do what with users, beyond what their permissions say."""

from uuid import UUID

from services.auth.repository import users
from services.auth.service.users import Editor
from services.contracts.permissions import Permission, Scope, scope_of
from services.kit.db.unit_of_work import Reader
from services.kit.errors import Forbidden, NotFound
from services.kit.trust.principal import Principal


def editor(principal: Principal) -> Editor:
    return Editor(principal.user_id, principal.has(Permission.USER_MANAGE))


def check_may_see(principal: Principal, user_id: UUID) -> None:
    """Everybody sees themselves; others need the right to read users, and else don't learn who exists."""
    if principal.user_id != user_id and not principal.has(Permission.USER_READ):
        raise NotFound()


def sees_account(principal: Principal, user_id: UUID | None = None) -> bool:
    """Whether state, address and second factor of users are shown: to who manages or audits them, and to each their
    own. All others see of a colleague what it takes to choose one."""
    return principal.user_id == user_id or principal.has(Permission.USER_MANAGE) or principal.has(Permission.AUDIT_READ)


async def sees_process_of(reader: Reader, principal: Principal, user_id: UUID) -> bool:
    """Who manages users, the user, and who leads them: the same as in the list of all processes."""
    if principal.has(Permission.USER_MANAGE) or principal.user_id == user_id:
        return True
    leads = scope_of(principal.roles, Permission.REPORT_READ) is Scope.TEAM
    return leads and await users.is_in_team(reader, user_id, principal.user_id)


def check_may_see_sessions(principal: Principal, user_id: UUID) -> None:
    if principal.user_id != user_id and not principal.has(Permission.USER_MANAGE):
        raise Forbidden()
