"""Who may see what here: reports by own, team or all; processes by who started them or may see what they change."""

from dataclasses import dataclass
from uuid import UUID

from services.contracts.permissions import Permission, Scope, scope_of
from services.kit.db.unit_of_work import Reader
from services.kit.trust.principal import Principal


async def visible_reps(reader: Reader, principal: Principal) -> list[UUID] | None:
    """The reps whose figures the caller sees, in order; None means everyone's."""
    return await _reached(reader, principal, scope_of(principal.roles, Permission.REPORT_READ))


async def _reached(reader: Reader, principal: Principal, scope: Scope | None) -> list[UUID] | None:
    if scope is Scope.ALL:
        return None
    if scope is Scope.TEAM:
        rows = await reader.all("SELECT id FROM team_of(%s) ORDER BY id", [principal.user_id])
        return [row["id"] for row in rows]
    return [principal.user_id]


@dataclass(frozen=True, slots=True)
class Names:
    """Whose names the caller reads: ``customers_of`` these reps (None: of all), and ``users`` other than themselves."""

    customers_of: list[UUID] | None
    users: bool


async def readable_names(reader: Reader, principal: Principal) -> Names:
    """As the owners of customers and users answer: seeing a process opens no record that it is about."""
    scope = scope_of(principal.roles, Permission.CUSTOMER_READ)
    customers_of = [] if scope is None else await _reached(reader, principal, scope)
    return Names(customers_of, principal.has(Permission.USER_READ))


def sees_all_processes(principal: Principal) -> bool:
    return principal.has(Permission.PROCESS_READ)
