"""The five histories: which events they are made from and what they keep of them."""

from collections.abc import Mapping
from typing import Any, Final

from services.analytics.projections.history import Column, History
from services.contracts.events import approval, customer, sales, user
from services.kit.events.envelope import EventPayload


def _types(*payloads: type[EventPayload]) -> frozenset[str]:
    return frozenset(payload.event_type for payload in payloads)


def _snapshots(module: object, base: type[EventPayload], *, without: frozenset[str] = frozenset()) -> frozenset[str]:
    """The types of all events of a module that carry the whole state, whichever are added later included."""
    payloads = (item for item in vars(module).values() if isinstance(item, type) and issubclass(item, base))
    return frozenset(payload.event_type for payload in payloads if "event_type" in vars(payload)) - without


def _approvers(data: Mapping[str, Any]) -> list[str]:
    """Everyone whom the request names as an approver, in any stage: they may see its figures."""
    staged = (approver for stage in data["stages"] for approver in stage["approverIds"])
    return sorted({*staged, *data["waitingFor"]})


def _awaited(data: Mapping[str, Any]) -> list[str]:
    """Whose opinion is awaited; events of before anybody was asked do not say."""
    return list(data.get("opinionFrom", ()))


USERS: Final = History(
    name="users",
    table="user_history",
    key="user_id",
    events=_snapshots(user, user.UserSnapshot),
    columns=(
        Column("state", "text", "state"),
        Column("manager_id", "uuid", "managerId"),
        Column("roles", "text[]", "roles"),
    ),
    rep="user_id",
)

CUSTOMERS: Final = History(
    name="customers",
    table="customer_history",
    key="customer_id",
    events=_snapshots(customer, customer.CustomerSnapshot),
    columns=(
        Column("state", "text", "state"),
        Column("kind", "text", "kind"),
        Column("assigned_sales_id", "uuid", "assignedSalesId"),
        Column("birth_date", "date", "birthDate"),
        Column("risk_tolerance", "text", "riskTolerance"),
        Column("assets_band", "text", "assetsBand"),
        Column("profile_complete", "boolean", "profileComplete"),
        Column("profile_reviewed_at", "timestamptz", "profileReviewedAt"),
        Column("created_at", "timestamptz", "createdAt"),
    ),
    rep="assigned_sales_id",
)

MEETINGS: Final = History(
    name="meetings",
    table="meeting_history",
    key="meeting_id",
    events=_snapshots(sales, sales.MeetingSnapshot),
    columns=(
        Column("customer_id", "uuid", "customerId"),
        Column("user_id", "uuid", "userId"),
        Column("state", "text", "state"),
        Column("starts_at", "timestamptz", "startsAt"),
        Column("deleted", "boolean", "deleted"),
    ),
    rep="user_id",
)

TASKS: Final = History(
    name="tasks",
    table="task_history",
    key="task_id",
    events=_snapshots(sales, sales.TaskSnapshot),
    columns=(
        Column("customer_id", "uuid", "customerId"),
        Column("user_id", "uuid", "userId"),
        Column("state", "text", "state"),
        Column("due_date", "timestamptz", "dueDate"),
        Column("completed_at", "timestamptz", "completedAt"),
        Column("deleted", "boolean", "deleted"),
    ),
    rep="user_id",
)

APPROVALS: Final = History(
    name="approvals",
    table="approval_history",
    key="approval_id",
    # Facts repeat the state without changing it.
    events=_snapshots(
        approval,
        approval.ApprovalSnapshot,
        without=_types(approval.ApprovalDue, approval.ApprovalNudged, *approval.SAID),
    ),
    columns=(
        Column("customer_id", "uuid", "customerId"),
        Column("requester_id", "uuid", "requesterId"),
        Column("owner_id", "uuid", "ownerId"),
        Column("kind", "text", "kind"),
        Column("amount", "numeric", "amount"),
        Column("currency", "text", "currency"),
        Column("state", "text", "state"),
        Column("generation", "int", "generation"),
        Column("revision", "int", "revision"),
        Column("stage", "int", "stage"),
        Column("approver_ids", "uuid[]", "approverIds", _approvers),
        Column("waiting_for", "uuid[]", "waitingFor"),
        Column("opinion_from", "uuid[]", "opinionFrom", _awaited),
        Column("deadline_at", "timestamptz", "deadlineAt"),
        Column("previous_id", "uuid", "previousId"),
        Column("submitted_at", "timestamptz", "submittedAt"),
        Column("decided_at", "timestamptz", "decidedAt"),
        Column("acted_by", "uuid", "actedBy"),
    ),
    rep="owner_id",
    amount="amount",
    currency="CASE WHEN amount IS NULL THEN '' ELSE currency END",
)

HISTORIES: Final = (USERS, CUSTOMERS, MEETINGS, TASKS, APPROVALS)
HISTORY_OF_EVENT: Final = {event_type: history for history in HISTORIES for event_type in history.events}
