"""What a stage approves: if that changes, its approval was of something else."""

from typing import Protocol
from uuid import UUID

from services.contracts.states import ApprovalKind


class Asked(Protocol):
    """A request, or new content for it."""

    @property
    def kind(self) -> ApprovalKind: ...
    @property
    def customer_id(self) -> UUID | None: ...
    @property
    def amount(self) -> int | None: ...
    @property
    def currency(self) -> str: ...
    @property
    def description(self) -> str: ...


def same_terms(one: Asked, other: Asked) -> bool:
    """Kind, customer, amount and what the description says, however its lines are broken; a title is only a name."""
    return _terms(one) == _terms(other)


def _terms(asked: Asked) -> tuple[object, ...]:
    return asked.kind, asked.customer_id, asked.amount, asked.currency, asked.description.split()
