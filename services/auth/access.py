"""Who may do what with users, beyond what their permissions say."""

from uuid import UUID

from services.auth.service.users import Editor
from services.contracts.permissions import Permission
from services.kit.errors import Forbidden, NotFound
from services.kit.principal import Principal


def editor(principal: Principal) -> Editor:
    return Editor(principal.user_id, principal.has(Permission.USER_MANAGE))


def check_may_see(principal: Principal, user_id: UUID) -> None:
    """Everybody sees themselves; others need the right to read users, and else don't learn who exists."""
    if principal.user_id != user_id and not principal.has(Permission.USER_READ):
        raise NotFound()


def check_may_see_sessions(principal: Principal, user_id: UUID) -> None:
    if principal.user_id != user_id and not principal.has(Permission.USER_MANAGE):
        raise Forbidden()
