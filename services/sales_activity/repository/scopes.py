"""SQL conditions for what a viewer sees and changes. `meetings` are called m in statements, `tasks` t.

The parameters are the viewer's own (`Viewer.params`); `team_of` is a function of this database: the user and all
their reports.
"""

from services.contracts.permissions import Scope
from services.sales_activity.access import Viewer
from services.sales_activity.repository.pages import Way

_PEOPLE = {
    None: "ARRAY[]::uuid[]",
    Scope.OWN: "ARRAY[%(viewer)s::uuid]",
    Scope.TEAM: "ARRAY(SELECT team_of(%(viewer)s))",
}
_NAMED = (
    "SELECT r.customer_id AS id FROM request_copies AS r WHERE r.state <> 'DRAFT' AND r.customer_id IS NOT NULL"
    " AND r.approver_ids && ARRAY(SELECT %(viewer)s::uuid UNION SELECT p.from_id FROM proxy_copies AS p"
    " WHERE p.to_id = %(viewer)s AND NOT p.ended AND p.starts_at <= %(named_at)s AND p.ends_at > %(named_at)s)"
)
"""Customers of requests that name the viewer, or whom they stand in for; a draft has asked nobody yet."""


def people_in(viewer: Viewer) -> str:
    """An SQL array of the users in a scope that is not ALL."""
    return _PEOPLE[viewer.scope]


def of_people(viewer: Viewer, alias: str) -> str:
    """Records whose owner or assignee is in the viewer's scope: those that they may change."""
    if viewer.scope is Scope.ALL:
        return "TRUE"
    return f"{alias}.user_id = ANY({people_in(viewer)})"


def of_customers(viewer: Viewer, column: str) -> str:
    """Customers assigned to somebody in the viewer's scope, and those of requests that name them."""
    if viewer.scope is Scope.ALL:
        return "TRUE"
    return f"{column} IN ({_customers(viewer)})"


def _customers(viewer: Viewer) -> str:
    assigned = f"SELECT id FROM customer_copies WHERE assigned_sales_id = ANY({people_in(viewer)})"  # noqa: S608
    return assigned if viewer.named_at is None else f"{assigned} UNION {_NAMED}"


def of_team(alias: str) -> str:
    """Records of the user `team_of` and of everybody who reports to them."""
    return f"{alias}.user_id = ANY(ARRAY(SELECT team_of(%(team_of)s)))"


def visible_tasks(viewer: Viewer) -> str:
    """For single tasks; lists go by ways_to_see_tasks."""
    if viewer.scope is Scope.ALL:
        return "TRUE"
    return f"({of_people(viewer, 't')} OR {of_customers(viewer, 't.customer_id')})"


def visible_meetings(viewer: Viewer) -> str:
    """For single meetings; lists go by ways_to_see_meetings."""
    if viewer.scope is Scope.ALL:
        return "TRUE"
    attended = f"m.attendee_ids && {people_in(viewer)}"
    return f"({of_people(viewer, 'm')} OR {attended} OR {of_customers(viewer, 'm.customer_id')})"


def ways_to_see_tasks(viewer: Viewer, alias: str = "t") -> list[Way]:
    """By the people in scope, by the customers assigned to them and by those of requests that name the viewer."""
    if viewer.scope is Scope.ALL:
        return [Way()]
    people = f"SELECT unnest({people_in(viewer)}) AS id"
    return [Way(people, f"{alias}.user_id = owner.id"), Way(_customers(viewer), f"{alias}.customer_id = owner.id")]


def ways_to_see_meetings(viewer: Viewer) -> list[Way]:
    """The same, and by attendance."""
    ways = ways_to_see_tasks(viewer, "m")
    if viewer.scope is Scope.ALL:
        return ways
    return [*ways, Way(link=f"m.attendee_ids && {people_in(viewer)}", few=True)]
