"""What the tables of this service have in common."""

from typing import Any

from sqlalchemy import (
    Column,
    Computed,
    DateTime,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

TIME = DateTime(timezone=True)
TEXTS = ARRAY(Text)
UUIDS = ARRAY(Uuid)
PENDING = {"gin_pending_list_limit": 512}
"""KiB of new entries that wait for their place in the index: a search reads them too, so they stay few."""


def computed(kind: Any, expression: str) -> Column[Any]:
    """For searches only; nothing reads it into a record."""
    return Column(kind, Computed(expression, persisted=True), nullable=False)


class OpportunityModel(SQLModel, registry=registry()):
    """Base with this service's own metadata: SQLModel would share one among all services."""
