"""What a reader of meetings and tasks may do with each: pages offer only what would not be refused."""

from collections.abc import Sequence

from services.contracts.permissions import Permission, Scope, scope_of
from services.kit.db.unit_of_work import Reader, Row
from services.kit.trust.principal import Principal
from services.sales_activity.repository import copies

CHANGE = "CHANGE"


async def with_actions(reader: Reader, principal: Principal, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows as the API shows them, each with its ``allowedActions``. Who sees a record need not be who changes it:
    it may be about a customer of theirs, or of a request that names them."""
    scope = scope_of(principal.roles, Permission.ACTIVITY_WRITE)
    people = {principal.user_id}
    if scope is Scope.TEAM:
        people = await copies.team_of(reader, principal.user_id)
    for row in rows:
        is_theirs = scope is Scope.ALL or (scope is not None and row["userId"] in people)
        row["allowedActions"] = [CHANGE] if is_theirs else []
    return rows
