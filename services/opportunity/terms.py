"""What a stage approves: whole before it is asked for, and if it changes, the approval was of something else."""

from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from services.contracts.states import ApprovalKind
from services.opportunity import kinds
from services.opportunity.errors import fields_missing


class Asked(Protocol):
    """A request, or new content for it."""

    @property
    def kind(self) -> ApprovalKind: ...
    @property
    def customer_id(self) -> UUID | None: ...
    @property
    def amount(self) -> Decimal | None: ...
    @property
    def currency(self) -> str: ...
    @property
    def fields(self) -> dict[str, Any]: ...
    @property
    def description(self) -> str: ...


def same_terms(one: Asked, other: Asked) -> bool:
    """Kind and its fields, customer, amount and what the description says, however its lines are broken.

    A title is only a name.
    """
    return _terms(one) == _terms(other)


def require_complete(asked: Asked) -> None:
    """Raises Unprocessable with a problem for each field that its kind asks for and that was left open."""
    missing = kinds.missing(asked.kind, asked.fields)
    if missing:
        raise fields_missing(missing)


def _terms(asked: Asked) -> tuple[object, ...]:
    return asked.kind, asked.fields, asked.customer_id, asked.amount, asked.currency, asked.description.split()
