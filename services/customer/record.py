"""A customer as rules see it: one row, typed."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from services.contracts.states import CustomerState
from services.kit.db.record import members
from services.kit.db.unit_of_work import Row


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """`profile` is the newest version as the API shows it; `version` is the content's, `process_id` the last
    deletion's or restoration's, which holds the customer while it is DELETING or RESTORING."""

    id: UUID
    name: str
    name_kana: str | None
    kind: str
    email: str | None
    phone: str | None
    birth_date: date | None
    occupation: str | None
    relationship: str
    assigned_sales_id: UUID
    tags: list[str]
    notes: str | None
    profile: dict[str, Any] | None
    state: CustomerState
    process_id: UUID | None
    deletion_process_id: UUID | None
    generation: int
    deleted_at: datetime | None
    version: int
    created_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Columns that rules don't need are left out."""
        return cls(**members(cls, row) | {"state": CustomerState(row["state"])})


COLUMNS = ", ".join(field.name for field in fields(CustomerRecord))
