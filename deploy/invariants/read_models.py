"""Read models: what the reports count equals what the source databases say now."""

from typing import Final

from deploy.invariants.events import REPORTED
from deploy.invariants.model import Violation
from deploy.invariants.system import Row, System

MODELS: Final = (
    ("customer", "customers", "customer_history", "customer_id", ("state", "assigned_sales_id", "kind")),
    ("sales_activity", "tasks", "task_history", "task_id", ("state", "user_id", "customer_id", "due_date", "deleted")),
    (
        "sales_activity",
        "meetings",
        "meeting_history",
        "meeting_id",
        ("state", "user_id", "customer_id", "starts_at", "deleted"),
    ),
    (
        "opportunity",
        "approvals",
        "approval_history",
        "approval_id",
        ("state", "owner_id", "amount", "currency", "revision"),
    ),
    ("auth", "users", "user_history", "user_id", ("state", "manager_id")),
)


_COMPUTED: Final = {"deleted": "deleted_at IS NOT NULL", "amount": "coalesce(exact_amount, amount)"}
"""What no column of the source says alone."""


async def equal_the_sources(system: System) -> list[Violation]:
    """The last version of each record in the read models is the record as its service has it."""
    found = []
    for service, table, model, key, fields in MODELS:
        columns = ", ".join(f"{_COMPUTED[f]} AS {f}" if f in _COMPUTED else f for f in fields)
        source = _keyed(await system.all(service, f"SELECT id, event_version AS version, {columns} FROM {table}"))  # noqa: S608
        projected = _keyed(
            await system.all(
                "analytics",
                f"SELECT DISTINCT ON ({key}) {key} AS id, version, {', '.join(fields)}"  # noqa: S608
                f" FROM read_model.{model} ORDER BY {key}, version DESC",
            )
        )
        different = [key for key in source.keys() | projected.keys() if source.get(key) != projected.get(key)]
        found += [
            Violation(f"{model}:{record}", f"source {source.get(record)}, read model {projected.get(record)}")
            for record in sorted(different, key=str)[:REPORTED]
        ]
    return found


def _keyed(rows: list[Row]) -> dict[object, Row]:
    return {row["id"]: row for row in rows}
