"""Reference copies: what a service knows of another's users, customers and requests equals the source."""

from typing import Final

from deploy.invariants.events import REPORTED
from deploy.invariants.model import Violation
from deploy.invariants.system import Row, System

USER_FIELDS: Final = ("event_version", "name", "state", "manager_id", "roles")
DEPARTMENT_FIELDS: Final = ("event_version", "name", "parent_id", "head_id")
MEMBER_FIELDS: Final = ("event_version", "department_id")
CUSTOMER_FIELDS: Final = ("event_version", "name", "state", "assigned_sales_id")
REQUEST_FIELDS: Final = ("event_version", "customer_id", "state")
USER_READERS: Final = ("customer", "sales_activity", "opportunity", "analytics")
DEPARTMENT_READERS: Final = ("opportunity",)
CUSTOMER_READERS: Final = ("sales_activity", "opportunity", "analytics")
REQUEST_READERS: Final = ("customer", "sales_activity")


async def equal_the_source(system: System) -> list[Violation]:
    """Every copy has the newest version and the same content; no copy is missing, none is of nothing."""
    found = await _compare(system, "auth", "users", USER_FIELDS, USER_READERS, "user_copies")
    found += await _compare(system, "auth", "users", MEMBER_FIELDS, DEPARTMENT_READERS, "user_copies")
    found += await _compare(system, "auth", "departments", DEPARTMENT_FIELDS, DEPARTMENT_READERS, "department_copies")
    found += await _compare(system, "customer", "customers", CUSTOMER_FIELDS, CUSTOMER_READERS, "customer_copies")
    return found + await _compare(system, "opportunity", "approvals", REQUEST_FIELDS, REQUEST_READERS, "request_copies")


async def _compare(
    system: System, owner: str, table: str, fields: tuple[str, ...], readers: tuple[str, ...], copies: str
) -> list[Violation]:
    source = _by_id(await system.all(owner, f"SELECT id, {', '.join(fields)} FROM {table}"))  # noqa: S608
    copied = ", ".join("aggregate_version AS event_version" if field == "event_version" else field for field in fields)
    found = []
    for reader in readers:
        mine = _by_id(await system.all(reader, f"SELECT id, {copied} FROM {copies}"))  # noqa: S608
        different = [key for key in source.keys() | mine.keys() if source.get(key) != mine.get(key)]
        found += [
            Violation(f"{reader}.{copies}:{key}", f"source has {source.get(key)}, the copy {mine.get(key)}")
            for key in sorted(different, key=str)[:REPORTED]
        ]
    return found


def _by_id(rows: list[Row]) -> dict[object, Row]:
    return {row["id"]: {k: sorted(v) if isinstance(v, list) else v for k, v in row.items()} for row in rows}
