"""Templates of requests."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.opportunity.models.base import TIME, OpportunityModel


class Template(OpportunityModel, table=True):
    """The content of a request under a name, to begin another one with."""

    __tablename__ = "approval_templates"
    __table_args__ = (Index("approval_templates_owner", "owner_id", "name", "id"),)

    id: UUID = Field(primary_key=True)
    owner_id: UUID | None
    """Whose it is; None for the whole firm's."""
    name: str = Field(sa_type=Text)
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    """As the API shows a request; without its customer, approvers and files."""
    version: int
    created_by: UUID
    created_at: datetime = Field(sa_type=TIME)
    updated_at: datetime = Field(sa_type=TIME)
